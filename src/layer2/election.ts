import { type Candidates, type RankedNode, Ranking } from './ranking.ts'

export type { Candidates }

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

/** So many candidates of each address are told, the elected one among them. */
export const ORDER_LENGTH = 3

/**
 * Deals groups of addresses out to nodes. The same groups give the same result everywhere, in whatever order they come: every speaker
 * computes this by itself, and all must agree. What it keeps from one call to the next is only the memory of what it computed.
 */
export class Election {
  readonly #ranking = new Ranking()
  readonly #preferred = new WeakMap<Candidates, ReadonlySet<string>>()
  #orders = new Map<string, readonly string[]>()

  /**
   * For each group that has a candidate, by the group's address: the elected node, then those that come after it, at most three in all.
   * A list that says the same as the last time is the same object.
   *
   * Candidates are asked by preference score, highest first, then by sha256(`node#address`), lowest first. One that already carries its
   * share is passed over for the next of the same score; when all of these do, the first of them takes the group. So preferences
   * are honoured before evenness. A node's share is 1.25 times the average, rounded up; where candidates differ from group to group, the
   * average is what the node would get if each group were divided equally among its best candidates.
   *
   * After the elected node come the other candidates as they are asked, whatever they carry.
   */
  elect(groups: readonly ElectionGroup[]): ReadonlyMap<string, readonly string[]> {
    const shares = nodeShares(groups, candidates => this.#bestOf(candidates))
    const loads = new Map<string, number>()
    const orders = new Map<string, readonly string[]>()
    for (const group of this.#ranking.inDealingOrder(groups)) {
      if (group.candidates.size === 0) continue
      const first = this.#ranking.first(group.address, group.candidates)
      const owner = this.#ownerOf(group, first, node => (loads.get(node) ?? 0) < shares.get(node)!)
      loads.set(owner, (loads.get(owner) ?? 0) + group.size)
      const order = orderOf(owner, first)
      const before = this.#orders.get(group.address)
      orders.set(group.address, before && sameOrder(before, order) ? before : order)
    }
    this.#ranking.keepOnly(orders)
    this.#orders = orders
    return orders
  }

  /** All candidates of an address in the order in which they are asked. */
  order(address: string, candidates: Candidates): string[] {
    return this.#ranking.all(address, candidates).map(({ node }) => node)
  }

  #ownerOf(
    { address, candidates }: ElectionGroup,
    first: readonly RankedNode[],
    hasRoom: (node: string) => boolean,
  ): string {
    const highest = first[0]!.score
    const find = (ranked: readonly RankedNode[]): RankedNode | undefined =>
      ranked.find(({ node, score }) => score === highest && hasRoom(node))
    let found = find(first)
    // Further ones are of use only where the first do not reach down to a lower score.
    if (!found && first.length < candidates.size && first.at(-1)!.score === highest) {
      found = find(this.#ranking.all(address, candidates))
    }
    return (found ?? first[0]!).node
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

/** The owner of each group, elected once, without memory: for tests and tools. */
export function electOwners(groups: readonly ElectionGroup[]): Map<string, string> {
  return new Map(Array.from(new Election().elect(groups), ([address, order]) => [address, order[0]!]))
}

function orderOf(owner: string, first: readonly RankedNode[]): string[] {
  const order = [owner]
  for (const { node } of first) {
    if (order.length === ORDER_LENGTH) break
    if (node !== owner) order.push(node)
  }
  return order
}

export function sameOrder(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((node, index) => node === b[index])
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
