import type { Address, Family } from '../ip/address.ts'

/** Who calls whom. */
export const ConnectionMode = { active: 'active', passive: 'passive', both: 'both' } as const
export type ConnectionMode = (typeof ConnectionMode)[keyof typeof ConnectionMode]

/** Where a peer is: at an address, or whoever answers on an interface (unnumbered). */
export type PeerLocation =
  | { readonly type: 'address'; readonly address: Address }
  | { readonly type: 'interface'; readonly interface: string }

/** How a BFD session with a router behaves (kind BFDProfile). */
export interface BfdParameters {
  readonly receiveIntervalMs: number
  readonly transmitIntervalMs: number
  readonly detectMultiplier: number
  readonly passive: boolean
  /** RFC 5883 §5: of packets over several hops */
  readonly minimumTtl: number
}

/** One peer as this node is to keep it: a BGPPeer, read, checked, with its Secret and its profile looked up. */
export interface PeerConfig {
  /** name of the BGPPeer */
  readonly name: string
  readonly location: PeerLocation
  /** default 179 */
  readonly port: number
  /** the AS number of this end on this session */
  readonly localAs: number
  /** a number, or which kind of session it has to be */
  readonly peerAs: number | 'internal' | 'external'
  readonly sourceAddress?: Address
  /** undefined: derived from the node's addresses */
  readonly routerId?: number
  readonly mode: ConnectionMode
  /** proposed; 0: no keepalives and no hold timer */
  readonly holdTimeSeconds: number
  /** undefined: a third of the negotiated hold time */
  readonly keepaliveTimeSeconds?: number
  readonly connectRetrySeconds: number
  /** TCP MD5 signature (RFC 2385) */
  readonly password?: string
  /** eBGP over more than one hop */
  readonly multihop: boolean
  /** RFC 5082: the peer is so many hops away at most, and its packets' TTL proves it; undefined: not checked */
  readonly ttlSecurityHops?: number
  /** families whose routes are announced, in order: the transport's own, and the other with dualStackAddressFamily */
  readonly families: readonly Family[]
  readonly gracefulRestart: boolean
  /** the VRF device to bind to */
  readonly vrf?: string
  readonly bfd?: BfdParameters
}
