import type { Prefix } from '../ip/prefix.ts'
import type { LargeCommunity } from './message.ts'

/**
 * What is announced with a prefix, as far as configuration decides it; origin, AS path and next hop come from the session. Lists are sorted
 * and without repetition. Routes with the same attributes share one object, so that what goes into one UPDATE is found by identity.
 */
export interface RouteAttributes {
  /** sent on internal sessions alone (RFC 4271 §5.1.5) */
  readonly localPreference?: number
  /** RFC 1997 */
  readonly communities: readonly number[]
  /** RFC 8092 */
  readonly largeCommunities: readonly LargeCommunity[]
  /**
   * How many paths' share of the traffic the route deserves: the ready endpoints behind it. Told as the link bandwidth community
   * (draft-ietf-idr-link-bandwidth), so that routers balance by it; undefined: not told.
   */
  readonly weight?: number
}

export interface Route {
  readonly prefix: Prefix
  readonly attributes: RouteAttributes
}
