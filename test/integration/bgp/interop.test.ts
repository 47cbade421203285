import assert from 'node:assert/strict'
import type { PeerConfig } from '../../../src/bgp/peer-config.ts'
import type { RouteAttributes } from '../../../src/bgp/route.ts'
import type { Family } from '../../../src/ip/address.ts'
import { type Neighbour, untilEstablished, untilRoutes } from '../../support/bgp/router.ts'
import { type BgpRouter, routerKinds } from '../../support/bgp/routers.ts'
import {
  address,
  BgpScene,
  nodeAddress,
  peerConfig,
  routesFor,
  type SpeakerUnderTest,
} from '../../support/bgp/scene.ts'
import { eventually } from '../../support/processes.ts'

const routerAs = 64512
const nodeAs = 64513
const prefixes = { 4: '203.0.113.1/32', 6: '2001:db8:ffff::1/128' } as const
const attributes: RouteAttributes = {
  localPreference: 150,
  communities: [0xfde80007, 0xffffff01],
  largeCommunities: [{ globalAdministrator: 64513, localData1: 1, localData2: 4_000_000_000 }],
  weight: 3,
}

/** One session: what is special about it at either end. The node has an address of its own for each. */
interface Case {
  readonly what: string
  readonly transport: Family
  readonly neighbour?: Partial<Neighbour>
  readonly peer?: Partial<PeerConfig>
  /** at the router's other address: an MD5 key of a listener belongs to an address */
  readonly other?: boolean
  /** over a router in between */
  readonly far?: boolean
  /** no session may come of it */
  readonly never?: boolean
  /** which routers can do it; default: all */
  readonly only?: readonly BgpRouter['name'][]
  /** default: the node's AS */
  readonly asPath?: string
  /** IPv4 routes have an IPv6 next hop (RFC 8950) */
  readonly extendedNextHop?: boolean
}

const bigAs = 4_200_000_001
const called = { passive: false }
const toCall: Partial<PeerConfig> = { mode: 'passive' }
const internal = { neighbour: { peerAs: routerAs }, asPath: '' }

const cases: readonly Case[] = [
  { what: 'eBGP over IPv4', transport: 4 },
  { what: 'eBGP over IPv6', transport: 6 },
  { what: 'called by the router over IPv4', transport: 4, neighbour: called, peer: toCall },
  { what: 'called by the router over IPv6', transport: 6, neighbour: called, peer: toCall },
  { what: 'called from both sides over IPv4', transport: 4, neighbour: called, peer: { mode: 'both' } },
  { what: 'called from both sides over IPv6', transport: 6, neighbour: called, peer: { mode: 'both' } },
  { what: 'iBGP over IPv4', transport: 4, ...internal, peer: { localAs: routerAs, peerAs: routerAs } },
  { what: 'iBGP over IPv6', transport: 6, ...internal, peer: { localAs: routerAs, peerAs: 'internal' } },
  { what: 'both families over IPv4', transport: 4, neighbour: { families: [4, 6] }, peer: { families: [4, 6] } },
  { what: 'both families over IPv6', transport: 6, neighbour: { families: [4, 6] }, peer: { families: [6, 4] } },
  {
    what: 'IPv4 routes with an IPv6 next hop',
    transport: 6,
    neighbour: { families: [4, 6], extendedNextHop: true },
    peer: { families: [6, 4] },
    extendedNextHop: true,
  },
  { what: 'the other AS found out', transport: 4, peer: { peerAs: 'external' } },
  {
    what: 'an AS number of four octets',
    transport: 4,
    neighbour: { peerAs: bigAs },
    peer: { localAs: bigAs },
    asPath: String(bigAs),
  },
  {
    what: 'a router that knows AS numbers of two octets alone',
    transport: 4,
    neighbour: { twoOctetAs: true },
    only: ['BIRD'],
  },
  {
    what: 'another AS of the router on this session',
    transport: 6,
    neighbour: { routerAs: 64999 },
    peer: { peerAs: 64999 },
    only: ['FRR', 'BIRD'],
  },
  { what: 'an MD5 password', transport: 4, neighbour: { password: 'secret' }, peer: { password: 'secret' } },
  {
    what: 'an MD5 password, called by the router',
    transport: 6,
    other: true,
    neighbour: { ...called, password: 'secret6' },
    peer: { ...toCall, password: 'secret6' },
  },
  { what: 'TTL security', transport: 4, neighbour: { ttlSecurity: true }, peer: { ttlSecurityHops: 1 } },
  {
    what: 'TTL security, called by the router',
    transport: 6,
    neighbour: { ...called, ttlSecurity: true },
    peer: { ...toCall, ttlSecurityHops: 1 },
  },
  { what: 'a router a hop away', transport: 4, far: true, neighbour: { multihop: true }, peer: { multihop: true } },
  {
    what: 'a wrong MD5 password',
    transport: 4,
    neighbour: { password: 'secret' },
    peer: { password: 'guess' },
    never: true,
  },
  { what: 'a missing MD5 password', transport: 6, neighbour: { password: 'secret' }, never: true },
  { what: 'a password of which the router knows nothing', transport: 6, peer: { password: 'secret' }, never: true },
  { what: 'another AS than is expected', transport: 4, peer: { peerAs: 64998 }, never: true },
]

