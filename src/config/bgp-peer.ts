import type { ConnectionMode, PeerLocation } from '../bgp/peer-config.ts'
import type { Address } from '../ip/address.ts'
import type { Problem } from './problem.ts'
import type { LabelSelector } from './selector.ts'

/** A BGPPeer, read and checked by itself: what it names (Secret, profile) is not looked up yet. */
export interface BgpPeer {
  readonly name: string
  readonly namespace: string
  readonly createdAtMs: number
  readonly location: PeerLocation
  readonly port: number
  /** the AS number of this end on this session: localASN where it is given, else myASN */
  readonly localAs: number
  readonly peerAs: number | 'internal' | 'external'
  readonly sourceAddress?: Address
  readonly routerId?: number
  readonly mode: ConnectionMode
  readonly holdTimeSeconds: number
  readonly keepaliveTimeSeconds?: number
  readonly connectRetrySeconds: number
  readonly nodeSelectors: readonly LabelSelector[]
  readonly password?: string
  /** name of a Secret in Herald's namespace */
  readonly passwordSecret?: string
  readonly bfdProfile?: string
  readonly gracefulRestart: boolean
  readonly multihop: boolean
  readonly ttlSecurityHops?: number
  readonly vrf?: string
  /** the session carries the routes of the other address family too */
  readonly dualStack: boolean
}

export type ParsedBgpPeer = { readonly peer: BgpPeer } | { readonly name: string; readonly problem: Problem }

/** A BGPPeer as the API server sends it, in version v1beta2; nothing in it is trusted. */
export interface BgpPeerResource {
  metadata?: {
    name?: string
    namespace?: string
    creationTimestamp?: string | Date
    annotations?: Record<string, string>
  }
  spec?: object
}
