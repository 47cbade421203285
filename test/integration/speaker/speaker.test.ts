import assert from 'node:assert/strict'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'
import { applyObjects, chartDefinitions } from '../../support/kubernetes/chart-objects.ts'
import { canMakeNamespaces, connectByVeth, NetworkNamespace } from '../../support/netns.ts'
import { eventually } from '../../support/processes.ts'
import { ApiRelay, SpeakerNode } from '../../support/speaker-node.ts'

const namespace = 'herald-system'

const web = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
}

interface SpeakerStatus {
  metadata: { ownerReferences?: { kind: string; name: string }[] }
  status?: {
    interfaces?: { name: string; mac: string; addresses: string[] }[]
    announcements?: { address: string; interfaces: string[]; since: string }[]
    expiredAt?: string
  }
}

describe('speakers, against a real API server', function () {
  this.timeout(120_000)
  // Each goes on where the last one ended.
  this.retries(0)
  let api: ApiServer
  let relay: ApiRelay
  let client: NetworkNamespace
  const nodes: SpeakerNode[] = []

  const apply = (...objects: object[]) => applyObjects(api, ...objects)
  const start = (node: SpeakerNode) => node.start({ kubeconfig: api.kubeconfigFile, namespace })
  const setAddress = async (service: string, ip: string) => {
    const patch = JSON.stringify({ status: { loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] } } })
    const { code, stderr } = await api.kubectl(['patch', 'service', service, '--subresource=status', '-p', patch])
    assert.equal(code, 0, stderr)
  }
  const status = (node: string) => api.kubectlJson<SpeakerStatus>(['get', 'speakerstatus', '-n', namespace, node])
  /** The MAC address that answers for an IP address on the segment, if any does. */
  const whoHas = (ip: string): string | undefined => {
    try {
      // Not in nobody's name (-0): who asks so is about to use the address, and speakers leave it to him for a moment.
      const out = client.exec('arping', ['-c', '1', '-w', '1', '-I', 'br0', ip])
      return /from ([0-9a-f:]{17})/.exec(out)?.[1]
    } catch {
      return undefined
    }
  }
  const macOf = (node: SpeakerNode): string => node.mac('eth0')

  before(async function () {
    if (!canMakeNamespaces()) {
      console.log('      skipped: network namespaces need root')
      this.skip()
    }
    api = await startApiServer()
    // The controller makes it; there is none here.
    const liveness = {
      metadata: { name: 'herald-liveness', namespace },
      stringData: { key: 'known to these two alone' },
    }
    await apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      { apiVersion: 'v1', kind: 'Secret', ...liveness },
      ...chartDefinitions(),
    )
    const established = ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s']
    assert.equal((await api.kubectl(established)).code, 0)

    relay = new ApiRelay(api)
    client = new NetworkNamespace('client')
    client.ip('link add br0 type bridge')
    client.ip('link set br0 up')
    client.ip('address add 192.0.2.200/24 dev br0')
    for (const name of ['node-a', 'node-b']) {
      const node = new SpeakerNode(name, relay)
      connectByVeth(
        { namespace: node.netns, interfaceName: 'eth0' },
        { namespace: client, interfaceName: `to-${name}` },
      )
      client.ip(`link set to-${name} master br0`)
      // Where the others find its liveness.
      node.netns.ip(`address add 192.0.2.10${nodes.length + 1}/24 dev eth0`)
      nodes.push(node)
    }
    await apply(
      ...nodes.map(({ name }) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })),
      {
        apiVersion: 'metallb.io/v1beta1',
        kind: 'IPAddressPool',
        metadata: { name: 'pool', namespace },
        spec: { addresses: ['192.0.2.10-192.0.2.20'] },
      },
      {
        apiVersion: 'metallb.io/v1beta1',
        kind: 'L2Advertisement',
        metadata: { name: 'all', namespace },
      },
      web,
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
        addressType: 'IPv4',
        ports: [{ port: 80 }],
        endpoints: [{ addresses: ['10.244.0.5'], nodeName: 'node-a', conditions: { ready: true } }],
      },
    )
    for (const node of nodes) start(node)
  })

  after(async () => {
    for (const node of nodes) await node.remove()
    client?.remove()
    relay?.stop()
    await api?.stop()
  })

  it('become ready and register', async () => {
    for (const node of nodes) {
      await eventually(`${node.name} is ready`, () => node.http('/readyz') === 'ok\n', { timeoutMs: 20_000 })
      const { metadata, status: seen } = await eventually(`${node.name} has reported`, async () => {
        const object = await status(node.name)
        return object.status?.interfaces?.length === 1 && object
      })
      assert.deepEqual(
        metadata.ownerReferences?.map(({ kind, name }) => [kind, name]),
        [['Node', node.name]],
      )
      assert.equal(seen?.interfaces?.[0]?.mac, macOf(node))
      assert.equal(seen?.expiredAt, undefined)
    }
  })

  it('one of them announces a Service, and says so', async () => {
    assert.equal(whoHas('192.0.2.10'), undefined)
    await setAddress('web', '192.0.2.10')
    const mac = await eventually('somebody answers', () => whoHas('192.0.2.10'))
    const owner = nodes.find(node => macOf(node) === mac)
    assert.ok(owner, `a stranger answers: ${mac}`)
    const events = await eventually('the event is written', async () => {
      const { items } = await api.kubectlJson<{ items: { reason: string; message: string }[] }>(['get', 'events'])
      const assigned = items.filter(({ reason }) => reason === 'nodeAssigned')
      return assigned.length > 0 && assigned
    })
    assert.deepEqual(
      events.map(({ message }) => message),
      [`announcing from node "${owner.name}" with protocol "layer2"`],
    )
    const { status: seen } = await eventually('the status names it', async () => {
      const object = await status(owner.name)
      return object.status?.announcements?.length === 1 && object
    })
    const { since, ...announcement } = seen!.announcements![0]!
    assert.deepEqual(announcement, { address: '192.0.2.10', interfaces: ['eth0'] })
    assert.ok(Math.abs(Date.parse(since) - Date.now()) < 60_000, since)
    const metrics = owner.http('/metrics', 9120)
    assert.match(
      metrics,
      /herald_speaker_announced\{service="default\/web",protocol="layer2",node="node-[ab]",ip="192.0.2.10"\} 1/,
    )
    assert.match(metrics, /^herald_k8s_client_updates_total [1-9]/m)
    assert.match(metrics, /^herald_k8s_client_update_errors_total 0/m)
    assert.match(metrics, /^process_resident_memory_bytes [1-9]/m)
    assert.match(metrics, /herald_layer2_responses_sent\{ip="192.0.2.10"\} [1-9]/)
    assert.match(metrics, /herald_layer2_gratuitous_sent\{ip="192.0.2.10"\} [1-9]/)
  })

  it('the other takes over at once when the announcing speaker stops, which waits for that and no longer', async () => {
    const mac = whoHas('192.0.2.10')
    const owner = nodes.find(node => macOf(node) === mac)
    const other = nodes.find(node => node !== owner)
    assert.ok(owner && other)
    const { code, ms } = await owner.end()
    assert.equal(code, 0)
    assert.ok(ms < 2_000, `took ${ms} ms to stop`)
    assert.equal(await eventually('the other answers', () => whoHas('192.0.2.10')), macOf(other))
    assert.ok((await status(owner.name)).status?.expiredAt)

    start(owner)
    await eventually('the first takes it back', () => whoHas('192.0.2.10') === macOf(owner), { timeoutMs: 20_000 })
    assert.equal((await status(owner.name)).status?.expiredAt, undefined)
  })

  it('falls silent when the endpoints are gone, and when the Service is', async () => {
    const endpoints = (ready: boolean) => {
      const patch = JSON.stringify({
        endpoints: [{ addresses: ['10.244.0.5'], nodeName: 'node-a', conditions: { ready } }],
      })
      return api.kubectl(['patch', 'endpointslice', 'web-1', '--type=merge', '-p', patch])
    }
    await endpoints(false)
    await eventually('silence without endpoints', () => whoHas('192.0.2.10') === undefined)
    await endpoints(true)
    await eventually('answers with endpoints', () => whoHas('192.0.2.10'))
    await api.kubectl(['delete', 'service', 'web'])
    await eventually('silence without the Service', () => whoHas('192.0.2.10') === undefined)
  })

  it('goes on announcing while the API server is down, and serves what comes after', async () => {
    await apply(web)
    await setAddress('web', '192.0.2.10')
    await eventually('somebody answers', () => whoHas('192.0.2.10'))
    const restarted = api.restart({ downForMs: 3_000 })
    assert.ok(whoHas('192.0.2.10'))
    await restarted
    assert.ok(whoHas('192.0.2.10'))
    await setAddress('web', '192.0.2.11')
    await eventually('the new address is announced', () => whoHas('192.0.2.11'), { timeoutMs: 30_000 })
    await eventually('the old one is not', () => whoHas('192.0.2.10') === undefined)
  })

  it('say when no node has the interface asked for, and announce when one appears', async () => {
    const messages = async (reason: string) => {
      const { items } = await api.kubectlJson<{ items: { reason: string; message: string }[] }>(['get', 'events'])
      return items.filter(event => event.reason === reason).map(({ message }) => message)
    }
    const advertise = (spec: object) =>
      apply({ apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement', metadata: { name: 'all', namespace }, spec })
    await api.kubectl(['delete', 'service', 'web'])
    await eventually('silence', () => whoHas('192.0.2.11') === undefined)
    await advertise({ interfaces: ['eth1'] })
    await apply(web)
    await setAddress('web', '192.0.2.12')
    const [failed] = await eventually('the event is written', async () => {
      const found = await messages('announceFailed')
      return found.length > 0 && found
    })
    assert.match(failed ?? '', /^node "node-[ab]" has none of the interfaces that the L2Advertisement names: eth1$/)

    // Both, one after the other: wherever the elected node is, it moves to where the interface is.
    for (const node of nodes) {
      node.netns.ip('link add eth1 type veth peer name peer1')
      for (const end of ['peer1', 'eth1']) node.netns.ip(`link set ${end} up`)
      await eventually(`${node.name} announces on it`, async () => {
        const { status: seen } = await status(node.name)
        return seen?.announcements?.some(({ address }) => address === '192.0.2.12')
      })
      const assigned = `announcing from node "${node.name}" with protocol "layer2"`
      await eventually('the event says so', async () => (await messages('nodeAssigned')).includes(assigned))
      node.netns.ip('link delete eth1')
    }
    await advertise({})
    await eventually('somebody answers', () => whoHas('192.0.2.12'))
  })

  it('logs no error in all this', () => {
    for (const { log, errors: output } of nodes) {
      assert.equal(output, '')
      assert.match(log, /service announced/)
      const errors = log.split('\n').filter(line => line.includes('"level":"error"'))
      assert.deepEqual(errors, [])
    }
  })
})
