import type { LargeCommunity } from '../bgp/message.ts'
import { ADDRESS_BITS } from '../ip/address.ts'
import { type AdvertisementScope, checkScope, scopeOf } from './advertisement.ts'
import { parseCommunityValue } from './community.ts'
import { checkInteger, checkNames, createdAtMs, type Fields } from './field-checks.ts'
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

/** On a BGPAdvertisement: `endpoints` tells routers how many endpoints are behind each route. */
const WEIGHT_ANNOTATION = 'herald.io/weight'
const WEIGHT_BY_ENDPOINTS = 'endpoints'

/** The most communities of a route, of either kind: all that MetalLB's native mode has room for, and far more than anybody uses. */
const MOST_COMMUNITIES = 63

const HIGHEST_LOCAL_PREFERENCE = 0xffff_ffff

/** Reads one BGPAdvertisement by itself; the first field that is wrong refuses the object and nothing else. */
export function parseBgpAdvertisement({ metadata = {}, spec }: BgpAdvertisementResource): ParsedBgpAdvertisement {
  const { name = '', annotations = {} } = metadata
  const fields = (spec ?? {}) as Fields
  const problem =
    checkScope(fields) ??
    checkNames('spec.peers', fields.peers) ??
    checkInteger('spec.aggregationLength', fields.aggregationLength, 1, ADDRESS_BITS[4]) ??
    checkInteger('spec.aggregationLengthV6', fields.aggregationLengthV6, 1, ADDRESS_BITS[6]) ??
    checkInteger('spec.localPref', fields.localPref, 0, HIGHEST_LOCAL_PREFERENCE) ??
    checkCommunities(fields.communities) ??
    checkWeight(annotations[WEIGHT_ANNOTATION])
  if (problem) return { name, problem }
  const aggregationLength = {
    4: (fields.aggregationLength ?? ADDRESS_BITS[4]) as number,
    6: (fields.aggregationLengthV6 ?? ADDRESS_BITS[6]) as number,
  }
  const scope = scopeOf(fields)
  const aggregates = aggregationLength[4] !== ADDRESS_BITS[4] || aggregationLength[6] !== ADDRESS_BITS[6]
  // A Service that is not selected would be announced with the one beside it.
  if (scope.serviceSelectors.length > 0 && aggregates) {
    const message = 'serviceSelectors and aggregationLength are mutually exclusive'
    return { name, problem: { field: 'spec.serviceSelectors', message } }
  }
  return {
    advertisement: {
      ...{ name, createdAtMs: createdAtMs(metadata), aggregationLength },
      ...scope,
      peers: (fields.peers ?? []) as string[],
      communityTexts: (fields.communities ?? []) as string[],
      weighted: annotations[WEIGHT_ANNOTATION] !== undefined,
      // 0 says nothing: clients in Go cannot tell it from a field that is left out.
      ...(fields.localPref ? { localPreference: fields.localPref as number } : {}),
    },
  }
}

function checkCommunities(list: unknown): Problem | undefined {
  const field = 'spec.communities'
  const problem = checkNames(field, list)
  if (problem) return problem
  const texts = (list ?? []) as string[]
  if (texts.length > MOST_COMMUNITIES) {
    return { field, message: `${texts.length} communities are more than the ${MOST_COMMUNITIES} that are allowed` }
  }
  for (const [index, text] of texts.entries()) {
    const value = parseCommunityValue(text)
    if ('problem' in value && !value.isAlias) return { field: `${field}[${index}]`, message: value.problem }
  }
  return undefined
}

function checkWeight(weight: string | undefined): Problem | undefined {
  if (weight === undefined || weight === WEIGHT_BY_ENDPOINTS) return undefined
  const field = `metadata.annotations["${WEIGHT_ANNOTATION}"]`
  return { field, message: `"${weight}" is not "${WEIGHT_BY_ENDPOINTS}"` }
}
