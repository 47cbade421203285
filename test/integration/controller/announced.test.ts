import assert from 'node:assert/strict'
import {
  announcedOf,
  ControllerScene,
  endpoints,
  loadBalancer,
  metallb,
  HERALD_NAMESPACE as namespace,
  node,
  type ShownService,
} from '../../support/controller-scene.ts'
import { eventually, type Running } from '../../support/processes.ts'

interface L2Status {
  metadata: { name: string; labels: Record<string, string>; ownerReferences: { kind: string; name: string }[] }
  status?: { node: string; serviceName: string; serviceNamespace: string; interfaces: { name: string }[] }
}

describe('what the controller tells of announcing, against a real API server', () => {
  let scene: ControllerScene
  let api: ControllerScene['api']
  let controller: Running

  const kubectl = (args: string[]) => scene.kubectl(args)
  const apply = (...items: object[]) => scene.apply(...items)
  const report = (name: string, status: object) => scene.report(name, status)
  const get = (name: string) => scene.service(name)
  const says = (name: string, reason: string, message: RegExp) => scene.says(name, reason, message)
  const announcing = (address: string, since = '2026-01-01T12:00:00Z') => ({
    announcements: [{ address, interfaces: ['eth0'], since }],
  })
  const l2Statuses = async () =>
    (await api.kubectlJson<{ items: L2Status[] }>(['get', 'servicel2statuses', '--namespace', namespace])).items
  const onNodes = (name: string, ...nodes: string[]) =>
    eventually(`${name} has a ServiceL2Status on ${nodes.join(', ') || 'no node'}`, async () => {
      const items = (await l2Statuses()).filter(({ metadata }) => metadata.labels['metallb.io/service-name'] === name)
      const found = items.map(({ status }) => status?.node).sort()
      return String(found) === String(nodes) && items
    })

  before(async function () {
    this.timeout(90_000)
    scene = await ControllerScene.begin()
    api = scene.api
    await scene.register('node-a', 'node-b')
    await apply(metallb('IPAddressPool', 'p', { addresses: ['192.0.2.10-192.0.2.12'] }))
    controller = await scene.startController()
  })

  beforeEach(async () => {
    await Promise.all([report('node-a', {}), report('node-b', {})])
    await apply(metallb('L2Advertisement', 'all'))
  })

  afterEach(async function () {
    this.timeout(20_000)
    await scene.clear()
    await eventually('all ServiceL2Statuses are gone', async () => (await l2Statuses()).length === 0)
  })

  after(() => scene?.end())

  it('costs one more write than the address when a speaker reports in time, and says who and since when', async () => {
    const watch = api.kubectl(['get', 'service', '--watch', '--request-timeout=5s', '--output=json'])
    await apply(endpoints('web'), loadBalancer('web'))
    await eventually('web has its address', async () => (await get('web')).status.loadBalancer.ingress?.length === 1)
    await report('node-b', announcing('192.0.2.10'))
    const condition = await says(
      'web',
      'Announced',
      /^192\.0\.2\.10 from node "node-b" on eth0 since 2026-01-01T12:00:00Z$/,
    )
    assert.equal(condition.status, 'True')
    const allocated = (await get('web')).status.conditions?.find(({ type }) => type === 'herald.io/AddressAllocated')
    assert.equal(allocated?.status, 'True', 'the other condition is still there')
    const { stdout } = await watch
    const versions = stdout
      .split(/^(?=\{)/m)
      .map(text => JSON.parse(text) as ShownService & { metadata: { name: string } })
    const states = versions
      .filter(({ metadata }) => metadata.name === 'web')
      .map(({ status }) =>
        (status.conditions ?? [])
          .map(({ type, reason }) => `${type}=${reason}`)
          .sort()
          .join(),
      )
    assert.deepEqual(states, [
      '',
      'herald.io/AddressAllocated=Allocated',
      'herald.io/AddressAllocated=Allocated,herald.io/Announced=Announced',
    ])
  }).timeout(20_000)

  it('follows the reports: takeover pending, hand-over, conflict, and back', async () => {
    await apply(endpoints('web'), loadBalancer('web'))
    const pending = await says('web', 'TakeoverPending', /^192\.0\.2\.10: node "node-[ab]" is to announce it/)
    assert.equal(pending.status, 'False')
    await report('node-a', announcing('192.0.2.10'))
    const { lastTransitionTime } = await says('web', 'Announced', /node-a/)
    const before = (await get('web')).metadata.resourceVersion

    // A hand-over: for a moment nobody says that he has it.
    await report('node-a', {})
    await report('node-b', announcing('192.0.2.10', '2026-01-01T12:00:05Z'))
    const moved = await says(
      'web',
      'Announced',
      /^192\.0\.2\.10 from node "node-b" on eth0 since 2026-01-01T12:00:05Z$/,
    )
    assert.equal(moved.lastTransitionTime, lastTransitionTime, 'it was never told not to be announced')
    assert.notEqual((await get('web')).metadata.resourceVersion, before)

    const conflict = { address: '192.0.2.10', interface: 'eth0', mac: '02:00:5e:20:00:99' }
    await report('node-b', { ...announcing('192.0.2.10'), conflicts: [conflict] })
    await says(
      'web',
      'AddressContested',
      /but the host 02:00:5e:20:00:99, heard by node "node-b" on eth0 claims it too$/,
    )
    await report('node-b', { conflicts: [conflict] })
    await says(
      'web',
      'AddressConflict',
      /^192\.0\.2\.10: it is in use by the host 02:00:5e:20:00:99, heard by node "node-b"/,
    )
    await eventually('there is an event', async () => {
      const { stdout } = await api.kubectl([
        'get',
        'events',
        '--field-selector=reason=AddressConflict',
        '--output=name',
      ])
      return stdout.trim().split('\n').filter(Boolean).length === 1
    })
    await report('node-b', announcing('192.0.2.10'))
    await says('web', 'Announced', /node-b/)

    // The node is lost: what its object still says does not count.
    await report('node-b', { ...announcing('192.0.2.10'), expiredAt: new Date().toISOString() })
    await says('web', 'TakeoverPending', /node "node-a" is to announce it/)
  }).timeout(30_000)

  it('says that nothing serves, that nothing advertises, that no node may, and each no longer', async () => {
    await apply(endpoints('web', false), loadBalancer('web'))
    await says('web', 'NoEndpoints', /^no endpoint of the Service serves$/)
    await report('node-a', announcing('192.0.2.10'))
    await apply(endpoints('web'))
    await says('web', 'Announced', /node-a/)
    await kubectl(['delete', 'l2advertisement', 'all', '--namespace', namespace])
    await report('node-a', {})
    await says(
      'web',
      'NoMatchingAdvertisement',
      /^192\.0\.2\.10: no L2Advertisement or BGPAdvertisement applies to the pool "p" and this Service$/,
    )
    const exclude = { 'node.kubernetes.io/exclude-from-external-load-balancers': '' }
    await apply(node('node-a', exclude), metallb('L2Advertisement', 'all'))
    await report('node-b', { expiredAt: new Date().toISOString() })
    await says(
      'web',
      'NoEligibleNode',
      /^192\.0\.2\.10: no node may announce it: nodeLabeledExcludeBalancers \(node-a\), speakerNotRegistered \(node-b\)$/,
    )
    await apply(node('node-a'))
    await kubectl(['label', 'node', 'node-a', 'node.kubernetes.io/exclude-from-external-load-balancers-'])
    await says('web', 'TakeoverPending', /node "node-a"/)
  }).timeout(30_000)

  it('is taken off with the address, and never put on Services of others', async () => {
    await apply(endpoints('web'), loadBalancer('web'), endpoints('other'))
    const other = loadBalancer('other')
    await apply({ ...other, spec: { ...other.spec, loadBalancerClass: 'example.com/other' } })
    const conditions = [{ type: 'herald.io/Announced', status: 'True', reason: 'Theirs', message: '' }]
    const foreign = conditions.map(item => ({ ...item, lastTransitionTime: '2026-01-01T00:00:00Z' }))
    const status = { loadBalancer: { ingress: [{ ip: '192.0.2.10' }] }, conditions: foreign }
    const patch = ['--subresource=status', '--type=merge', '--patch', JSON.stringify({ status })]
    await kubectl(['patch', 'service', 'other', ...patch])
    await report('node-a', announcing('192.0.2.10'))
    await says('web', 'Announced', /node-a/)
    await apply({ ...loadBalancer('web'), spec: { type: 'ClusterIP', ports: [{ port: 80 }] } })
    await eventually('the condition is gone', async () => announcedOf(await get('web')) === undefined)
    assert.equal(announcedOf(await get('other'))?.reason, 'Theirs')
    await onNodes('other')
  }).timeout(20_000)

  it('keeps one ServiceL2Status for each Service and node that announces it', async () => {
    await apply(endpoints('web'), loadBalancer('web'))
    await report('node-a', announcing('192.0.2.10'))
    const [first] = await onNodes('web', 'node-a')
    assert.deepEqual(first?.metadata.labels, {
      'metallb.io/node': 'node-a',
      'metallb.io/service-name': 'web',
      'metallb.io/service-namespace': 'default',
    })
    const [owner] = first?.metadata.ownerReferences ?? []
    assert.deepEqual([owner?.kind, owner?.name], ['SpeakerStatus', 'node-a'])
    assert.deepEqual(first?.status, {
      ...{ node: 'node-a', serviceName: 'web', serviceNamespace: 'default' },
      interfaces: [{ name: 'eth0' }],
    })
    const table = await api.kubectl(['get', 'servicel2statuses', '--namespace', namespace])
    assert.match(
      table.stdout,
      /NAME +ALLOCATED NODE +SERVICE NAME +SERVICE NAMESPACE\nl2-[0-9a-f]{16} +node-a +web +default\n/,
    )

    // Whoever removes or edits it is put right.
    await kubectl(['delete', 'servicel2status', first!.metadata.name, '--namespace', namespace])
    await onNodes('web', 'node-a')
    const move = ['--subresource=status', '--type=merge', '--patch', '{"status":{"node":"elsewhere"}}']
    const moved = await api.kubectl([
      'patch',
      'servicel2status',
      first!.metadata.name,
      '--namespace',
      namespace,
      ...move,
    ])
    assert.match(moved.stderr, /Value is immutable/)

    await report('node-b', announcing('192.0.2.10'))
    await onNodes('web', 'node-a', 'node-b')
    await report('node-a', {})
    const [last] = await onNodes('web', 'node-b')

    // A restart changes nothing.
    const version = async () => JSON.stringify([await get('web'), await l2Statuses()])
    await says('web', 'Announced', /^192\.0\.2\.10 from node "node-b" on eth0 since/)
    const settled = await version()
    assert.equal(await controller.end(), 0)
    controller = await scene.startController()
    await new Promise(resolve => setTimeout(resolve, 3_000))
    assert.equal(await version(), settled)
    assert.equal(last?.status?.node, 'node-b')

    // Switched off, those that there are go, but for what others own.
    await apply({
      ...{ apiVersion: 'metallb.io/v1beta1', kind: 'ServiceL2Status' },
      metadata: { name: 'l2-foreign', namespace, labels: first!.metadata.labels },
    })
    await controller.end()
    controller = await scene.startController('--no-service-statuses')
    await eventually('only the foreign one is left', async () => {
      const names = (await l2Statuses()).map(({ metadata }) => metadata.name)
      return String(names) === 'l2-foreign'
    })
    await kubectl(['delete', 'servicel2status', 'l2-foreign', '--namespace', namespace])
    await controller.end()
    controller = await scene.startController()
  }).timeout(60_000)

  it('says on an L2Advertisement whether it is in use, and why not', async () => {
    const accepted = (name: string, status: string) => scene.accepted('l2advertisement', name, status)
    await accepted('all', 'True')
    await apply(metallb('L2Advertisement', 'twice', { interfaces: ['eth0', 'eth0'] }))
    const refused = await accepted('twice', 'False')
    assert.equal(refused.reason, 'Invalid')
    assert.equal(refused.message, 'Nothing is announced by it: spec.interfaces[1]: "eth0" is listed twice.')
    await eventually('there is an event', async () => {
      const { stdout } = await api.kubectl(['describe', 'l2advertisement', 'twice', '--namespace', namespace])
      return /Warning +Invalid .*herald-controller +Nothing is announced by it: spec\.interfaces\[1\]/.test(stdout)
    })
    await apply(metallb('L2Advertisement', 'twice', { interfaces: ['eth0'] }))
    await accepted('twice', 'True')
    await kubectl(['delete', 'l2advertisement', 'twice', '--namespace', namespace])
  }).timeout(20_000)

  it('creates the liveness Secret, and shows a speaker in one line', async () => {
    const { data } = await api.kubectlJson<{ data: { key: string } }>([
      ...['get', 'secret', 'herald-liveness', '--namespace', namespace],
    ])
    assert.match(Buffer.from(data.key, 'base64').toString(), /^[A-Za-z0-9+/]{43}=$/)
    await report('node-a', {
      ...announcing('192.0.2.10'),
      announcementCount: 1,
      conflicts: [{ address: '192.0.2.12', interface: 'eth0', mac: '02:00:5e:20:00:99' }],
    })
    const { stdout } = await api.kubectl(['get', 'speakerstatuses', 'node-a', '--namespace', namespace])
    assert.match(stdout, /^NAME +ANNOUNCING +CONFLICT +EXPIRED +AGE\nnode-a +1 +192\.0\.2\.12 +\d+[ms]\S*\n$/)
    const told = JSON.stringify(scene.logs())
    assert.ok(!told.includes(data.key) && !told.includes(Buffer.from(data.key, 'base64').toString()))
  })

  it('was never refused anything by the roles of the chart', () => {
    const refusals = scene.logs().filter(({ msg }) => String(msg).includes('permission'))
    assert.deepEqual(refusals, [])
  })
})
