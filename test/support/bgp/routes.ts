import type { Negotiated } from '../../../src/bgp/negotiation.ts'
import type { ExportSession } from '../../../src/bgp/rib/adj-rib-out.ts'
import type { Route, RouteAttributes } from '../../../src/bgp/route.ts'
import { Routes } from '../../../src/bgp/routes.ts'
import { formatPrefix, parsePrefix } from '../../../src/ip/prefix.ts'
import { address } from '../addresses.ts'

export { address } from '../addresses.ts'

export const PLAIN: RouteAttributes = { communities: [], largeCommunities: [] }

export function route(text: string, attributes = PLAIN): Route {
  return { prefix: parsePrefix(text)!, attributes }
}

export function routesOf(list: Iterable<Route>): Routes {
  return Routes.none.with([...list].map(item => [formatPrefix(item.prefix), item]))
}

/** So many host routes, one after the other. */
export function hostRoutes(count: number, attributes: (index: number) => RouteAttributes = () => PLAIN): Route[] {
  return Array.from({ length: count }, (_, index) => route(`198.51.${index >> 8}.${index & 255}/32`, attributes(index)))
}

/** A session as a node has it with a router: external, both families, both next hops known. */
export function exportSession(
  negotiated: Partial<Negotiated> = {},
  nextHops: ExportSession['nextHops'] = {
    4: { global: address('192.0.2.1') },
    6: { global: address('2001:db8::1'), linkLocal: address('fe80::1') },
  },
): ExportSession {
  return {
    negotiated: {
      localAs: 64512,
      peerAs: 64513,
      internal: false,
      peerIdentifier: 1,
      holdTimeSeconds: 90,
      keepaliveSeconds: 30,
      fourOctetAs: true,
      extendedMessage: false,
      families: [4, 6],
      extendedNextHop: false,
      routeRefresh: true,
      enhancedRouteRefresh: false,
      ...negotiated,
    },
    nextHops,
  }
}