describe('BGP with routers', function () {
  this.timeout(40_000)

  for (const kind of routerKinds) {
    describe(kind.name, () => {
      const chosen = cases.filter(({ only }) => !only || only.includes(kind.name))
      let scene: BgpScene
      let router: BgpRouter
      let speaker: SpeakerUnderTest
      /** by what the case is about: the node's address and the router's */
      const ends = new Map<Case, { node: string; router: string }>()

      before(async function () {
        if (!kind.usable()) this.skip()
        scene = new BgpScene()
        const cable = scene.addCable(chosen.length)
        const { farNode, farRouter } = scene.addHop(cable)
        for (const [i, one] of chosen.entries()) {
          const { transport, other, far } = one
          const here = {
            node: nodeAddress(0, transport, i + 1),
            router: (other ? cable.other : cable.router)[transport],
          }
          ends.set(one, far ? { node: farNode, router: farRouter } : here)
        }
        router = kind.create(cable.namespace, {
          asNumber: routerAs,
          routerId: cable.router[4],
          neighbours: [...ends].map(([{ transport, neighbour }, end]) => ({
            address: end.node,
            peerAs: nodeAs,
            routerAddress: end.router,
            routerAs,
            families: [transport],
            passive: true,
            ...neighbour,
          })),
        })
        await router.start()
        speaker = scene.speaker()
        const routes = routesFor(Object.values(prefixes), attributes)
        speaker.peers.setRoutes(new Map(chosen.map(({ what }) => [what, routes])))
        speaker.peers.setPeers([...ends].map(([one, end]) => configOf(one, end)))
      })

      after(async () => {
        await scene?.stopSpeakers()
        router?.stop()
        scene?.remove()
      })

      for (const one of chosen.filter(({ never }) => !never)) {
        it(one.what, async () => {
          await speaker.untilState(one.what, 'Established')
          const { node } = ends.get(one)!
          await untilEstablished(router, node)
          for (const family of one.peer?.families ?? [one.transport]) {
            const seen = await untilRoutes(router, node, family, [prefixes[family]])
            const route = seen.get(prefixes[family])!
            const { asPath = String(nodeAs) } = one
            const isInternal = asPath === ''
            assert.deepEqual(
              { ...route, localPreference: isInternal ? route.localPreference : undefined },
              {
                nextHop: nextHop(one, node, family),
                asPath,
                origin: 'IGP',
                localPreference: isInternal ? 150 : undefined,
                communities: ['65000:7', '65535:65281'],
                largeCommunities: ['64513:1:4000000000'],
                linkBandwidth: 375_000,
              },
            )
          }
        })
      }

      for (const one of chosen.filter(({ never }) => never)) {
        it(`no session: ${one.what}`, async () => {
          const expected = one.peer?.peerAs ? /AS 64512, where 64998 is expected/ : /does not answer/
          const told = () =>
            speaker.log.some(({ level, fields: { peer, problem } }) => {
              return level === 'warn' && peer === one.what && expected.test(String(problem))
            })
          await eventually('a warning with the reason', told, { timeoutMs: 20_000 })
          assert.ok(speaker.session(one.what)?.lastError)
          assert.equal(await router.established(ends.get(one)!.node), false)
          assert.equal(speaker.counters(one.what).establishments, 0)
        })
      }

      it('has had no session twice', () => {
        for (const { what, never } of chosen) {
          assert.equal(speaker.counters(what).establishments, never ? 0 : 1, what)
        }
      })

      function nextHop(one: Case, node: string, family: Family): string {
        // GoBGP takes IPv6 next hops of IPv4 routes wherever it can.
        const extended = one.extendedNextHop || (kind.name === 'GoBGP' && one.transport === 6)
        if (family === one.transport || extended) return node
        const cable = scene.interfaces().find(({ name }) => name === 'cable0')!
        return cable.addresses.map(cidr => cidr.split('/')[0]!).find(text => text.includes(':') === (family === 6))!
      }
    })
  }
})

function configOf({ what, peer }: Case, end: { node: string; router: string }): PeerConfig {
  const location = { type: 'address', address: address(end.router) } as const
  return peerConfig({ name: what, location, sourceAddress: address(end.node), ...peer })
}
