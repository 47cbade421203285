import type { Candidates } from './ranking.ts'

/** How much more than its fair share of the addresses a node takes before others are asked. */
export const LOAD_FACTOR = 1.25

/**
 * How many addresses each node takes before others are asked: 1.25 times the average, rounded up. Where candidates differ from group to
 * group, the average is what the node would get if each group were divided equally among its best candidates.
 *
 * @param sizes how many addresses there are with these candidates
 */
export function nodeShares(sizes: ReadonlyMap<Candidates, number>): Map<string, number> {
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
  const shares = new Map<string, number>()
  for (const [node, counts] of addressesByDivisor) {
    let average = 0
    for (const divisor of [...counts.keys()].sort((a, b) => a - b)) average += counts.get(divisor)! / divisor
    // Three thirds must be one, not a little more.
    shares.set(node, Math.ceil(LOAD_FACTOR * average - 1e-9))
  }
  return shares
}

/** The candidates with the highest score. */
function bestOf(candidates: Candidates): string[] {
  let highest = Number.NEGATIVE_INFINITY
  for (const score of candidates.values()) if (score > highest) highest = score
  return Array.from(candidates.keys()).filter(node => candidates.get(node) === highest)
}
