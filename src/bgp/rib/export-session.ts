import type { Family } from '../../ip/address.ts'
import { Afi, AsSegmentType, type NextHop, Origin, type PathAttributes } from '../message.ts'
import type { Negotiated } from '../negotiation.ts'
import type { RouteAttributes } from '../route.ts'
import { withGracefulShutdown } from './graceful-shutdown.ts'
import { linkBandwidth } from './link-bandwidth.ts'

/** By family of the prefixes; that of IPv4 may be of IPv6 where the session allows it. Prefixes without a next hop are not announced. */
export type NextHops = Readonly<Partial<Record<Family, NextHop>>>

/** What of a session shapes the routes that are told on it. */
export interface ExportSession {
  readonly negotiated: Negotiated
  readonly nextHops: NextHops
}

/** What LOCAL_PREF is where configuration names none: the value that routers give a path which comes without. */
const DEFAULT_LOCAL_PREFERENCE = 100

export const AFI_OF = { 4: Afi.ipv4, 6: Afi.ipv6 } as const

/** Whether prefixes of a family can be announced at all. */
export function canAnnounce({ negotiated, nextHops }: ExportSession, family: Family): boolean {
  const nextHop = nextHops[family]
  if (!nextHop || !negotiated.families.includes(family)) return false
  const nextHopFamily = nextHop.global?.family ?? 6
  // RFC 8950 §4: an IPv6 next hop of IPv4 prefixes needs the peer's capability.
  return nextHopFamily === family || (family === 4 && negotiated.extendedNextHop)
}

/**
 * Whether prefixes of a family travel in MP_REACH_NLRI: all but IPv4 with an IPv4 next hop, which every speaker understands in the
 * message's own field.
 */
export function needsMpReach({ nextHops }: ExportSession, family: Family): boolean {
  return family === 6 || nextHops[family]?.global?.family !== 4
}

/** The path attributes of routes that originate here, but for the next hop. */
export function pathAttributes(
  route: RouteAttributes,
  { negotiated }: Pick<ExportSession, 'negotiated'>,
  gracefulShutdown: boolean,
): PathAttributes {
  const { localPreference, communities, largeCommunities, weight } = gracefulShutdown
    ? withGracefulShutdown(route)
    : route
  const { localAs, internal } = negotiated
  return {
    origin: Origin.igp,
    // RFC 4271 §5.1.2 b
    asPath: internal ? [] : [{ type: AsSegmentType.sequence, asNumbers: [localAs] }],
    // RFC 4271 §5.1.5: on all internal sessions, and on no other.
    ...(internal && { localPreference: localPreference ?? DEFAULT_LOCAL_PREFERENCE }),
    ...(communities.length > 0 && { communities }),
    ...(weight !== undefined && { extendedCommunities: [linkBandwidth(localAs, weight)] }),
    ...(largeCommunities.length > 0 && { largeCommunities }),
  }
}
