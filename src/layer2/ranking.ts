import { nodeHash } from './node-hash.ts'

/**
 * The nodes that may announce something, each with its preference score. Groups with the same candidates should share one object, which
 * must not change: what depends on it is then worked out once.
 */
export type Candidates = ReadonlyMap<string, number>

/** What a node is compared by; for thousands of addresses it is cheaper to compute again than to keep. */
interface RankedNode {
  readonly node: string
  readonly score: number
  /** sha256(`node#address`), one character a byte */
  readonly hash: string
}

interface Rank {
  readonly candidates: Candidates
  /** the first of them in order; all, unless they are more than KEPT */
  readonly first: readonly string[]
  /** of these the last, with which a node that comes is compared */
  readonly last: RankedNode | undefined
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
 * compared as they stand. What is kept of it follows the candidates as these change: a node that comes costs a hash or two an address,
 * one that goes none, an address that comes one a node.
 */
export class Ranking {
  readonly #ranks = new Map<string, Rank>()
  /** between two sets of candidates, by the newer and the older one */
  #differences = new WeakMap<Candidates, Map<Candidates, Difference>>()

  /** The first candidates of an address in order: at least five, unless there are fewer. */
  first(address: string, candidates: Candidates): readonly string[] {
    const rank = this.#ranks.get(address)
    if (rank?.candidates === candidates) return rank.first
    const next = (rank && this.#follow(address, rank, candidates)) ?? newRank(address, candidates)
    this.#ranks.set(address, next)
    return next.first
  }

  /** All candidates of an address in order; nothing of it is remembered. */
  all(address: string, candidates: Candidates): readonly string[] {
    return ranked(address, candidates, Number.POSITIVE_INFINITY).map(({ node }) => node)
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
  #follow(address: string, rank: Rank, candidates: Candidates): Rank | undefined {
    const { gone, come } = this.#difference(rank.candidates, candidates)
    const first = rank.first.filter(node => !gone.has(node))
    let known = rank.candidates.size - gone.size
    // It may have come back with another score.
    const last = rank.last && gone.has(rank.last.node) ? undefined : rank.last
    const rankOf = (node: string) => (node === last?.node ? last : rankedNode(address, node, candidates.get(node)!))
    for (const [node, score] of come) {
      // Nearly always it belongs behind the last, and one comparison says so.
      const item = rankedNode(address, node, score)
      let at = first.length
      while (at > 0 && compareRanks(item, rankOf(first[at - 1]!)) < 0) at--
      if (at < first.length || first.length === known) first.splice(at, 0, node)
      known++
    }
    if (first.length < Math.min(FEWEST, candidates.size)) return undefined
    if (first.length > KEPT) first.length = KEPT
    return { candidates, first, last: first.length === 0 ? undefined : rankOf(first.at(-1)!) }
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

function newRank(address: string, candidates: Candidates): Rank {
  const first = ranked(address, candidates, KEPT)
  return { candidates, first: first.map(({ node }) => node), last: first.at(-1) }
}

/** The first so many candidates. */
function ranked(address: string, candidates: Candidates, count: number): RankedNode[] {
  const first: RankedNode[] = []
  for (const [node, score] of candidates) {
    const item = rankedNode(address, node, score)
    if (first.length === count && compareRanks(item, first[count - 1]!) > 0) continue
    let at = first.length
    while (at > 0 && compareRanks(item, first[at - 1]!) < 0) at--
    first.splice(at, 0, item)
    if (first.length > count) first.pop()
  }
  return first
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
