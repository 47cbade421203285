import { ADDRESS_BITS, type Family } from '../ip/address.ts'
import { formatPrefix } from '../ip/prefix.ts'
import { type AddressRange, familyOf, formatRange, prefixRange, rangeSize } from '../ip/range.ts'
import { type AddressPool, poolOffers } from './address-pool.ts'
import { advertisesPool, matchesAny, type SelectedNode } from './advertisement.ts'
import type { BgpAdvertisement } from './bgp-advertisement.ts'
import type { Problem } from './problem.ts'
import type { RefusedObject } from './refused-object.ts'

type Candidate = Omit<BgpAdvertisement, 'refusedPools'>

/**
 * Judges each advertisement with each pool that it applies to. Where the two do not agree, or an elder advertisement of the pool says something
 * else of the same routes, it does not apply to this pool; to others it does.
 *
 * @param advertisements elder first
 */
export function refusePools(
  advertisements: readonly Candidate[],
  pools: readonly AddressPool[],
  nodes: readonly SelectedNode[],
): { readonly advertisements: readonly BgpAdvertisement[]; readonly refused: readonly RefusedObject[] } {
  const refused: RefusedObject[] = []
  const refusedPools = new Map<Candidate, Set<string>>(advertisements.map(item => [item, new Set()]))
  for (const pool of pools) {
    const accepted: Candidate[] = []
    for (const advertisement of advertisements) {
      if (!advertisesPool(advertisement, pool)) continue
      const problem = aggregationProblem(advertisement, pool) ?? conflictProblem(advertisement, accepted, pool, nodes)
      if (!problem) {
        accepted.push(advertisement)
        continue
      }
      refusedPools.get(advertisement)!.add(pool.name)
      refused.push({ kind: 'BGPAdvertisement', name: advertisement.name, problem, partly: true })
    }
  }
  return {
    advertisements: advertisements.map(item => ({ ...item, refusedPools: refusedPools.get(item)! })),
    refused,
  }
}

const LENGTH_FIELDS = { 4: 'spec.aggregationLength', 6: 'spec.aggregationLengthV6' } as const

/** An aggregate must not reach beyond what the pool has: it would draw traffic for addresses of others. */
function aggregationProblem({ aggregationLength }: Candidate, pool: AddressPool): Problem | undefined {
  for (const range of pool.ranges) {
    const family = familyOf(range)
    const length = aggregationLength[family]
    if (length === ADDRESS_BITS[family]) continue
    const widest = widestPrefixLength(range)
    if (length >= widest) continue
    const message = `invalid aggregation length ${length}: prefix ${widest} in this pool is more specific than the aggregation length for addresses ${rangeText(range)} of the IPAddressPool "${pool.name}"`
    return { field: LENGTH_FIELDS[family], message }
  }
  return undefined
}

function conflictProblem(
  advertisement: Candidate,
  elder: readonly Candidate[],
  pool: AddressPool,
  nodes: readonly SelectedNode[],
): Problem | undefined {
  const families = ([4, 6] as const).filter(family => poolOffers(pool, family))
  const other = elder.find(
    candidate =>
      // Which Services they share is known when a Service comes; that is where it is judged then.
      candidate.serviceSelectors.length === 0 &&
      advertisement.serviceSelectors.length === 0 &&
      disagree(candidate, advertisement, families) &&
      nodes.some(
        ({ labels }) => matchesAny(candidate.nodeSelectors, labels) && matchesAny(advertisement.nodeSelectors, labels),
      ),
  )
  if (!other) return undefined
  const message = `${preferenceText(advertisement)} disagrees with ${preferenceText(other)} of the BGPAdvertisement "${other.name}" about the same routes of the IPAddressPool "${pool.name}"`
  return { field: 'spec.localPref', message }
}

/**
 * Whether two advertisements that apply to the same addresses on the same node give different LOCAL_PREFs to the same routes for the same peer.
 *
 * @param families of the addresses
 */
export function disagree(a: Candidate, b: Candidate, families: readonly Family[]): boolean {
  if (a.localPreference === b.localPreference) return false
  if (!families.some(family => a.aggregationLength[family] === b.aggregationLength[family])) return false
  return a.peers.length === 0 || b.peers.length === 0 || a.peers.some(peer => b.peers.includes(peer))
}

/** The length of the largest CIDR that lies in a range. */
function widestPrefixLength(range: AddressRange): number {
  const bits = ADDRESS_BITS[familyOf(range)]
  const [first, last] = [BigInt(range.first.value), BigInt(range.last.value)]
  for (let hostBits = bits; hostBits > 0; hostBits--) {
    const size = 1n << BigInt(hostBits)
    const start = ((first + size - 1n) / size) * size
    if (start + size - 1n <= last) return bits - hostBits
  }
  return bits
}

/** As the pool writes it, where it is a CIDR. */
function rangeText(range: AddressRange): string {
  const length = widestPrefixLength(range)
  const address = range.first
  const whole = rangeSize(prefixRange(address, length)) === rangeSize(range)
  return whole ? formatPrefix({ address, length }) : formatRange(range)
}

function preferenceText({ localPreference }: Candidate): string {
  return localPreference === undefined ? 'no LOCAL_PREF' : `LOCAL_PREF ${localPreference}`
}
