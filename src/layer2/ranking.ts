import { nodeHash } from './node-hash.ts'

/**
 * The nodes that may announce something, each with its preference score. Groups with the same candidates should share one object, which
 * must not change: what depends on it is then worked out once.
 */
export type Candidates = ReadonlyMap<string, number>

export interface RankedNode {
  readonly node: string
  readonly score: number
  /** sha256(`node#address`), one character a byte */
  readonly hash: string
}

interface Rank {
  readonly candidates: Candidates
  /** the first of them in order; all, unless they are more than KEPT */
  readonly first: readonly RankedNode[]
}

interface Difference {
  readonly gone: ReadonlySet<string>
  readonly come: ReadonlyMap<string, number>
}

/** So many candidates are remembered for each address, however many there are … */
const KEPT = 12
/** … and are found anew when, of these, no more than so many are left. */
const FEWEST = 5

/**
 * The order of candidates for each address: by preference score, highest first, then by sha256(`node#address`), lowest first, the bytes
 * compared as they stand. What is kept of it follows the candidates as these change: a node that comes costs one hash an address,
 * one that goes none, an address that comes one a node.
 */
export class Ranking {
  readonly #ranks = new Map<string, Rank>()
  /** between two sets of candidates, by the newer and the older one */
  #differences = new WeakMap<Candidates, Map<Candidates, Difference>>()

  /** The first candidates of an address in order: at least five, unless there are fewer. */
  first(address: string, candidates: Candidates): readonly RankedNode[] {
    const rank = this.#ranks.get(address)
    if (rank?.candidates === candidates) return rank.first
    const first = (rank && this.#follow(address, rank, candidates)) ?? rankFrom(address, candidates, KEPT)
    this.#ranks.set(address, { candidates, first })
    return first
  }

  /** All candidates of an address in order; nothing of it is remembered. */
  all(address: string, candidates: Candidates): readonly RankedNode[] {
    return rankFrom(address, candidates, Number.POSITIVE_INFINITY)
  }

  /** Forgets what was computed for an address. */
  forget(address: string): void {
    this.#ranks.delete(address)
  }

  /** Says that for now no more addresses follow a change of candidates: sets that are not used any more are let go. */
  settle(): void {
    this.#differences = new WeakMap()
  }

  /** The first under other candidates than before; undefined when too few are left to say. */
  #follow(address: string, rank: Rank, candidates: Candidates): readonly RankedNode[] | undefined {
    const { gone, come } = this.#difference(rank.candidates, candidates)
    const first = rank.first.filter(({ node }) => !gone.has(node))
    let known = rank.candidates.size - gone.size
    for (const [node, score] of come)
      insert(first, rankedNode(address, node, score), { complete: first.length === known++ })
    if (first.length < Math.min(FEWEST, candidates.size)) return undefined
    return first.slice(0, KEPT)
  }

  #difference(before: Candidates, after: Candidates): Difference {
    const ofAfter = this.#differences.get(after) ?? new Map<Candidates, Difference>()
    this.#differences.set(after, ofAfter)
    let difference = ofAfter.get(before)
    if (!difference) {
      // A candidate with another score is one that has gone and come.
      const gone = new Set([...before].filter(([node, score]) => after.get(node) !== score).map(([node]) => node))
      const come = new Map([...after].filter(([node, score]) => before.get(node) !== score))
      difference = { gone, come }
      ofAfter.set(before, difference)
    }
    return difference
  }
}

function rankFrom(address: string, candidates: Candidates, count: number): RankedNode[] {
  if (count >= candidates.size) {
    return Array.from(candidates, ([node, score]) => rankedNode(address, node, score)).sort(compareRanks)
  }
  const first: RankedNode[] = []
  for (const [node, score] of candidates) {
    insert(first, rankedNode(address, node, score), { complete: first.length < count })
    if (first.length > count) first.pop()
  }
  return first
}

/** Puts a node where it belongs among the first; behind all of them only when these are known to be all. */
function insert(first: RankedNode[], item: RankedNode, { complete }: { complete: boolean }): void {
  let at = first.length
  while (at > 0 && compareRanks(item, first[at - 1]!) < 0) at--
  if (at < first.length || complete) first.splice(at, 0, item)
}

function rankedNode(address: string, node: string, score: number): RankedNode {
  return { node, score, hash: nodeHash(node, address) }
}

function compareRanks(a: RankedNode, b: RankedNode): number {
  return b.score - a.score || compareHashes(a.hash, b.hash)
}

export function compareHashes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
