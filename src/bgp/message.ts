import type { Address } from '../ip/address.ts'
import type { Prefix } from '../ip/prefix.ts'

/** A BGP message as a value (RFC 4271 §4). Lengths and counts are the codec's; nothing here repeats them. */
export type Message = OpenMessage | UpdateMessage | NotificationMessage | KeepaliveMessage | RouteRefreshMessage

/** RFC 4760 §3: address family numbers, of those that Herald speaks. */
export const Afi = { ipv4: 1, ipv6: 2 } as const
export type Afi = (typeof Afi)[keyof typeof Afi]

/** RFC 4760 §6: the only subsequent address family that Herald speaks. */
export const SAFI_UNICAST = 1

/** One address family of a session: `afi` and `safi` as numbers, because a peer may name any. */
export interface AddressFamily {
  readonly afi: number
  readonly safi: number
}

/** RFC 4271 §4.2, with the capabilities of RFC 5492. */
export interface OpenMessage {
  readonly type: 'open'
  readonly version: number
  /** the two-octet field; AS_TRANS (23456) where the AS number does not fit it (RFC 6793 §4.2.3) */
  readonly asNumber: number
  readonly holdTimeSeconds: number
  readonly bgpIdentifier: number
  readonly capabilities: readonly Capability[]
}

export type Capability =
  /** RFC 4760 §8 */
  | ({ readonly type: 'multiprotocol' } & AddressFamily)
  /** RFC 2918 §2 */
  | { readonly type: 'routeRefresh' }
  /** RFC 7313 §3.1 */
  | { readonly type: 'enhancedRouteRefresh' }
  /** RFC 8950 §4 */
  | {
      readonly type: 'extendedNextHop'
      readonly entries: readonly (AddressFamily & { readonly nextHopAfi: number })[]
    }
  /** RFC 8654 §3 */
  | { readonly type: 'extendedMessage' }
  /** RFC 4724 §3, RFC 8538 §2 */
  | {
      readonly type: 'gracefulRestart'
      /** the R bit: the speaker has just restarted */
      readonly restarting: boolean
      /** the N bit: a session ended by a NOTIFICATION is retained too */
      readonly notification: boolean
      /** 0–4095 */
      readonly restartTimeSeconds: number
      readonly families: readonly (AddressFamily & { readonly forwardingPreserved: boolean })[]
    }
  /** RFC 6793 §3 */
  | { readonly type: 'fourOctetAs'; readonly asNumber: number }
  | { readonly type: 'unknown'; readonly code: number; readonly value: Uint8Array }

/** RFC 4271 §4.3. IPv4 unicast may travel in `withdrawn` and `announced`, or as any family in MP_REACH_NLRI and MP_UNREACH_NLRI. */
export interface UpdateMessage {
  readonly type: 'update'
  readonly withdrawn: readonly Prefix[]
  readonly attributes: PathAttributes
  readonly announced: readonly Prefix[]
}

/** RFC 4271 §5.1.1 */
export const Origin = { igp: 0, egp: 1, incomplete: 2 } as const
export type Origin = (typeof Origin)[keyof typeof Origin]

/** RFC 4271 §4.3 b, RFC 5065 §3: kinds of AS_PATH segments. */
export const AsSegmentType = { set: 1, sequence: 2, confederationSequence: 3, confederationSet: 4 } as const
export type AsSegmentType = (typeof AsSegmentType)[keyof typeof AsSegmentType]

export interface AsPathSegment {
  readonly type: AsSegmentType
  readonly asNumbers: readonly number[]
}

/** RFC 8092 §3: three numbers of 32 bits. */
export interface LargeCommunity {
  readonly globalAdministrator: number
  readonly localData1: number
  readonly localData2: number
}

/** Each attribute at most once; undefined where it is absent. */
export interface PathAttributes {
  readonly origin?: Origin
  /**
   * AS numbers of four octets, always: to and from a peer that speaks only two the codec makes AS4_PATH and AS4_AGGREGATOR of them, and
   * merges these (RFC 6793 §4.2)
   */
  readonly asPath?: readonly AsPathSegment[]
  readonly nextHop?: Address
  readonly multiExitDiscriminator?: number
  readonly localPreference?: number
  readonly atomicAggregate?: boolean
  readonly aggregator?: { readonly asNumber: number; readonly address: Address }
  /** RFC 1997: 32 bits each */
  readonly communities?: readonly number[]
  /** RFC 4360: 64 bits each */
  readonly extendedCommunities?: readonly bigint[]
  readonly largeCommunities?: readonly LargeCommunity[]
  readonly mpReach?: MpReach
  readonly mpUnreach?: MpUnreach
  /** attributes that the codec does not know, whole; without the bit that tells how wide the length is */
  readonly unknown?: readonly RawAttribute[]
}

/** RFC 4760 §3. Of a family that Herald does not speak `announced` is empty. */
export interface MpReach extends AddressFamily {
  readonly nextHop: NextHop
  readonly announced: readonly Prefix[]
}

/** RFC 4760 §4. Empty for a family: the End-of-RIB marker of RFC 4724 §2. */
export interface MpUnreach extends AddressFamily {
  readonly withdrawn: readonly Prefix[]
}

/** RFC 2545 §3: a global next hop, a link-local one, or both. RFC 8950: of IPv6 also for IPv4 prefixes. */
export interface NextHop {
  readonly global?: Address
  readonly linkLocal?: Address
}

export interface RawAttribute {
  readonly flags: number
  readonly code: number
  readonly value: Uint8Array
}

/** RFC 4271 §4.5 */
export interface NotificationMessage {
  readonly type: 'notification'
  readonly code: number
  readonly subcode: number
  readonly data: Uint8Array
}

export interface KeepaliveMessage {
  readonly type: 'keepalive'
}

/** RFC 2918 §3; RFC 7313 §3.2 gives the reserved octet a meaning: 0 asks, 1 and 2 mark begin and end of the answer. */
export interface RouteRefreshMessage extends AddressFamily {
  readonly type: 'routeRefresh'
  readonly subtype: number
}
