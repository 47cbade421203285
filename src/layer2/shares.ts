import { sha256 } from './node-hash.ts'
import type { Candidates } from './ranking.ts'

/** How much more than its fair share of the addresses a node takes before others are asked. */
export const LOAD_FACTOR = 1.25

/** How many addresses a node takes before others are asked. */
export interface Share {
  readonly usual: number
  /** when all candidates have their usual share */
  readonly most: number
}

/**
 * The share of each node: 1.25 times the average, rounded. Where candidates differ from group to group, the average is what the
 * node would get if each group were divided equally among its best candidates.
 *
 * Where each node rounds is a matter of its own hash, so that a growing average raises the shares of one node after the other: if all
 * rounded alike, one address more could raise every node's share, and move what was passed on from all that were full. The nodes'
 * shares, rounded like that, may be too few for all addresses when nodes are few; then what counts is 1.25 times the average, rounded up.
 *
 * @param sizes how many addresses there are with these candidates
 */
export function nodeShares(sizes: ReadonlyMap<Candidates, number>): Map<string, Share> {
  // Counted by the number of nodes among whom addresses are divided, so that the sum of fractions is taken in one order everywhere.
  const addressesByDivisor = new Map<string, Map<number, number>>()
  for (const [candidates, size] of sizes) {
    const nodes = bestOf(candidates)
    for (const node of nodes) {
      const counts = addressesByDivisor.get(node) ?? new Map<number, number>()
      counts.set(nodes.length, (counts.get(nodes.length) ?? 0) + size)
      addressesByDivisor.set(node, counts)
    }
  }
  const shares = new Map<string, Share>()
  for (const [node, counts] of addressesByDivisor) {
    let average = 0
    for (const divisor of [...counts.keys()].sort((a, b) => a - b)) average += counts.get(divisor)! / divisor
    // Three thirds must be one, not a little more.
    const share = LOAD_FACTOR * average - 1e-9
    shares.set(node, { usual: Math.max(1, Math.ceil(share - roundingPoint(node))), most: Math.ceil(share) })
  }
  return shares
}

const roundingPoints = new Map<string, number>()

/** A number from 0 to 1, below 1: the first 48 bits of sha256(`node`). */
function roundingPoint(node: string): number {
  let point = roundingPoints.get(node)
  if (point === undefined) {
    const digest = sha256(node)
    point = 0
    for (let at = 0; at < 6; at++) point = point * 256 + digest.charCodeAt(at)
    point /= 2 ** 48
    if (roundingPoints.size > 10_000) roundingPoints.clear()
    roundingPoints.set(node, point)
  }
  return point
}

/** The candidates with the highest score. */
function bestOf(candidates: Candidates): string[] {
  let highest = Number.NEGATIVE_INFINITY
  for (const score of candidates.values()) if (score > highest) highest = score
  return Array.from(candidates.keys()).filter(node => candidates.get(node) === highest)
}
