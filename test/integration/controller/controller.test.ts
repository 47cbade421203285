import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'
import { applyObjects, chartDefinitions, serviceAccountKubeconfig } from '../../support/kubernetes/chart-objects.ts'
import { eventually, type Running, runEntry } from '../../support/processes.ts'

interface Service {
  metadata: { annotations?: Record<string, string>; resourceVersion: string }
  spec: { type: string }
  status: {
    loadBalancer: { ingress?: { ip: string; ipMode: string }[] }
    conditions?: { type: string; status: string; reason: string; message: string }[]
  }
}

describe('controller, against a real API server', () => {
  let api: ApiServer
  let controller: Running
  let kubeconfig: string
  let folder: string
  const started: Running[] = []
  const namespace = 'herald-system'

  const start = (pod = 'controller-0', ...more: string[]) => {
    const flags = [
      '--namespace',
      namespace,
      '--pod-name',
      pod,
      '--kubeconfig',
      kubeconfig,
      '--port',
      '0',
      '--health-probe-port',
      '0',
    ]
    const running = runEntry('controller', [...flags, '--health-probe-host', '127.0.0.1', ...more])
    started.push(running)
    return running
  }
  const apply = (...objects: object[]) => applyObjects(api, ...objects)
  const loadBalancer = (name: string, spec: object = {}, annotations: Record<string, string> = {}) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default', annotations, labels: { made: 'by-test' } },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
  })
  const pool = (name: string, addresses: string[], spec: object = {}) => ({
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name, namespace },
    spec: { addresses, ...spec },
  })
  const get = (name: string) => api.kubectlJson<Service>(['get', 'service', name])
  const addressOf = ({ status }: Service) => status.loadBalancer.ingress?.[0]?.ip
  const conditionOf = ({ status }: Service) =>
    status.conditions?.find(({ type }) => type === 'herald.io/AddressAllocated')
  const addressed = (name: string, ip: string) =>
    eventually(`${name} has ${ip}`, async () => addressOf(await get(name)) === ip && get(name))
  /** Its address is shown, and so is, two seconds later, that nothing serves: no more is written to it now. */
  const settled = async (name: string, ip: string) => {
    await addressed(name, ip)
    return eventually(`${name} says that it is not announced`, async () => {
      const service = await get(name)
      return service.status.conditions?.some(({ type }) => type === 'herald.io/Announced') && service
    })
  }
  const pending = (name: string, reason: string) =>
    eventually(`${name} is pending with ${reason}`, async () => {
      const service = await get(name)
      return conditionOf(service)?.reason === reason && addressOf(service) === undefined && service
    })
  const remove = async (kind: string, ...names: string[]) => {
    const within = kind === 'ipaddresspool' ? namespace : 'default'
    const { code, stderr } = await api.kubectl(['delete', kind, '--namespace', within, '--ignore-not-found', ...names])
    assert.equal(code, 0, stderr)
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'herald-controller-'))
    api = await startApiServer()
    await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    kubeconfig = await serviceAccountKubeconfig(api, { folder, namespace, component: 'controller' })
    // Before its custom resources are defined: it waits for them.
    controller = start()
    await eventually('the controller misses the definitions', () =>
      controller.logs().some(({ msg, resource }) => msg === 'watch interrupted' && resource === 'ipaddresspools'),
    )
    await apply(...chartDefinitions())
    const established = ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s']
    assert.equal((await api.kubectl(established)).code, 0)
    await eventually('the controller is ready', () => controller.logs().some(({ msg }) => msg === 'ready'))
  })

  afterEach(async () => {
    await remove('service', '--selector=made=by-test')
    await remove('ipaddresspool', '--all')
  })

  after(async () => {
    await controller?.end()
    await api?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('says NoPool before there is one, and addresses the Service when there is', async () => {
    await apply(loadBalancer('web'))
    const waiting = await pending('web', 'NoPool')
    assert.equal(conditionOf(waiting)?.status, 'False')
    await apply(pool('first', ['192.0.2.10-192.0.2.12']))
    const web = await addressed('web', '192.0.2.10')
    assert.deepEqual(web.status.loadBalancer.ingress, [{ ip: '192.0.2.10', ipMode: 'VIP' }])
    assert.equal(web.metadata.annotations?.['metallb.io/ip-allocated-from-pool'], 'first')
    assert.equal(conditionOf(web)?.status, 'True')
    const events = await eventually('the events are written', async () => {
      const { items } = await api.kubectlJson<{
        items: { type: string; reason: string; involvedObject: { name: string } }[]
      }>(['get', 'events'])
      const reasons = items
        .filter(({ involvedObject }) => involvedObject.name === 'web')
        .map(({ type, reason }) => `${type} ${reason}`)
      return reasons.includes('Normal IPAllocated') && reasons
    })
    assert.deepEqual(events.sort(), ['Normal IPAllocated', 'Warning AllocationFailed'])
  })

  it('writes nothing while nothing changes', async () => {
    await apply(pool('p', ['192.0.2.10-192.0.2.12']), loadBalancer('web'))
    const version = (await settled('web', '192.0.2.10')).metadata.resourceVersion
    await apply(pool('other', ['198.51.100.0/28']))
    await eventually('the new pool has its status', async () => {
      const { status } = await api.kubectlJson<{ status?: { availableIPv4: number } }>([
        'get',
        'ipaddresspool',
        'other',
        '-n',
        namespace,
      ])
      return status?.availableIPv4 === 16
    })
    assert.equal((await get('web')).metadata.resourceVersion, version)
  })

  it('frees the address when the Service goes or changes its type, and the next one gets it', async () => {
    await apply(pool('p', ['192.0.2.10/32']), loadBalancer('first'))
    await addressed('first', '192.0.2.10')
    await apply(loadBalancer('second'))
    const full = await pending('second', 'PoolExhausted')
    assert.match(conditionOf(full)?.message ?? '', /"p" has no free address/)
    await remove('service', 'first')
    await addressed('second', '192.0.2.10')
    await apply(loadBalancer('third'))
    await pending('third', 'PoolExhausted')
    await apply(loadBalancer('second', { type: 'ClusterIP' }))
    await addressed('third', '192.0.2.10')
    const second = await eventually('the marks are gone', async () => {
      const service = await get('second')
      return !service.metadata.annotations?.['metallb.io/ip-allocated-from-pool'] && !conditionOf(service) && service
    })
    assert.equal(second.status.loadBalancer.ingress, undefined)
  })

  it('gives freed addresses to those that wait in the order of their creation', async () => {
    await apply(pool('p', ['192.0.2.10/32']), loadBalancer('holder'))
    await addressed('holder', '192.0.2.10')
    await apply(loadBalancer('z-older'))
    await pending('z-older', 'PoolExhausted')
    await new Promise(resolve => setTimeout(resolve, 1_100)) // creationTimestamp has whole seconds
    await apply(loadBalancer('a-younger'))
    await pending('a-younger', 'PoolExhausted')
    await remove('service', 'holder')
    await addressed('z-older', '192.0.2.10')
    assert.equal(addressOf(await get('a-younger')), undefined)
  })

  it('keeps every address over a kill and a restart, though lower ones have become free', async () => {
    await apply(pool('p', ['192.0.2.0/24']), ...Array.from({ length: 20 }, (_, i) => loadBalancer(`web-${i}`)))
    const addresses = async () => {
      const { items } = await api.kubectlJson<{ items: (Service & { metadata: { name: string } })[] }>([
        'get',
        'services',
      ])
      return Object.fromEntries(
        items.filter(({ spec }) => spec.type === 'LoadBalancer').map(item => [item.metadata.name, addressOf(item)]),
      )
    }
    await eventually('all 20 have addresses', async () => Object.values(await addresses()).every(Boolean))
    const before = await addresses()
    assert.equal(new Set(Object.values(before)).size, 20)
    const lowest = Object.keys(before).find(name => before[name] === '192.0.2.0') ?? assert.fail()
    await controller.end('SIGKILL')
    await remove('service', lowest)
    controller = start()
    await apply(loadBalancer('new'))
    await addressed('new', '192.0.2.0')
    const after = await addresses()
    for (const [name, ip] of Object.entries(before)) if (name !== lowest) assert.equal(after[name], ip)
  })

  it('refuses a pool that overlaps an older one, on that pool alone', async () => {
    await apply(pool('older', ['192.0.2.0/28']))
    await new Promise(resolve => setTimeout(resolve, 1_100))
    await apply(pool('younger', ['192.0.2.8-192.0.2.20']), loadBalancer('web'))
    await addressed('web', '192.0.2.0')
    const { status } = await eventually('the younger pool is refused', async () => {
      const resource = await api.kubectlJson<{
        status?: { conditions?: { status: string; reason: string; message: string }[] }
      }>(['get', 'ipaddresspool', 'younger', '-n', namespace])
      return resource.status?.conditions?.[0]?.status === 'False' && resource
    })
    assert.equal(status?.conditions?.[0]?.reason, 'Overlap')
    assert.match(
      status?.conditions?.[0]?.message ?? '',
      /spec.addresses\[0\]: .*overlaps with already defined CIDR.*"older"/,
    )
  })

  it('counts a large IPv6 pool without loss', async () => {
    await apply(pool('six', ['2001:db8::/66']))
    await eventually('the pool has its counters', async () => {
      const { stdout } = await api.kubectl([
        'get',
        'ipaddresspool',
        'six',
        '-n',
        namespace,
        '-o',
        'jsonpath={.status.availableIPv6}',
      ])
      return stdout.trim() === '4611686018427387904'
    })
  })

  it('lets Services of one sharing key have one address, and tells the others why not', async () => {
    const sharing = { 'metallb.io/allow-shared-ip': 'k' }
    await apply(
      pool('p', ['192.0.2.10/32']),
      loadBalancer('web', {}, sharing),
      loadBalancer('dns', { ports: [{ port: 53, protocol: 'UDP' }] }, sharing),
    )
    await addressed('web', '192.0.2.10')
    await addressed('dns', '192.0.2.10')
    await apply(loadBalancer('clash', { loadBalancerIP: '192.0.2.10' }, sharing))
    const clash = await pending('clash', 'AddressInUse')
    assert.match(conditionOf(clash)?.message ?? '', /both have the same port/)
    await apply(loadBalancer('clash', { loadBalancerIP: '192.0.2.10', ports: [{ port: 81 }] }, sharing))
    await addressed('clash', '192.0.2.10')
  })

  it('keeps reserved addresses for their Service, before it exists and after', async () => {
    const reservation = {
      apiVersion: 'herald.io/v1alpha1',
      kind: 'AddressReservation',
      metadata: { name: 'shop', namespace },
      spec: { addresses: ['192.0.2.11'], service: { namespace: 'default', name: 'shop' } },
    }
    const gateway = { ...reservation, metadata: { name: 'gateway', namespace }, spec: { addresses: ['192.0.2.10'] } }
    const held = () =>
      api.kubectl(['get', 'addressreservation', 'shop', '-n', namespace, '-o', 'jsonpath={.status.held}'])
    try {
      await apply(pool('p', ['192.0.2.10-192.0.2.12']), reservation, gateway)
      await eventually('both are accepted', async () => {
        const condition = '{.items[*].status.conditions[?(@.type=="Accepted")].status}'
        const { stdout } = await api.kubectl([
          'get',
          'addressreservations',
          '-n',
          namespace,
          '-o',
          `jsonpath=${condition}`,
        ])
        return stdout.trim() === 'True True'
      })
      await apply(loadBalancer('web'))
      await addressed('web', '192.0.2.12')
      for (let round = 0; round < 2; round++) {
        await apply(loadBalancer('shop'))
        await addressed('shop', '192.0.2.11')
        await eventually('the reservation says so', async () => (await held()).stdout === '192.0.2.11')
        await remove('service', 'shop')
        await eventually('the reservation says that nobody has it', async () => (await held()).stdout === '')
      }
    } finally {
      await api.kubectl(['delete', 'addressreservations', '--all', '-n', namespace])
    }
    await apply(loadBalancer('more'))
    await addressed('more', '192.0.2.10')
  })

  it('says of each request that is nonsense what is wrong with it, and serves the others', async () => {
    const prefixes = ['metallb.io', 'metallb.universe.tf']
    const rows: [name: string, spec: object, annotations: Record<string, string>, reason: string, message: RegExp][] = [
      [
        'ip',
        { loadBalancerIP: '192.0.2.300' },
        {},
        'InvalidRequest',
        /spec\.loadBalancerIP: "192\.0\.2\.300" is not an IP/,
      ],
      ['cidr', { loadBalancerIP: '192.0.2.12/32' }, {}, 'InvalidRequest', /"192\.0\.2\.12\/32" is not an IP/],
      ...prefixes.flatMap((prefix, index): typeof rows => [
        [
          `list-${index}`,
          {},
          { [`${prefix}/loadBalancerIPs`]: '192.0.2.12,' },
          'InvalidRequest',
          /loadBalancerIPs: "" is not an IP/,
        ],
        [
          `word-${index}`,
          {},
          { [`${prefix}/loadBalancerIPs`]: 'any' },
          'InvalidRequest',
          /loadBalancerIPs: "any" is not an IP/,
        ],
        [
          `twice-${index}`,
          {},
          { [`${prefix}/loadBalancerIPs`]: '192.0.2.12,192.0.2.13' },
          'InvalidRequest',
          /two IPv4 addresses/,
        ],
        [`pool-${index}`, {}, { [`${prefix}/address-pool`]: '../p' }, 'UnknownPool', /"\.\.\/p"/],
      ]),
      [
        'both',
        { loadBalancerIP: '192.0.2.12' },
        { 'metallb.io/loadBalancerIPs': '192.0.2.12' },
        'InvalidRequest',
        /are both set/,
      ],
    ]
    await apply(pool('p', ['192.0.2.10-192.0.2.20']), loadBalancer('web'))
    const { resourceVersion } = (await settled('web', '192.0.2.10')).metadata
    await apply(...rows.map(([name, spec, annotations]) => loadBalancer(name, spec, annotations)))
    for (const [name, , , reason, message] of rows) {
      assert.match(conditionOf(await pending(name, reason))?.message ?? '', message)
    }
    await apply(loadBalancer('more', {}, { 'metallb.io/allow-shared-ip': ' {"no": [sense' }))
    await addressed('more', '192.0.2.11')
    assert.equal((await get('web')).metadata.resourceVersion, resourceVersion)
    await eventually('each has its event', async () => {
      const { items } = await api.kubectlJson<{
        items: { type: string; reason: string; involvedObject: { name: string } }[]
      }>(['get', 'events'])
      return rows.every(([name, , , reason]) =>
        items.some(
          event =>
            event.involvedObject.name === name &&
            event.type === 'Warning' &&
            event.reason === (reason === 'UnknownPool' ? 'AllocationFailed' : 'LoadBalancerFailed'),
        ),
      )
    })
  })

  it('says on a reservation that it contradicts an older one, and goes on with the older', async () => {
    const reservation = (name: string, addresses: string[], service?: object) => ({
      apiVersion: 'herald.io/v1alpha1',
      kind: 'AddressReservation',
      metadata: { name, namespace },
      spec: { addresses, ...(service && { service }) },
    })
    try {
      await apply(pool('p', ['192.0.2.10-192.0.2.12']), reservation('older', ['192.0.2.10']))
      await new Promise(resolve => setTimeout(resolve, 1_100)) // creationTimestamp has whole seconds
      await apply(reservation('younger', ['192.0.2.10/31'], { namespace: 'default', name: 'web' }), loadBalancer('web'))
      await addressed('web', '192.0.2.11')
      await eventually('the younger says why, and an event does', async () => {
        const { items } = await api.kubectlJson<{
          items: { reason: string; message: string; involvedObject: { kind: string; name: string } }[]
        }>(['get', 'events', '-n', namespace])
        const { status } = await api.kubectlJson<{ status?: { conditions?: { status: string; message: string }[] } }>([
          'get',
          'addressreservation',
          'younger',
          '-n',
          namespace,
        ])
        return (
          items.some(({ reason, involvedObject }) => reason === 'Overlap' && involvedObject.name === 'younger') &&
          status?.conditions?.[0]?.status === 'False' &&
          /spec\.addresses\[0\]: overlaps with the older AddressReservation "older"/.test(status.conditions[0].message)
        )
      })
    } finally {
      await api.kubectl(['delete', 'addressreservations', '--all', '-n', namespace])
    }
  })

  it('sums up in ConfigurationStates what is refused, for itself and for each speaker', async () => {
    interface State {
      metadata: { labels?: Record<string, string>; resourceVersion: string; ownerReferences?: { kind: string }[] }
      status?: {
        result: string
        errorSummary: string
        conditions: { type: string; status: string; lastTransitionTime: string }[]
      }
    }
    const state = (name: string, result: string, summary: RegExp) =>
      eventually(`${name} is ${result}`, async () => {
        const found = await api.kubectlJson<State>(['get', 'configurationstate', name, '-n', namespace])
        return found.status?.result === result && summary.test(found.status.errorSummary) && found
      })
    const registration = {
      apiVersion: 'herald.io/v1alpha1',
      kind: 'SpeakerStatus',
      metadata: { name: 'node-a', namespace },
    }
    try {
      await apply(registration)
      const valid = await state('controller', 'Valid', /^$/)
      assert.deepEqual(valid.metadata.labels, { 'metallb.io/component-type': 'controller' })
      const speaker = await state('speaker-node-a', 'Valid', /^$/)
      assert.equal(speaker.metadata.labels?.['metallb.io/node-name'], 'node-a')
      assert.equal(speaker.metadata.ownerReferences?.[0]?.kind, 'SpeakerStatus')

      await apply(pool('a', ['192.0.2.0/28']))
      await new Promise(resolve => setTimeout(resolve, 1_100)) // creationTimestamp has whole seconds
      await apply(pool('b', ['192.0.2.8/29']))
      const words =
        /^configuration error: IPAddressPool "b": spec\.addresses\[0\]: .*overlaps with already defined CIDR/
      const invalid = await state('controller', 'Invalid', words)
      await state('speaker-node-a', 'Invalid', words)
      assert.deepEqual(
        [invalid.status?.conditions[0]?.type, invalid.status?.conditions[0]?.status],
        ['poolReconcilerValid', 'False'],
      )
      const columns = await api.kubectl(['get', 'configurationstate', 'controller', '-n', namespace])
      assert.match(
        columns.stdout,
        /^NAME +RESULT +ERRORSUMMARY +AGE\ncontroller +Invalid +configuration error: IPAddressPool "b"/,
      )

      // Nothing is written while nothing changes, and over a restart.
      await apply(pool('c', ['198.51.100.0/28']), loadBalancer('web'))
      await addressed('web', '192.0.2.0')
      await controller.end()
      controller = start()
      await eventually('the new process is ready', () => controller.logs().some(({ msg }) => msg === 'ready'))
      await new Promise(resolve => setTimeout(resolve, 500))
      assert.equal(
        (await state('controller', 'Invalid', words)).metadata.resourceVersion,
        invalid.metadata.resourceVersion,
      )

      assert.equal((await api.kubectl(['delete', 'configurationstates', '--all', '-n', namespace])).code, 0)
      await state('controller', 'Invalid', words)
      await state('speaker-node-a', 'Invalid', words)
      await apply(pool('b', ['203.0.113.0/29']))
      const mended = await state('controller', 'Valid', /^$/)
      assert.notEqual(mended.status?.conditions[0]?.status, invalid.status?.conditions[0]?.status)
    } finally {
      await api.kubectl(['delete', 'speakerstatus', 'node-a', '-n', namespace, '--ignore-not-found'])
    }
  })

  describe('with the finalizer', () => {
    const finalizersOf = async (name: string) => {
      const { metadata } = await api.kubectlJson<{ metadata: { finalizers?: string[]; annotations?: object } }>([
        'get',
        'service',
        name,
      ])
      return [
        metadata.finalizers ?? [],
        Object.keys(metadata.annotations ?? {}).filter(key => key.startsWith('herald.io')),
      ]
    }
    const guard = [['service.kubernetes.io/load-balancer-cleanup'], ['herald.io/load-balancer-cleanup']]
    const gone = (name: string) =>
      eventually(`${name} is gone`, async () => (await api.kubectl(['get', 'service', name])).code !== 0)
    const deleteOnly = async (name: string) => {
      const { code, stderr } = await api.kubectl(['delete', 'service', name, '--wait=false'])
      assert.equal(code, 0, stderr)
    }
    const restart = async (...flags: string[]) => {
      await controller.end()
      controller = start('controller-0', ...flags)
      await eventually('the new process is ready', () => controller.logs().some(({ msg }) => msg === 'ready'))
    }

    before(() => restart('--cleanup-finalizer'))
    after(() => restart())

    it('lets a Service go at once that is deleted, and its address to the next', async () => {
      await apply(pool('p', ['192.0.2.10/32']), loadBalancer('web'))
      await addressed('web', '192.0.2.10')
      assert.deepEqual(await finalizersOf('web'), guard)
      await apply(loadBalancer('next'))
      await pending('next', 'PoolExhausted')
      await deleteOnly('web')
      await gone('web')
      await addressed('next', '192.0.2.10')
    })

    it('keeps a Service that is deleted while no controller runs, until one is back', async () => {
      await apply(pool('p', ['192.0.2.10/32']), loadBalancer('web'))
      await addressed('web', '192.0.2.10')
      await controller.end('SIGKILL')
      await deleteOnly('web')
      await new Promise(resolve => setTimeout(resolve, 500))
      assert.deepEqual(await finalizersOf('web'), guard)
      controller = start('controller-0', '--cleanup-finalizer')
      await gone('web')
    })

    it('takes it off a Service that is none of its own any more, and gives the address back beside the finalizer of somebody else', async () => {
      await apply(pool('p', ['192.0.2.10/32']), loadBalancer('web'))
      await addressed('web', '192.0.2.10')
      await apply(loadBalancer('web', { type: 'ClusterIP' }))
      await eventually('both marks are gone', async () => (await finalizersOf('web')).flat().length === 0)
      await apply(loadBalancer('held'))
      await addressed('held', '192.0.2.10')
      const add = '[{"op":"add","path":"/metadata/finalizers/-","value":"example.com/other"}]'
      assert.equal((await api.kubectl(['patch', 'service', 'held', '--type=json', '--patch', add])).code, 0)
      await deleteOnly('held')
      await eventually(
        'only the other is left',
        async () => String((await finalizersOf('held'))[0]) === 'example.com/other',
      )
      await apply(loadBalancer('next'))
      await addressed('next', '192.0.2.10')
      const remove = '[{"op":"remove","path":"/metadata/finalizers"}]'
      assert.equal((await api.kubectl(['patch', 'service', 'held', '--type=json', '--patch', remove])).code, 0)
      await gone('held')
    })

    it('takes all off when it is switched off, and leaves those of others', async () => {
      await apply(pool('p', ['192.0.2.10-192.0.2.12']), loadBalancer('web'), loadBalancer('more'))
      await addressed('web', '192.0.2.10')
      const cloud = { ...loadBalancer('cloud', { loadBalancerClass: 'cloud.example/lb' }) }
      await apply({ ...cloud, metadata: { ...cloud.metadata, finalizers: guard[0] } })
      await restart()
      for (const name of ['web', 'more']) {
        await eventually(`${name} is free`, async () => (await finalizersOf(name)).flat().length === 0)
      }
      assert.deepEqual((await finalizersOf('cloud'))[0], guard[0])
      const free = '[{"op":"remove","path":"/metadata/finalizers"}]'
      assert.equal((await api.kubectl(['patch', 'service', 'cloud', '--type=json', '--patch', free])).code, 0)
      await restart('--cleanup-finalizer')
    })

    it('takes all off on an uninstall, by a process that ends', async () => {
      await apply(pool('p', ['192.0.2.0/27']), ...Array.from({ length: 12 }, (_, i) => loadBalancer(`web-${i}`)))
      await eventually('all are guarded', async () => (await finalizersOf('web-11')).flat().length === 2)
      await eventually('all have addresses', async () => addressOf(await get('web-11')) !== undefined)
      await controller.end('SIGKILL')
      const removal = runEntry('controller', [
        '--remove-finalizers',
        '--namespace',
        namespace,
        '--kubeconfig',
        kubeconfig,
      ])
      started.push(removal)
      const [code] = await once(removal.process, 'exit')
      assert.equal(code, 0, removal.errors())
      assert.equal(removal.logs().at(-1)?.msg, 'no Service carries a finalizer of Herald any more')
      assert.equal(removal.logs().at(-1)?.removed, 12)
      for (let index = 0; index < 12; index++) {
        assert.deepEqual((await finalizersOf(`web-${index}`)).flat(), [])
        assert.notEqual(addressOf(await get(`web-${index}`)), undefined, 'traffic goes on')
      }
      controller = start('controller-0', '--cleanup-finalizer')
    })
  })

  it('lets a second replica lead when the first is stopped, with the same addresses', async () => {
    await apply(pool('p', ['192.0.2.10-192.0.2.12']), loadBalancer('web'))
    await addressed('web', '192.0.2.10')
    const second = start('controller-1')
    try {
      await eventually('the second replica has started', () =>
        second.logs().some(({ msg }) => msg === 'controller started'),
      )
      assert.equal(await controller.end(), 0)
      await apply(loadBalancer('more'))
      await addressed('more', '192.0.2.11')
      assert.equal(addressOf(await get('web')), '192.0.2.10')
    } finally {
      await second.end()
      controller = start()
    }
  })

  describe('when a pool that is in use is edited into a mistake', () => {
    interface Pool {
      metadata: { generation: number }
      status?: {
        assignedIPv4: number
        availableIPv4: number
        conditions?: { status: string; reason: string; message: string; observedGeneration: number }[]
      }
    }
    const judged = (name: string, reason: string) =>
      eventually(`the pool ${name} is ${reason}`, async () => {
        const { metadata, status } = await api.kubectlJson<Pool>(['get', 'ipaddresspool', name, '-n', namespace])
        const condition = status?.conditions?.[0]
        return condition?.reason === reason && condition.observedGeneration === metadata.generation && status
      })

    const mistakes: [what: string, addresses: string[], reason: string][] = [
      ['overlaps with a younger one', ['192.0.2.10-192.0.2.12', '198.51.100.0/30'], 'Overlap'],
      ['cannot be read', ['203.0.113.0/24', '203.0.113.7/32'], 'Invalid'],
    ]
    for (const [what, addresses, reason] of mistakes) {
      it(`that ${what}, its Services keep their addresses, and over a restart too`, async () => {
        await apply(pool('edited', ['192.0.2.10-192.0.2.12']))
        await judged('edited', 'Accepted')
        await new Promise(resolve => setTimeout(resolve, 1_100))
        await apply(pool('other', ['198.51.100.0/28']), loadBalancer('web'), loadBalancer('second'))
        await addressed('web', '192.0.2.10')
        await addressed('second', '192.0.2.11')
        await judged('other', 'Accepted')
        await apply(loadBalancer('innocent', {}, { 'metallb.io/address-pool': 'other' }))
        const version = (await settled('web', '192.0.2.10')).metadata.resourceVersion
        await addressed('innocent', '198.51.100.0')
        await apply(pool('edited', addresses))
        const status = await judged('edited', reason)
        assert.deepEqual([status.assignedIPv4, status.availableIPv4], [2, 0])
        await apply(loadBalancer('new'))
        await addressed('new', '198.51.100.1')

        await controller.end('SIGKILL')
        controller = start()
        await apply(loadBalancer('newer'))
        await addressed('newer', '198.51.100.2')
        await judged('edited', reason)
        await judged('other', 'Accepted')
        assert.equal((await addressed('web', '192.0.2.10')).metadata.resourceVersion, version, 'not even written')
        await addressed('second', '192.0.2.11')
        await addressed('innocent', '198.51.100.0')

        // Mended, but without the address of one of them.
        await apply(pool('edited', ['192.0.2.11-192.0.2.12']))
        await addressed('web', '192.0.2.12')
        await addressed('second', '192.0.2.11')
      })
    }
  })

  it('restores a status that was edited by hand', async () => {
    await apply(pool('p', ['192.0.2.10-192.0.2.12']), loadBalancer('web'))
    await addressed('web', '192.0.2.10')
    for (const ingress of [null, [{ ip: '192.0.2.12' }], [{ ip: '203.0.113.1' }], [{ hostname: 'lb.example' }]]) {
      const patch = JSON.stringify({ status: { loadBalancer: { ingress } } })
      const args = ['patch', 'service', 'web', '--subresource=status', '--type=merge', '--patch', patch]
      assert.equal((await api.kubectl(args)).code, 0)
      await addressed('web', '192.0.2.10')
    }
  })

  it('writes the status of a pool once after a restart at most, and not when nothing changed', async () => {
    await apply(pool('p', ['192.0.2.0/28']), ...Array.from({ length: 9 }, (_, i) => loadBalancer(`web-${i}`)))
    const versionOf = async () => {
      const { metadata, status } = await api.kubectlJson<{
        metadata: { resourceVersion: string }
        status?: { assignedIPv4: number }
      }>(['get', 'ipaddresspool', 'p', '-n', namespace])
      return status?.assignedIPv4 === 9 && metadata.resourceVersion
    }
    const before = await eventually('all 9 are counted', versionOf)
    await controller.end()
    controller = start()
    await eventually('the new process is ready', () => controller.logs().some(({ msg }) => msg === 'ready'))
    await new Promise(resolve => setTimeout(resolve, 500))
    assert.equal(await versionOf(), before)
  })

  it('does not write when it wakes from a pause in which another has led', async () => {
    await apply(pool('p', ['192.0.2.10/32']), loadBalancer('web'))
    await addressed('web', '192.0.2.10')
    const second = start('controller-1')
    try {
      await eventually('the second replica waits', () => second.logs().some(({ msg }) => msg === 'controller started'))
      controller.process.kill('SIGSTOP')
      await eventually('the second replica leads', () => second.logs().some(({ msg }) => msg === 'ready'), {
        timeoutMs: 30_000,
      })
      await remove('service', 'web')
      await apply(loadBalancer('next'), loadBalancer('web'))
      const { metadata } = await settled('next', '192.0.2.10')
      await pending('web', 'PoolExhausted')
      controller.process.kill('SIGCONT')
      const [code] = await once(controller.process, 'exit')
      assert.equal(code, 1)
      assert.match(controller.errors(), /^controller: leadership lost: [^\n]*\n$/)
      assert.equal((await addressed('next', '192.0.2.10')).metadata.resourceVersion, metadata.resourceVersion)
      await pending('web', 'PoolExhausted')
    } finally {
      await second.end()
      controller = start()
    }
  })

  it('starts while the API server does not answer, and stops within 2 s when it does not', async () => {
    await apply(pool('p', ['192.0.2.10/31']), loadBalancer('web'))
    await addressed('web', '192.0.2.10')
    api.pause()
    try {
      const begin = performance.now()
      assert.equal(await controller.end(), 0)
      const stoppedMs = performance.now() - begin
      assert.ok(stoppedMs < 2_000, `${stoppedMs} ms`)
      assert.equal(controller.errors(), '')
      assert.equal(controller.logs().at(-1)?.msg, 'controller stopped')
      controller = start()
      await eventually('the process has started', () =>
        controller.logs().some(({ msg }) => msg === 'controller started'),
      )
    } finally {
      api.resume()
    }
    await apply(loadBalancer('more'))
    await eventually('more has an address', async () => addressOf(await get('more')) === '192.0.2.11', {
      timeoutMs: 30_000,
    })
  })

  it('was never refused anything by the roles of the chart', () => {
    const refusals = started.flatMap(running => running.logs()).filter(({ msg }) => String(msg).includes('permission'))
    assert.deepEqual(refusals, [])
  })
})
