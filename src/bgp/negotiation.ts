import type { Family } from '../ip/address.ts'

/** What holds on a session, from both OPENs. */
export interface Negotiated {
  readonly localAs: number
  readonly peerAs: number
  /** iBGP: both ends are in one AS */
  readonly internal: boolean
  readonly peerIdentifier: number
  /** 0: no hold timer and no keepalives */
  readonly holdTimeSeconds: number
  readonly keepaliveSeconds: number
  readonly fourOctetAs: boolean
  readonly extendedMessage: boolean
  /** what both ends speak, in our order; at least one */
  readonly families: readonly Family[]
  /** RFC 8950: IPv4 prefixes may have an IPv6 next hop */
  readonly extendedNextHop: boolean
  readonly routeRefresh: boolean
  readonly enhancedRouteRefresh: boolean
  /** undefined unless both ends have it */
  readonly gracefulRestart?: NegotiatedGracefulRestart
}

export interface NegotiatedGracefulRestart {
  /** how long the peer's own restart may take */
  readonly restartTimeSeconds: number
  /** RFC 8538: both ends keep routes over a NOTIFICATION that is no Hard Reset */
  readonly notification: boolean
  /** whose forwarding the peer can keep over its own restart; none: it only helps others */
  readonly families: readonly Family[]
}
