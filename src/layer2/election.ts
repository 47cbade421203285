import { sha256 } from './node-hash.ts'
import { type Candidates, compareHashes, Ranking } from './ranking.ts'
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
  /** of the candidates in order; the numbers of those of them with the highest score, which deal() asks */
  first: readonly string[]
  asked: readonly number[]
  /** the number of the elected node; NONE before the first deal and without candidates */
  owner: number
  order: readonly string[]
  /** made of other candidates than those that `order` was made of */
  isNew: boolean
}

const NONE = -1
/** So many nodes that are gone keep their numbers. */
const GONE_NODES = 1_000
/** When so few groups came or went, each is put into its place; otherwise all are merged. */
const FEW = 64

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
  /** entries that came, or went, since the last deal */
  readonly #changed = new Set<Entry>()
  #numbers = new NodeNumbers()

  /** Adds a group, or puts another in the place of the one with its address. */
  set(group: ElectionGroup): void {
    const { address, candidates } = group
    let entry = this.#entries.get(address)
    if (entry) {
      this.#count(entry.group, -1)
      entry.group = group
    } else {
      entry = { hash: sha256(address), group, first: [], asked: [], owner: NONE, order: NOBODY, isNew: true }
      this.#entries.set(address, entry)
      this.#changed.add(entry)
    }
    const first = this.#ranking.first(address, candidates)
    if (first !== entry.first) {
      entry.first = first
      const highest = candidates.get(first[0] ?? '')
      entry.asked = first.filter(node => candidates.get(node) === highest).map(node => this.#numbers.of(node))
      entry.isNew = true
    }
    this.#count(group, 1)
  }

  delete(address: string): void {
    const entry = this.#entries.get(address)
    if (!entry) return
    this.#count(entry.group, -1)
    this.#entries.delete(address)
    this.#ranking.forget(address)
    // One that came since the last deal has no place yet.
    if (!this.#changed.delete(entry)) this.#changed.add(entry)
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
    if (this.#numbers.count > 2 * shares.size + GONE_NODES) this.#renumber()
    // All groups are gone through whenever one changes: numbers in a row, and of most groups nothing else is looked at.
    for (const node of shares.keys()) this.#numbers.of(node) // gives room to those that no group has among its first
    const usual = new Float64Array(this.#numbers.count)
    for (const [node, share] of shares) usual[this.#numbers.of(node)] = share.usual
    const loads = new Float64Array(this.#numbers.count)
    const moved: string[] = []
    for (const entry of this.#sorted) {
      const { asked } = entry
      let owner = NONE
      for (let at = 0; at < asked.length && owner === NONE; at++) {
        const number = asked[at]!
        if (loads[number]! < usual[number]!) owner = number
      }
      if (owner === NONE && asked.length > 0) owner = this.#whereAllAreFull(entry, loads, shares)
      if (owner !== NONE) loads[owner]! += entry.group.size
      if ((owner !== entry.owner || entry.isNew) && this.#give(entry, owner)) moved.push(entry.group.address)
    }
    return moved
  }

  /** For a group's address: the elected node, then those that come after it, at most three in all. */
  orderOf(address: string): readonly string[] {
    return this.#entries.get(address)?.order ?? NOBODY
  }

  /** All candidates of an address in the order in which they are asked. */
  order(address: string, candidates: Candidates): string[] {
    return [...this.#ranking.all(address, candidates)]
  }

  /** Nodes come and go for years. */
  #renumber(): void {
    const before = this.#numbers
    this.#numbers = new NodeNumbers()
    const again = (number: number) => (number === NONE ? NONE : this.#numbers.of(before.nodeOf(number)))
    for (const entry of this.#entries.values()) {
      entry.asked = entry.asked.map(again)
      entry.owner = again(entry.owner)
    }
  }

  /** @returns whether the order is another now */
  #give(entry: Entry, owner: number): boolean {
    const { first, order } = entry
    entry.owner = owner
    entry.isNew = false
    if (owner === NONE) entry.order = NOBODY
    else {
      const node = this.#numbers.nodeOf(owner)
      if (!isOrder(order, node, first)) entry.order = orderFrom(node, first)
    }
    return entry.order !== order
  }

  /** Elects where the first of the candidates carry their usual share, all those with the highest score that are remembered. */
  #whereAllAreFull({ group, first }: Entry, loads: Float64Array, shares: ReadonlyMap<string, Share>): number {
    const { address, candidates } = group
    const highest = candidates.get(first[0]!)
    const find = (ranked: readonly string[], share: keyof Share): string | undefined => {
      for (const node of ranked) {
        if (candidates.get(node) !== highest) return undefined
        if (loads[this.#numbers.of(node)]! < shares.get(node)![share]) return node
      }
      return undefined
    }
    // Further ones are of use only where the first do not reach down to a lower score.
    const reaches = first.length === candidates.size || candidates.get(first.at(-1)!) !== highest
    const all = reaches ? first : this.#ranking.all(address, candidates)
    return this.#numbers.of(find(all, 'usual') ?? find(all, 'most') ?? first[0]!)
  }

  #count({ candidates, size }: ElectionGroup, sign: 1 | -1): void {
    const sum = (this.#sizes.get(candidates) ?? 0) + sign * size
    if (sum === 0) this.#sizes.delete(candidates)
    else this.#sizes.set(candidates, sum)
  }

  #sort(): void {
    if (this.#changed.size === 0) return
    const [come, gone]: [Entry[], Entry[]] = [[], []]
    for (const entry of this.#changed) {
      if (this.#entries.get(entry.group.address) === entry) come.push(entry)
      else gone.push(entry)
    }
    if (this.#changed.size <= FEW) {
      for (const entry of gone) this.#sorted.splice(placeOf(entry, this.#sorted), 1)
      for (const entry of come) this.#sorted.splice(placeOf(entry, this.#sorted), 0, entry)
    } else {
      const stay = gone.length === 0 ? this.#sorted : this.#sorted.filter(entry => !this.#changed.has(entry))
      this.#sorted = merge(stay, come.sort(compareEntries))
    }
    this.#changed.clear()
  }
}

/** Numbers for the names of nodes, in the order in which they were first met. */
class NodeNumbers {
  readonly #numbers = new Map<string, number>()
  readonly #nodes: string[] = []

  get count(): number {
    return this.#nodes.length
  }

  of(node: string): number {
    let number = this.#numbers.get(node)
    if (number === undefined) {
      number = this.#nodes.push(node) - 1
      this.#numbers.set(node, number)
    }
    return number
  }

  nodeOf(number: number): string {
    return this.#nodes[number]!
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

function orderFrom(owner: string, first: readonly string[]): string[] {
  const order = [owner]
  for (const node of first) {
    if (order.length === ORDER_LENGTH) break
    if (node !== owner) order.push(node)
  }
  return order
}

/** Whether orderFrom() would say the same; without making it, because nearly always it would. */
function isOrder(order: readonly string[], owner: string, first: readonly string[]): boolean {
  if (order[0] !== owner) return false
  let at = 1
  for (const node of first) {
    if (at === ORDER_LENGTH) break
    if (node !== owner && order[at++] !== node) return false
  }
  return at === order.length
}

/** Where an entry is, or belongs. */
function placeOf(entry: Entry, sorted: readonly Entry[]): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareEntries(sorted[middle]!, entry) < 0) low = middle + 1
    else high = middle
  }
  return low
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
