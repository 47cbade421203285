import assert from 'node:assert/strict'
import { bgpSessionStatusName } from '../../../src/resources/bgp-session-status.ts'
import {
  ControllerScene,
  endpoints,
  loadBalancer,
  metallb,
  HERALD_NAMESPACE as namespace,
} from '../../support/controller-scene.ts'
import { eventually, type Running } from '../../support/processes.ts'

interface BgpStatus {
  metadata: { name: string; labels: Record<string, string>; ownerReferences: { kind: string; name: string }[] }
  status?: { node: string; serviceName: string; serviceNamespace: string; peers: string[] }
}

describe('what the controller tells of announcing by BGP, against a real API server', () => {
  let scene: ControllerScene
  let controller: Running

  const apply = (...items: object[]) => scene.apply(...items)
  const says = (name: string, reason: string, message: RegExp) => scene.says(name, reason, message)
  const peer = (name: string, spec: object = {}) => {
    const peerAddress = name === 'tor-1' ? '192.0.2.251' : '192.0.2.252'
    return metallb('BGPPeer', name, { myASN: 64500, peerASN: 64501, peerAddress, ...spec }, 'v1beta2')
  }
  /** What the speaker of a node would write of a session. */
  const session = async (node: string, peer: string, status: object) => {
    const name = bgpSessionStatusName(node, peer)
    const metadata = { name, namespace }
    await apply({ apiVersion: 'herald.io/v1alpha1', kind: 'BGPSessionStatus', metadata })
    await scene.patchStatus('bgpsessionstatus', name, { node, peer, ...status })
  }
  const established = { state: 'Established', prefixesSent: 1 }
  const allEstablished = async () => {
    for (const node of ['node-a', 'node-b']) {
      for (const peer of ['tor-1', 'tor-2']) await session(node, peer, established)
    }
  }
  const statuses = async () =>
    (await scene.api.kubectlJson<{ items: BgpStatus[] }>(['get', 'servicebgpstatuses', '--namespace', namespace])).items
  const told = (name: string, ...wanted: string[]) =>
    eventually(`${name} has ServiceBGPStatuses ${wanted.join(', ') || 'none'}`, async () => {
      const items = (await statuses()).filter(({ status }) => status?.serviceName === name)
      const found = items.map(({ status }) => `${status?.node}: ${status?.peers.join(' ')}`).sort()
      return String(found) === String(wanted) && items
    })

  before(async function () {
    this.timeout(90_000)
    scene = await ControllerScene.begin()
    await scene.register('node-a', 'node-b')
    await Promise.all(['node-a', 'node-b'].map(name => scene.report(name, {})))
    await apply(metallb('IPAddressPool', 'p', { addresses: ['192.0.2.10-192.0.2.12'] }))
    controller = await scene.startController()
  })

  beforeEach(async () => {
    await apply(metallb('BGPAdvertisement', 'all'), peer('tor-1'), peer('tor-2'))
    await allEstablished()
  })

  afterEach(async function () {
    this.timeout(20_000)
    await scene.clear()
    await eventually('all ServiceBGPStatuses are gone', async () => (await statuses()).length === 0)
  })

  after(() => scene?.end())

  it('says from which nodes to which peers, and follows the sessions', async () => {
    await apply(endpoints('web'), loadBalancer('web'))
    const all =
      /^192\.0\.2\.10 by BGP from nodes "node-a", "node-b" to peers "tor-1", "tor-2": 4 of 4 sessions established$/
    const { lastTransitionTime } = await says('web', 'Announced', all)
    await session('node-b', 'tor-1', { state: 'Idle', lastError: 'hold timer expired' })
    const some = await says(
      'web',
      'Announced',
      /: 3 of 4 sessions established, down: "tor-1" on node-b \(hold timer expired\)$/,
    )
    assert.equal(some.lastTransitionTime, lastTransitionTime)
    for (const [node, peer] of [
      ['node-a', 'tor-1'],
      ['node-a', 'tor-2'],
      ['node-b', 'tor-2'],
    ] as const) {
      await session(node, peer, { state: 'Active', lastError: 'connection refused' })
    }
    const none = await says(
      'web',
      'NoSession',
      /^192\.0\.2\.10: none of the 4 BGP sessions is established: "tor-1" on node-a \(connection refused\), "tor-1" on node-b \(hold timer expired\), "tor-2" on node-a, node-b \(connection refused\)$/,
    )
    assert.equal(none.status, 'False')
    const describe = await scene.api.kubectl(['describe', 'service', 'web'])
    assert.match(describe.stdout, /Warning +NoSession .*herald-controller +192\.0\.2\.10: none of the 4 BGP sessions/)
    await session('node-a', 'tor-2', established)
    await says('web', 'Announced', /: 1 of 4 sessions established/)
  }).timeout(40_000)

  it('writes nothing while a session flaps, counts prefixes, or fails again alike', async () => {
    await apply(endpoints('web'), loadBalancer('web'))
    await says('web', 'Announced', /4 of 4/)
    const before = (await scene.service('web')).metadata.resourceVersion
    for (let round = 1; round <= 8; round++) {
      await session('node-a', 'tor-1', { ...established, prefixesSent: round })
      await session('node-b', 'tor-2', round % 2 ? { state: 'Idle', lastError: 'reset' } : established)
    }
    await new Promise(resolve => setTimeout(resolve, 5_000))
    assert.equal((await scene.service('web')).metadata.resourceVersion, before)
  }).timeout(30_000)

  it('names what is refused on the object and on the Services that it concerns', async () => {
    await apply(endpoints('web'), loadBalancer('web'))
    await says('web', 'Announced', /4 of 4/)
    await apply(peer('tor-2', { passwordSecret: { name: 'tor-password' } }))
    const refused = await scene.accepted('bgppeer', 'tor-2', 'False')
    const missing = 'spec.passwordSecret: there is no Secret "tor-password" in the namespace "herald-system"'
    assert.equal(refused.message, `No session is held with the peer: ${missing}.`)
    await says(
      'web',
      'Announced',
      /to peer "tor-1": 2 of 2 sessions established; refused: BGPPeer "tor-2" \(spec\.passwordSecret: there is no Secret/,
    )
    await eventually('there is an event', async () => {
      const { stdout } = await scene.api.kubectl(['describe', 'bgppeer', 'tor-2', '--namespace', namespace])
      return /Warning +Invalid .*herald-controller +No session is held with the peer/.test(stdout)
    })
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'tor-password', namespace } }
    await apply({ ...secret, type: 'kubernetes.io/basic-auth', stringData: { password: 'never-to-be-told' } })
    await scene.accepted('bgppeer', 'tor-2', 'True')
    await says('web', 'Announced', /4 of 4 sessions established$/)
    assert.ok(!JSON.stringify(scene.logs()).includes('never-to-be-told'))
    await scene.remove('secret', 'tor-password')

    await apply(peer('tor-1', { bfdProfile: 'fast' }))
    await says('web', 'NoPeer', /: noPeer \(node-a, node-b\); refused: BGPPeer "tor-1" .*, BGPPeer "tor-2" /)
    await apply(metallb('BFDProfile', 'fast', { detectMultiplier: 3 }))
    await scene.accepted('bfdprofile', 'fast', 'True')
    await says('web', 'Announced', /2 of 2/)

    await apply(metallb('BGPAdvertisement', 'all', { communities: ['gold'] }))
    await scene.accepted('bgpadvertisement', 'all', 'False')
    await says('web', 'NoMatchingAdvertisement', /; refused: BGPAdvertisement "all" \(spec\.communities\[0\]: "gold"/)
    await apply(metallb('Community', 'metals', { communities: [{ name: 'gold', value: '64500:1' }] }))
    await scene.accepted('community', 'metals', 'True')
    await says('web', 'Announced', /2 of 2/)
    await scene.remove('community', 'metals')
    await scene.remove('bfdprofile', 'fast')
    // Fields that were applied and are not any more go.
    await apply(metallb('BGPAdvertisement', 'all'), peer('tor-1'), peer('tor-2'))
    await says('web', 'Announced', /4 of 4/)
  }).timeout(60_000)

  it('keeps one ServiceBGPStatus for each Service and node, in the words of MetalLB', async () => {
    await apply(endpoints('web'), loadBalancer('web'))
    const [first] = await told('web', 'node-a: tor-1 tor-2', 'node-b: tor-1 tor-2')
    assert.match(first?.metadata.name ?? '', /^bgp-[0-9a-f]{16}$/)
    const { 'metallb.io/node': node, ...labels } = first?.metadata.labels ?? {}
    assert.deepEqual(labels, { 'metallb.io/service-name': 'web', 'metallb.io/service-namespace': 'default' })
    assert.deepEqual(
      first?.metadata.ownerReferences.map(({ kind, name }) => [kind, name]),
      [['SpeakerStatus', node]],
    )
    await session('node-a', 'tor-1', { state: 'Idle' })
    await apply(peer('tor-2', { nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': 'node-b' } }] }))
    await told('web', 'node-a: tor-1', 'node-b: tor-1 tor-2')
    const table = await scene.api.kubectl(['get', 'servicebgpstatuses', '--namespace', namespace])
    assert.match(
      table.stdout,
      /NAME +NODE +SERVICE NAME +SERVICE NAMESPACE\nbgp-[0-9a-f]{16} +node-[ab] +web +default\n/,
    )

    const ids = async () => (await statuses()).map(({ metadata }) => metadata.name).sort()
    const names = await ids()
    await controller.end()
    controller = await scene.startController()
    await new Promise(resolve => setTimeout(resolve, 1_500))
    assert.deepEqual(await ids(), names, 'a restart changes nothing')
    await controller.end()
    controller = await scene.startController('--no-service-statuses')
    await told('web')
    await controller.end()
    controller = await scene.startController()
    await told('web', 'node-a: tor-1', 'node-b: tor-1 tor-2')
    await apply(peer('tor-2'))
  }).timeout(60_000)

  it('tells of both protocols where both announce', async () => {
    await apply(metallb('L2Advertisement', 'all'), endpoints('web'), loadBalancer('web'))
    await says(
      'web',
      'Announced',
      /^192\.0\.2\.10 by BGP .*: 4 of 4 sessions established, but not by layer 2: node "node-[ab]" is to/,
    )
    const since = '2026-01-01T12:00:00Z'
    await scene.report('node-a', { announcements: [{ address: '192.0.2.10', interfaces: ['eth0'], since }] })
    await says(
      'web',
      'Announced',
      /^192\.0\.2\.10 from node "node-a" on eth0 since 2026-01-01T12:00:00Z and by BGP from nodes/,
    )
    await scene.remove('bgpadvertisement', 'all')
    await says('web', 'Announced', /^192\.0\.2\.10 from node "node-a" on eth0 since 2026-01-01T12:00:00Z$/)
    await scene.remove('l2advertisement', 'all')
    await scene.report('node-a', {})
    await says('web', 'NoMatchingAdvertisement', /no L2Advertisement or BGPAdvertisement applies to the pool "p"/)
  }).timeout(40_000)

  it('was never refused anything by the roles of the chart', () => {
    const refusals = scene.logs().filter(({ msg }) => String(msg).includes('permission'))
    assert.deepEqual(refusals, [])
  })
})
