import { sha256 } from './node-hash.ts'
import { type Candidates, compareHashes, type RankedNode, Ranking } from './ranking.ts'
import { nodeShares, type Share } from './shares.ts'

export type { Candidates }

/** Addresses that are announced by one node together. */
export interface ElectionGroup {
  /** the first address in canonical form, by which the group is elected; no two groups have the same */
  readonly address: string
  /** how many addresses it holds */
  readonly size: number
  readonly candidates: Candidates
}

/** So many candidates of each address are told, the elected one among them. */
const ORDER_LENGTH = 3

const NOBODY: readonly string[] = []

interface Entry {
  readonly hash: string
  group: ElectionGroup
  first: readonly RankedNode[]
  order: readonly string[]
}

/**
 * Deals groups of addresses out to nodes. The same groups give the same result everywhere, in whatever order and steps they came: every
 * speaker computes this by itself, and all must agree. What it keeps from one deal to the next is only what it need not compute again.
 *
 * Candidates are asked by preference score, highest first, then by sha256(`node#address`), lowest first. One that already carries its
 * share (nodeShares()) is passed over for the next of the same score; when all of these do, the first of them takes the group. So
 * preferences are honoured before evenness. After the elected node come the other candidates as they are asked, whatever they carry.
 */
export class Election {
  readonly #ranking = new Ranking()
  readonly #entries = new Map<string, Entry>()
  /** the entries by the hashes of their addresses: an order that all speakers share and that favours nobody */
  #sorted: Entry[] = []
  readonly #sizes = new Map<Candidates, number>()
  readonly #changed = new Set<string>()

  /** Adds a group, or puts another in the place of the one with its address. */
  set(group: ElectionGroup): void {
    const { address, candidates } = group
    let entry = this.#entries.get(address)
    if (entry) {
      this.#count(entry.group, -1)
      entry.group = group
    } else {
      entry = { hash: sha256(address), group, first: [], order: NOBODY }
      this.#entries.set(address, entry)
      this.#changed.add(address)
    }
    entry.first = this.#ranking.first(address, candidates)
    this.#count(group, 1)
  }

  delete(address: string): void {
    const entry = this.#entries.get(address)
    if (!entry) return
    this.#count(entry.group, -1)
    this.#entries.delete(address)
    this.#ranking.forget(address)
    this.#changed.add(address)
  }

  /**
   * Elects.
   *
   * @returns the addresses of the groups whose order is another now
   */
  deal(): string[] {
    this.#ranking.settle()
    this.#sort()
    const shares = nodeShares(this.#sizes)
    const loads = new Map<string, number>()
    const moved: string[] = []
    for (const entry of this.#sorted) {
      const { group, first, order } = entry
      let after = NOBODY
      if (group.candidates.size > 0) {
        const owner = this.#ownerOf(group, first, loads, shares)
        loads.set(owner, (loads.get(owner) ?? 0) + group.size)
        after = isOrder(order, owner, first) ? order : orderFrom(owner, first)
      }
      if (after === order) continue
      entry.order = after
      moved.push(group.address)
    }
    return moved
  }

  /** For a group's address: the elected node, then those that come after it, at most three in all. */
  orderOf(address: string): readonly string[] {
    return this.#entries.get(address)?.order ?? NOBODY
  }

  /** All candidates of an address in the order in which they are asked. */
  order(address: string, candidates: Candidates): string[] {
    return this.#ranking.all(address, candidates).map(({ node }) => node)
  }

  #ownerOf(
    { address, candidates }: ElectionGroup,
    first: readonly RankedNode[],
    loads: ReadonlyMap<string, number>,
    shares: ReadonlyMap<string, Share>,
  ): string {
    const highest = first[0]!.score
    const find = (ranked: readonly RankedNode[], share: keyof Share): string | undefined => {
      for (const { node, score } of ranked) {
        if (score !== highest) return undefined
        if ((loads.get(node) ?? 0) < shares.get(node)![share]) return node
      }
      return undefined
    }
    const usual = find(first, 'usual')
    if (usual !== undefined) return usual
    // Further ones are of use only where the first do not reach down to a lower score.
    const reaches = first.length === candidates.size || first.at(-1)!.score !== highest
    const all = reaches ? first : this.#ranking.all(address, candidates)
    return find(all, 'usual') ?? find(all, 'most') ?? first[0]!.node
  }

  #count({ candidates, size }: ElectionGroup, sign: 1 | -1): void {
    const sum = (this.#sizes.get(candidates) ?? 0) + sign * size
    if (sum === 0) this.#sizes.delete(candidates)
    else this.#sizes.set(candidates, sum)
  }

  #sort(): void {
    if (this.#changed.size === 0) return
    const stay = this.#sorted.filter(entry => !this.#changed.has(entry.group.address))
    const come: Entry[] = []
    for (const address of this.#changed) {
      const entry = this.#entries.get(address)
      if (entry) come.push(entry)
    }
    this.#sorted = merge(stay, come.sort(compareEntries))
    this.#changed.clear()
  }
}

/** The owner of each group, elected once, without memory: for tests and tools. */
export function electOwners(groups: Iterable<ElectionGroup>): Map<string, string> {
  const election = new Election()
  for (const group of groups) election.set(group)
  return new Map(election.deal().map(address => [address, election.orderOf(address)[0]!]))
}

export function sameOrder(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((node, index) => node === b[index])
}

function orderFrom(owner: string, first: readonly RankedNode[]): string[] {
  const order = [owner]
  for (const { node } of first) {
    if (order.length === ORDER_LENGTH) break
    if (node !== owner) order.push(node)
  }
  return order
}

/** Whether orderFrom() would say the same; without making it, because nearly always it would. */
function isOrder(order: readonly string[], owner: string, first: readonly RankedNode[]): boolean {
  if (order[0] !== owner) return false
  let at = 1
  for (const { node } of first) {
    if (at === ORDER_LENGTH) break
    if (node !== owner && order[at++] !== node) return false
  }
  return at === order.length
}

function merge(a: readonly Entry[], b: readonly Entry[]): Entry[] {
  const merged: Entry[] = []
  let at = 0
  for (const entry of b) {
    while (at < a.length && compareEntries(a[at]!, entry) < 0) merged.push(a[at++]!)
    merged.push(entry)
  }
  while (at < a.length) merged.push(a[at++]!)
  return merged
}

function compareEntries(a: Entry, b: Entry): number {
  return compareHashes(a.hash, b.hash)
}
