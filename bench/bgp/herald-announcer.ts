/**
 * Herald's driver for BGP as a process: announces routes that it makes up, without an API server. Its argument is a HeraldAnnouncerInit; it
 * tells its parent when it is ready, and changes one route whenever the parent says which.
 */
import type { Routes } from '../../src/bgp/routes.ts'
import { BgpPeers } from '../../src/bin/speaker/bgp/bgp-peers.ts'
import { SystemClock } from '../../src/io/clock.ts'
import { connectTcp, listenTcp } from '../../src/io/tcp.ts'
import { silentLogger } from '../../src/kubernetes/logger.ts'
import { BgpDecisions } from '../../src/speaker/bgp/bgp-decisions.ts'
import { address } from '../../test/support/addresses.ts'
import { route, routesOf } from '../../test/support/bgp/routes.ts'
import { peerConfig } from '../../test/support/bgp/speaker.ts'
import { BgpWorld } from '../../test/support/bgp/world.ts'
import { pool } from '../../test/support/services.ts'
import { monotonicMs } from './message-counter.ts'
import { announcedAddress, POOL } from './prefixes.ts'

export interface HeraldAnnouncerInit {
  readonly routers: readonly string[]
  readonly port: number
  readonly localAs: number
  readonly peerAs: number
  readonly prefixes: number
  /** decides from Services in memory, as a speaker does; otherwise has routes alone */
  readonly services: boolean
}

/** How the process answers when it has changed a route. */
export interface Changed {
  /** by the clock of monotonicMs(), before anything was done */
  readonly startedMs: number
}

/** What is announced, by name of the peer. */
interface Source {
  routes(): ReadonlyMap<string, Routes>
  /** Takes the route away, or brings it back. */
  change(index: number): void
}

class World extends BgpWorld {
  override readonly pools = [pool('pool', [POOL])]
}

function fromServices({ prefixes, routers }: HeraldAnnouncerInit): Source {
  const world = new World()
  world.peers = () => [...routers]
  for (let index = 0; index < prefixes; index++) world.put(`service-${index}`, [announcedAddress(index)])
  const decisions = new BgpDecisions({ sources: world }, { nodeName: 'node-a' })
  return {
    routes: () => decisions.settle(performance.now()).routes,
    change(index) {
      const key = `default/service-${index}`
      const announced = (world.services.get(key)?.ingress.length ?? 0) > 0
      decisions.touch(world.put(`service-${index}`, announced ? [] : [announcedAddress(index)]))
    },
  }
}

function fromRoutes({ prefixes, routers }: HeraldAnnouncerInit): Source {
  const prefix = (index: number) => `${announcedAddress(index)}/32`
  let routes = routesOf(Array.from({ length: prefixes }, (_, index) => route(prefix(index))))
  return {
    routes: () => new Map(routers.map(router => [router, routes])),
    change(index) {
      const key = prefix(index)
      routes = routes.with([[key, routes.get(key) ? undefined : route(key)]])
    },
  }
}

const init = JSON.parse(process.argv[2] ?? '{}') as HeraldAnnouncerInit
const source = init.services ? fromServices(init) : fromRoutes(init)
const peers = new BgpPeers(
  { clock: new SystemClock(), random: Math.random, connectTcp, listenTcp, logger: silentLogger },
  { nodeName: 'node-a', onBfdWanted: () => {}, onSessions: () => peers.sessions() },
)
peers.setNodeAddresses([address('192.0.2.1')])
peers.setRoutes(source.routes())
peers.setPeers(
  init.routers.map(router =>
    peerConfig({
      name: router,
      location: { type: 'address', address: address(router) },
      port: init.port,
      localAs: init.localAs,
      peerAs: init.peerAs,
    }),
  ),
)
process.on('message', (index: number) => {
  const startedMs = monotonicMs()
  source.change(index)
  peers.setRoutes(source.routes())
  process.send?.({ startedMs } satisfies Changed)
})
process.send?.('ready')
