import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'
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
  const namespace = 'herald-system'

  const start = (pod = 'controller-0') => {
    const flags = [
      '--namespace',
      namespace,
      '--pod-name',
      pod,
      '--kubeconfig',
      api.kubeconfigFile,
      '--port',
      '0',
      '--health-probe-port',
      '0',
    ]
    return runEntry('controller', [...flags, '--health-probe-host', '127.0.0.1'])
  }
  const apply = async (...objects: object[]) => {
    const { code, stderr } = await api.kubectl(
      ['apply', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
    )
    assert.equal(code, 0, stderr)
  }
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
    api = await startApiServer()
    const crds = globSync('charts/herald/templates/crds/*.yaml').flatMap(file =>
      // The chart's own lines ({{ … }}) are no part of the definitions.
      parseAllDocuments(readFileSync(file, 'utf8').replaceAll(/^.*\{\{.*\n/gm, '')).map(document => document.toJS()),
    )
    assert.ok(crds.length >= 3)
    await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, ...crds)
    const established = ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s']
    assert.equal((await api.kubectl(established)).code, 0)
    controller = start()
  })

  afterEach(async () => {
    await remove('service', '--selector=made=by-test')
    await remove('ipaddresspool', '--all')
  })

  after(async () => {
    await controller?.end()
    await api?.stop()
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
    await addressed('web', '192.0.2.10')
    const version = (await get('web')).metadata.resourceVersion
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
})
