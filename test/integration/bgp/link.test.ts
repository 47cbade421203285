import assert from 'node:assert/strict'
import type { BfdParameters, PeerConfig } from '../../../src/bgp/peer-config.ts'
import { RouterEnd } from '../../support/bfd/router-end.ts'
import { FrrRouter } from '../../support/bgp/frr.ts'
import { type Neighbour, untilRoutes } from '../../support/bgp/router.ts'
import { address, BgpScene, type Cable, nodeAddress, peerConfig, routesFor } from '../../support/bgp/scene.ts'
import type { SpeakerUnderTest } from '../../support/bgp/speaker.ts'
import { hasFrr } from '../../support/frr.ts'
import { canMakeNamespaces } from '../../support/netns.ts'
import { eventually } from '../../support/processes.ts'

const bfd: BfdParameters = {
  receiveIntervalMs: 100,
  transmitIntervalMs: 100,
  detectMultiplier: 3,
  passive: false,
  minimumTtl: 254,
}
const prefixes = ['203.0.113.1/32', '2001:db8:ffff::1/128']
const patience = { timeoutMs: 20_000 }

describe('BGP with what the link thread does for it', function () {
  this.timeout(60_000)
  let scene: BgpScene
  let cable: Cable
  let router: FrrRouter
  let speaker: SpeakerUnderTest
  let link: RouterEnd

  before(function () {
    if (!canMakeNamespaces() || !hasFrr()) {
      console.log('skipped: it needs root and the Debian package frr')
      this.skip()
    }
  })

  beforeEach(() => {
    scene = new BgpScene()
    cable = scene.addCable()
  })

  afterEach(async () => {
    await scene?.stopSpeakers()
    link?.stop()
    router?.stop()
    scene?.remove()
  })

  /** Starts both ends, the speaker with its link thread's part. */
  async function start(neighbour: Partial<Neighbour>, config: Partial<PeerConfig>): Promise<void> {
    const local = { address: nodeAddress(0, 4, 1), peerAs: 64513, routerAddress: cable.router[4], routerAs: 64512 }
    router = new FrrRouter(cable.namespace, {
      asNumber: 64512,
      routerId: cable.router[4],
      forwarding: true,
      bfdd: 'hostname bfdd\n',
      neighbours: [{ ...local, families: [4, 6], bfd: true, ...neighbour }],
    })
    speaker = scene.speaker({ onBfdWanted: sessions => link.setSessions(...sessions) })
    link = new RouterEnd(scene.node, {
      onSessions: sessions => speaker.peers.setBfdSessions(sessions),
      onNeighbours: neighbours => speaker.peers.setNeighbours(neighbours),
    })
    await link.start()
    const location = { type: 'address', address: address(cable.router[4]) } as const
    speaker.peers.setRoutes(new Map([['router', routesFor(prefixes)]]))
    speaker.peers.setPeers([peerConfig({ name: 'router', location, families: [4, 6], bfd, ...config })])
    link.driver.setUnnumbered(speaker.peers.wantedUnnumbered())
    await router.start()
    await speaker.untilState('router', 'Established', 30_000)
  }

  it('speaks with whoever is on an interface, about both families, by link-local addresses', async () => {
    const location = { type: 'interface', interface: cable.interfaceName } as const
    await start({ address: 'veth0', unnumbered: true }, { location, mode: 'both', peerAs: 'external' })
    const own = linkLocal()
    for (const [i, family] of ([4, 6] as const).entries()) {
      const routes = await untilRoutes(router, own, family, [prefixes[i]!])
      assert.equal(routes.get(prefixes[i]!)?.nextHop, own)
    }
    await eventually('BFD', () => speaker.session('router')?.bfd === 'Up', patience)
    assert.match(speaker.session('router')?.address ?? '', /^fe80::.*%cable0$/)
    await eventually('the routes in the kernel', () => cable.namespace.ip('route show').includes('203.0.113.1 '))
    assert.match(cable.namespace.ip('route show 203.0.113.1'), /via inet6 fe80::.* dev veth0/)
  })

  it('ends a session when BFD finds that the path is dead, and begins another when it lives', async () => {
    await start({}, {})
    await eventually('BFD', () => speaker.session('router')?.bfd === 'Up', patience)
    const nft = (...words: string[]) => cable.namespace.exec('nft', words)
    nft('add', 'table', 'inet', 'deaf')
    nft('add', 'chain', 'inet', 'deaf', 'in', '{ type filter hook input priority 0; }')
    nft('add', 'chain', 'inet', 'deaf', 'out', '{ type filter hook output priority 0; }')
    nft('add', 'rule', 'inet', 'deaf', 'out', 'udp', 'dport', '3784', 'drop')
    await eventually('the end of the session', () => speaker.session('router')?.state !== 'Established', patience)
    assert.match(speaker.session('router')?.lastError ?? '', /BFD/)
    nft('delete', 'table', 'inet', 'deaf')
    await eventually('BFD again', () => speaker.session('router')?.bfd === 'Up', patience)
    await speaker.untilState('router', 'Established')
    await untilRoutes(router, nodeAddress(0, 4, 1), 4, [prefixes[0]!])
  })

  function linkLocal(): string {
    return scene.node.ip(`-6 -o address show dev ${cable.interfaceName} scope link`).match(/inet6 ([0-9a-f:]+)/)![1]!
  }
})
