import type { BfdParameters } from '../bgp/peer-config.ts'
import type { Address } from '../ip/address.ts'

/** A BFD session that BGP wants with a router (RFC 5882 §4.3). */
export interface RouterSessionConfig extends BfdParameters {
  /** who wants it: the name of the BGPPeer */
  readonly id: string
  readonly address: Address
  /** the router is on this interface and nowhere else; a link-local address needs it */
  readonly interface?: string
  /** from which of the node's addresses; default: as the routing table says */
  readonly localAddress?: Address
  /** RFC 5883 instead of RFC 5881 */
  readonly multihop: boolean
  /** the VRF device to bind to */
  readonly vrf?: string
}

/**
 * States as users and BGP see them, named by RFC 5880 §4.1. `AdminDown`: the router has switched its end off, or was told to, which says
 * nothing of the path and must not end a BGP session (RFC 5882 §3.2). It stays until the session comes up again.
 */
export const ROUTER_SESSION_STATES = ['Up', 'Init', 'Down', 'AdminDown'] as const
export type RouterSessionState = (typeof ROUTER_SESSION_STATES)[number]

/** What is known of a wanted session. One that has not been up since it was asked for is Down with diagnostic `none`. */
export interface RouterSession {
  readonly id: string
  readonly state: RouterSessionState
  /** wall clock */
  readonly sinceMs: number
  /** why it was last not Up, in words (RFC 5880 §4.1) */
  readonly diagnostic: string
}

/** What a session has counted since somebody wanted it. Herald has no Echo packets to count. */
export interface RouterSessionCounters {
  readonly id: string
  readonly address: Address
  readonly vrf?: string
  readonly up: boolean
  /** control packets that passed every check */
  readonly packetsReceived: number
  readonly packetsSent: number
  /** how often it came up */
  readonly upEvents: number
  /** how often it was up and went down */
  readonly downEvents: number
}
