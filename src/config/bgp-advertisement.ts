import type { LargeCommunity } from '../bgp/message.ts'
import type { AdvertisementScope } from './advertisement.ts'
import type { Problem } from './problem.ts'

interface BgpAdvertisementBase extends AdvertisementScope {
  readonly name: string
  readonly createdAtMs: number
  /** names of BGPPeers; empty: all peers */
  readonly peers: readonly string[]
  /** by address family: how many bits of an address are announced */
  readonly aggregationLength: { readonly 4: number; readonly 6: number }
  readonly localPreference?: number
  /** the number of endpoints behind a route is told with it */
  readonly weighted: boolean
}

/** A BGPAdvertisement, read and checked by itself. */
export interface BgpAdvertisementSpec extends BgpAdvertisementBase {
  /** each a community or the alias of one */
  readonly communityTexts: readonly string[]
}

/** A BGPAdvertisement that stands among the others, its aliases looked up. Lists are sorted and without repetition. */
export interface BgpAdvertisement extends BgpAdvertisementBase {
  readonly communities: readonly number[]
  readonly largeCommunities: readonly LargeCommunity[]
  /** names of pools that it would advertise and must not: it does not agree with them, or with an elder advertisement */
  readonly refusedPools: ReadonlySet<string>
}

export type ParsedBgpAdvertisement =
  | { readonly advertisement: BgpAdvertisementSpec }
  | { readonly name: string; readonly problem: Problem }

/** A BGPAdvertisement as the API server sends it; nothing in it is trusted. */
export interface BgpAdvertisementResource {
  metadata?: { name?: string; creationTimestamp?: string | Date; annotations?: Record<string, string> }
  spec?: object
}
