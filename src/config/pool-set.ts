import type { Address } from '../ip/address.ts'
import { type AddressRange, formatRange, rangesOverlap } from '../ip/range.ts'
import { type AddressPool, comparePools, poolContains } from './address-pool.ts'
import type { Problem } from './problem.ts'

/** The pools that stand, in the order in which they are tried, and what is wrong with those that do not. */
export interface PoolSet {
  readonly pools: readonly AddressPool[]
  /** by name of the refused pool */
  readonly refused: ReadonlyMap<string, Problem>
}

/**
 * Pools must not overlap: of two that do, the one that stood before stands, else the older one; the other is refused, and
 * nothing else changes.
 *
 * @param precedence lower goes first; pools of equal precedence go by age
 */
export function combinePools(
  parsed: readonly AddressPool[],
  precedence: (pool: AddressPool) => number = () => 0,
): PoolSet {
  const order = [...parsed].sort(
    (a, b) => precedence(a) - precedence(b) || a.createdAtMs - b.createdAtMs || (a.name < b.name ? -1 : 1),
  )
  const standing: AddressPool[] = []
  const refused = new Map<string, Problem>()
  for (const pool of order) {
    const problem = overlapWith(standing, pool)
    if (problem) refused.set(pool.name, problem)
    else standing.push(pool)
  }
  return { pools: standing.sort(comparePools), refused }
}

export function poolOf({ pools }: PoolSet, address: Address): AddressPool | undefined {
  return pools.find(pool => poolContains(pool, address))
}

function overlapWith(standing: readonly AddressPool[], pool: AddressPool): Problem | undefined {
  for (const [index, range] of pool.ranges.entries()) {
    for (const other of standing) {
      const clash = other.ranges.find(candidate => rangesOverlap(candidate, range))
      if (clash) return { field: `spec.addresses[${index}]`, message: overlapMessage(range, other, clash) }
    }
  }
  return undefined
}

function overlapMessage(range: AddressRange, other: AddressPool, clash: AddressRange): string {
  return `${formatRange(range)} overlaps with already defined CIDR ${formatRange(clash)} of the IPAddressPool "${other.name}"`
}
