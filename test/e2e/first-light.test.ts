import assert from 'node:assert/strict'
import { ensureLab, type TestLab, waitFor } from '../support/lab/lab.ts'
import {
  type LoadBalancerService,
  loadBalancer,
  pool,
  poolAndAdvertisement,
  webServer,
} from '../support/lab/manifests.ts'

const ADDRESS_ALLOCATED = 'herald.io/AddressAllocated'
const inside = '192.0.2.201'
const elsewhere = '192.0.2.202'

describe('a Service of type LoadBalancer, on a real cluster', function () {
  // Starting the cluster takes a minute when its parts are built, and many when they are not.
  this.timeout(240_000)
  let lab: TestLab
  /** While it starts, an API server answers 403 until it has read its roles: [from, to] in ms since 1970. */
  const apiServerStarting: [fromMs: number, toMs: number][] = []

  const service = async (name: string) => {
    const found = await lab.get<LoadBalancerService>('service', name)
    assert.ok(found, `the Service ${name} exists`)
    return found
  }
  const addressOf = ({ status }: LoadBalancerService) => status.loadBalancer?.ingress?.[0]?.ip
  const conditionOf = ({ status }: LoadBalancerService) =>
    status.conditions?.find(({ type }) => type === ADDRESS_ALLOCATED)
  const page = async (address: string, source = inside, timeoutMs = 1_000) => {
    const { ok, body } = await lab.client.fetch(`http://${address}/`, { source, timeoutMs })
    return ok ? body : undefined
  }
  // A connection that came before kube-proxy's rules would ask again after a second of its own: short attempts see more.
  const served = (address: string, timeoutMs = 10_000) =>
    waitFor(() => page(address, inside, 250), {
      what: `the client to get the page of ${address}`,
      timeoutMs,
      everyMs: 20,
    })
  const pending = (name: string, reason: string) =>
    waitFor(
      async () => {
        const found = await service(name)
        return conditionOf(found)?.reason === reason && found
      },
      { what: `the Service ${name} to be pending with ${reason}`, timeoutMs: 5_000, everyMs: 50 },
    )

  /** When the controller last logged such a line, in ms since 1970. */
  const toldAt = async (isMeant: (line: Record<string, string>) => boolean) => {
    const logs = Object.entries(await lab.heraldLogs()).flatMap(([pod, log]) => (pod.includes('controller') ? log : []))
    const lines = logs.flatMap(log => log.split('\n').filter(Boolean)).map(line => JSON.parse(line))
    const times = lines.filter(isMeant).map(({ time }) => Date.parse(time))
    assert.ok(times.length > 0, 'the controller has logged it')
    return Math.max(...times)
  }
  const whileStarting = (line: string) => {
    const atMs = Date.parse((JSON.parse(line) as { time: string }).time)
    return apiServerStarting.some(([fromMs, toMs]) => fromMs <= atMs && atMs <= toMs)
  }

  before(async function () {
    this.timeout(3_600_000)
    lab = await ensureLab({ nodes: 3, name: process.env.HERALD_TEST_LAB })
    await lab.apply(...webServer())
    await lab.kubectl(['rollout', 'status', 'deployment/web', '--timeout=90s'])
  })

  // Each test has addresses of its own: kube-proxy may still serve those of a Service that was deleted a moment ago.
  afterEach(async () => {
    await lab.kubectl(['delete', 'services', '--selector=made=by-test', '--wait=true'])
    await lab.kubectl(['delete', 'ipaddresspools,l2advertisements', '--all', '--namespace=herald-system'])
  })

  it('is pending and says NoPool; once a pool is there it has an address, an event, the annotation, and the client its page, all within 1 s', async () => {
    await lab.apply(loadBalancer('web'))
    const waiting = await pending('web', 'NoPool')
    assert.equal(conditionOf(waiting)?.status, 'False')
    const { stdout } = await lab.kubectl(['get', 'service', 'web'])
    assert.match(stdout, /<pending>/)

    await lab.apply(...poolAndAdvertisement('demo', ['192.0.2.100-192.0.2.149']))
    const body = await served('192.0.2.100', 1_000)
    assert.match(body, /web-/)
    const web = await service('web')
    assert.deepEqual(web.status.loadBalancer?.ingress, [{ ip: '192.0.2.100', ipMode: 'VIP' }])
    assert.equal(web.metadata.annotations?.['metallb.io/ip-allocated-from-pool'], 'demo')
    assert.deepEqual([conditionOf(web)?.status, conditionOf(web)?.reason], ['True', 'Allocated'])
    await waitFor(
      async () => {
        const { stdout } = await lab.kubectl(['describe', 'service', 'web'])
        return /Normal\s+IPAllocated\s.*herald-controller\s+Assigned IP \["192\.0\.2\.100"\]/.test(stdout)
      },
      { what: 'kubectl describe to show the event', timeoutMs: 3_000, everyMs: 100 },
    )
    const table = await lab.kubectl(['get', 'service', 'web'])
    assert.match(table.stdout, /192\.0\.2\.100/)
  })

  it('is announced by one node alone', async () => {
    await lab.apply(...poolAndAdvertisement('demo', ['192.0.2.101/32']), loadBalancer('web'))
    await served('192.0.2.101')
    const capture = await lab.client.capture('arp')
    for (let i = 0; i < 6; i++) assert.equal((await lab.client.arping('192.0.2.101')).length, 1)
    await capture.stop()
    const frames = capture.arp().filter(({ address, operation }) => address === '192.0.2.101' && operation === 'reply')
    assert.ok(frames.length >= 6)
    assert.equal(new Set(frames.map(({ mac }) => mac)).size, 1, 'one MAC address in all answers and announcements')
  })

  it('works without any node port', async () => {
    await lab.apply(
      ...poolAndAdvertisement('demo', ['192.0.2.102/32']),
      loadBalancer('web', { allocateLoadBalancerNodePorts: false }),
    )
    await served('192.0.2.102')
    assert.deepEqual(
      (await service('web')).spec.ports.map(({ nodePort }) => nodePort),
      [undefined],
    )
  })

  it('lets in the clients of loadBalancerSourceRanges alone, and swaps them when the list is edited', async () => {
    await lab.apply(
      ...poolAndAdvertisement('demo', ['192.0.2.103/32']),
      loadBalancer('web', { loadBalancerSourceRanges: [`${inside}/32`] }),
    )
    await served('192.0.2.103')
    assert.equal(await page('192.0.2.103', elsewhere), undefined)
    await lab.apply(loadBalancer('web', { loadBalancerSourceRanges: [`${elsewhere}/32`] }))
    await waitFor(() => page('192.0.2.103', elsewhere), {
      what: 'the other client to get the page',
      timeoutMs: 10_000,
      everyMs: 50,
    })
    await waitFor(async () => (await page('192.0.2.103', inside, 500)) === undefined, {
      what: 'the first client to be shut out',
      timeoutMs: 10_000,
      everyMs: 50,
    })
  })

  it('ends its ARP answers within 1 s of its deletion, and the next Service gets the address', async () => {
    await lab.apply(...poolAndAdvertisement('demo', ['192.0.2.104/32']), loadBalancer('web'))
    await served('192.0.2.104')
    assert.equal((await lab.client.arping('192.0.2.104')).length, 1)
    await lab.kubectl(['delete', 'service', 'web'])
    await waitFor(async () => (await lab.client.arping('192.0.2.104', { timeoutMs: 200 })).length === 0, {
      what: 'silence about 192.0.2.104',
      timeoutMs: 1_000,
      everyMs: 1,
    })
    await lab.apply(loadBalancer('next'))
    assert.equal(await lab.addressOf('next'), '192.0.2.104')
    await served('192.0.2.104')
  })

  it('keeps its address while the controller is killed and comes back, all 20 of them', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `web-${i}`)
    await lab.apply(
      ...poolAndAdvertisement('demo', ['192.0.2.110-192.0.2.149']),
      ...names.map(name => loadBalancer(name)),
    )
    const addresses = () => Promise.all(names.map(name => lab.addressOf(name)))
    const before = await addresses()
    assert.equal(new Set(before).size, 20)
    // A lower address becomes free while nobody looks: no reason for anyone to move.
    assert.equal(lab.signalHerald('controller', 'SIGKILL'), 1)
    const lowest = before.indexOf('192.0.2.110')
    await lab.kubectl(['delete', 'service', names[lowest] ?? ''])
    await lab.replaceHerald('controller')
    await lab.apply(loadBalancer('new'))
    assert.equal(await lab.addressOf('new', { timeoutMs: 30_000 }), '192.0.2.110')
    const kept = names.filter((_, index) => index !== lowest)
    assert.deepEqual(
      await Promise.all(kept.map(name => lab.addressOf(name))),
      before.filter((_, index) => index !== lowest),
    )
  })

  it('waits with PoolExhausted for an address, and gets one as soon as another Service is deleted', async () => {
    await lab.apply(...poolAndAdvertisement('demo', ['192.0.2.105/32']), loadBalancer('first'))
    await served('192.0.2.105')
    await lab.apply(loadBalancer('second'))
    const waiting = await pending('second', 'PoolExhausted')
    assert.equal(addressOf(waiting), undefined)
    assert.match(conditionOf(waiting)?.message ?? '', /"demo" has no free address/)
    await lab.kubectl(['delete', 'service', 'first'])
    assert.equal(await lab.addressOf('second'), '192.0.2.105')
    // By the controller's own clock: kubectl may need a second to ask.
    const freedMs = await toldAt(({ msg, service }) => msg === 'address released' && service === 'default/first')
    const givenMs = await toldAt(({ reason, service }) => reason === 'IPAllocated' && service === 'default/second')
    assert.ok(givenMs - freedMs < 1_000, `${givenMs - freedMs} ms after it was freed`)
  })

  it('is served by a pool that grows', async () => {
    await lab.apply(...poolAndAdvertisement('demo', ['192.0.2.106/32']), loadBalancer('first'))
    await served('192.0.2.106')
    await lab.apply(loadBalancer('second'))
    await pending('second', 'PoolExhausted')
    await lab.apply(pool('demo', ['192.0.2.106-192.0.2.107']))
    await served('192.0.2.107')
    assert.equal(addressOf(await service('first')), '192.0.2.106')
  })

  it('keeps its address, and is announced, while its pool is edited into a mistake', async () => {
    await lab.apply(
      ...poolAndAdvertisement('demo', ['192.0.2.108/32']),
      pool('other', ['192.0.2.109/32']),
      loadBalancer('web'),
    )
    await served('192.0.2.108')
    const mistake = pool('demo', ['192.0.2.108-192.0.2.109'])
    await assert.rejects(lab.apply(mistake), /overlaps with already defined CIDR 192\.0\.2\.109/)
    // A webhook that cannot be reached does not refuse it.
    await lab.withoutWebhook(() => lab.apply(mistake))
    await lab.kubectl([
      'wait',
      'ipaddresspool/demo',
      '--namespace=herald-system',
      '--for=condition=Accepted=false',
      '--timeout=10s',
    ])
    await new Promise(resolve => setTimeout(resolve, 1_000))
    assert.equal(addressOf(await service('web')), '192.0.2.108')
    assert.equal((await lab.client.arping('192.0.2.108')).length, 1)
  })

  it('is reached while the API server is away for 30 s, and what is created after is served', async () => {
    await lab.apply(...poolAndAdvertisement('demo', ['192.0.2.150-192.0.2.159']), loadBalancer('web'))
    await served('192.0.2.150')
    await lab.stopApiServer()
    try {
      const until = performance.now() + 30_000
      while (performance.now() < until) {
        await lab.client.flushNeighbors()
        assert.ok(await page('192.0.2.150'), 'the page, from a client that has to ask by ARP first')
        await new Promise(resolve => setTimeout(resolve, 500))
      }
    } finally {
      const fromMs = Date.now()
      await lab.startApiServer()
      apiServerStarting.push([fromMs, Date.now()])
    }
    await lab.apply(loadBalancer('later'))
    assert.equal(await lab.addressOf('later', { timeoutMs: 60_000 }), '192.0.2.151')
    // Kubernetes' own controllers and kube-proxies try an API server that was away again after up to a minute (client-go:
    // 30 s, lengthened at random), so their part is waited for by itself, and Herald's is measured from there.
    await waitFor(
      async () => {
        const slices = await lab.list<{ endpoints?: unknown[] }>('endpointslices', {
          namespace: 'default',
          selector: 'kubernetes.io/service-name=later',
        })
        return slices.some(({ endpoints }) => (endpoints ?? []).length > 0)
      },
      { what: 'the Service to have endpoints', timeoutMs: 90_000, everyMs: 100 },
    )
    await waitFor(async () => (await lab.client.arping('192.0.2.151')).length === 1, {
      what: 'one node to answer for 192.0.2.151',
      timeoutMs: 10_000,
      everyMs: 100,
    })
    await served('192.0.2.151', 90_000)
  })

  it('never costs a permission that the chart does not give', async () => {
    const logs = await lab.heraldLogs()
    assert.ok(Object.values(logs).join('').includes('"msg"'), 'there are logs to look at')
    for (const [pod, text] of Object.entries(logs)) {
      const refused = text.split('\n').filter(line => /forbidden|"status":403/i.test(line) && !whileStarting(line))
      assert.deepEqual(refused, [], `log of ${pod}`)
    }
  })
})
