import type { DesiredSet } from './desired.ts'

/** A node watches no more than so many others. */
export const MAX_WATCHED_NODES = 64

/**
 * The nodes whose death this node must notice: those that come before it among the candidates of some address, sorted by name. No other
 * death could make it the first.
 *
 * @param limit where they are more, those are taken that matter for the most addresses
 */
export function watchedNodes(desired: DesiredSet, node: string, limit = MAX_WATCHED_NODES): string[] {
  const addresses = new Map<string, number>()
  for (const { order } of desired.values()) {
    // In an order without this node (an address that it is handing over) no death makes it the first.
    for (const before of order.slice(0, Math.max(0, order.indexOf(node)))) {
      addresses.set(before, (addresses.get(before) ?? 0) + 1)
    }
  }
  const names = [...addresses.keys()].sort()
  if (names.length <= limit) return names
  // Sorting is stable: equal counts stay in the order of their names.
  return names
    .sort((a, b) => addresses.get(b)! - addresses.get(a)!)
    .slice(0, limit)
    .sort()
}
