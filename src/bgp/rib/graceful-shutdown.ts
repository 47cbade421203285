import type { RouteAttributes } from '../route.ts'

/** RFC 8326 §3: routers prefer any other path to one that carries it. */
export const GRACEFUL_SHUTDOWN = 0xffff0000

/** The attributes of a route that is about to be withdrawn (RFC 8326 §4.1): with local preference 0 where one is told at all. */
export function withGracefulShutdown(attributes: RouteAttributes): RouteAttributes {
  const others = attributes.communities.filter(community => community !== GRACEFUL_SHUTDOWN)
  const communities = [...others, GRACEFUL_SHUTDOWN].sort((a, b) => a - b)
  return { ...attributes, communities, localPreference: 0 }
}
