import { Ranking } from './ranking.ts'

/**
 * The nodes that may announce something, each with its preference score. Groups with the same candidates should share one object:
 * what depends on it is then worked out once.
 */
export type Candidates = ReadonlyMap<string, number>

/** Addresses that are announced by one node together. */
export interface ElectionGroup {
  /** the first address in canonical form, by which the group is elected; no two groups have the same */
  readonly address: string
  /** how many addresses it holds */
  readonly size: number
  readonly candidates: Candidates
}

/** How much more than its fair share of the addresses a node takes before others are asked. */
export const LOAD_FACTOR = 1.25

/**
 * Deals groups of addresses out to nodes. The same groups give the same owners everywhere, in whatever order they come: every speaker
 * computes this by itself, and all must agree. What it keeps from one call to the next is only the memory of hashes.
 */
export class Election {
  readonly #ranking = new Ranking()
  readonly #preferred = new WeakMap<Candidates, ReadonlySet<string>>()

  /**
   * One owner for each group that has a candidate, by the group's address.
   *
   * Candidates are asked by preference score, highest first, then by sha256(`node#address`), lowest first. One that already carries its
   * share is passed over for the next of the same score; when all of these do, the first of them takes the group. So preferences
   * are honoured before evenness. A node's share is 1.25 times the average, rounded up; where candidates differ from group to group, the
   * average is what the node would get if each group were divided equally among its best candidates.
   */
  elect(groups: readonly ElectionGroup[]): Map<string, string> {
    const best = (candidates: Candidates): ReadonlySet<string> => this.#bestOf(candidates)
    const shares = nodeShares(groups, best)
    const loads = new Map<string, number>()
    const owners = new Map<string, string>()
    for (const group of this.#ranking.inDealingOrder(groups)) {
      const owner = this.#ownerOf(group.address, best(group.candidates), shares, loads)
      if (owner === undefined) continue
      owners.set(group.address, owner)
      loads.set(owner, (loads.get(owner) ?? 0) + group.size)
    }
    this.#ranking.keepOnly(owners)
    return owners
  }

  /** All candidates of an address in the order in which they are asked. */
  order(address: string, candidates: Candidates): string[] {
    // Sorting is stable: equal scores stay in the order of their hashes.
    const ranked = this.#ranking.rank(address, new Set(candidates.keys()))
    return ranked.toSorted((a, b) => candidates.get(b)! - candidates.get(a)!)
  }

  #ownerOf(
    address: string,
    best: ReadonlySet<string>,
    shares: ReadonlyMap<string, number>,
    loads: ReadonlyMap<string, number>,
  ): string | undefined {
    const ranked = this.#ranking.rank(address, best)
    return ranked.find(node => (loads.get(node) ?? 0) < shares.get(node)!) ?? ranked[0]
  }

  #bestOf(candidates: Candidates): ReadonlySet<string> {
    let nodes = this.#preferred.get(candidates)
    if (!nodes) {
      nodes = preferred(candidates)
      this.#preferred.set(candidates, nodes)
    }
    return nodes
  }
}

/** Elects once, without memory: for tests and tools. */
export function electOwners(groups: readonly ElectionGroup[]): Map<string, string> {
  return new Election().elect(groups)
}

/** The candidates with the highest score. */
function preferred(candidates: Candidates): Set<string> {
  let highest = Number.NEGATIVE_INFINITY
  for (const score of candidates.values()) if (score > highest) highest = score
  const nodes = new Set<string>()
  for (const [node, score] of candidates) if (score === highest) nodes.add(node)
  return nodes
}

function nodeShares(
  groups: readonly ElectionGroup[],
  best: (candidates: Candidates) => ReadonlySet<string>,
): Map<string, number> {
  const sizes = new Map<Candidates, number>()
  for (const { candidates, size } of groups) sizes.set(candidates, (sizes.get(candidates) ?? 0) + size)
  // Counted by the number of nodes among whom addresses are divided, so that the sum of fractions is taken in one order everywhere.
  const addressesByDivisor = new Map<string, Map<number, number>>()
  for (const [candidates, size] of sizes) {
    const nodes = best(candidates)
    for (const node of nodes) {
      const counts = addressesByDivisor.get(node) ?? new Map<number, number>()
      counts.set(nodes.size, (counts.get(nodes.size) ?? 0) + size)
      addressesByDivisor.set(node, counts)
    }
  }
  const shares = new Map<string, number>()
  for (const [node, counts] of addressesByDivisor) {
    let average = 0
    for (const divisor of [...counts.keys()].sort((a, b) => a - b)) average += counts.get(divisor)! / divisor
    // Three thirds must be one, not a little more.
    shares.set(node, Math.ceil(LOAD_FACTOR * average - 1e-9))
  }
  return shares
}
