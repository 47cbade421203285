import type { AddressPool } from '../config/address-pool.ts'
import type { Family } from '../ip/address.ts'
import { type AddressRange, familyOf, rangeSize } from '../ip/range.ts'

/** The largest number that the API stores in a counter (OpenAPI format int64). */
const MAX_INT64 = 2n ** 63n - 1n

/** status of an IPAddressPool: counters as bigints, because an IPv6 prefix goes beyond what a number holds. */
export interface PoolCounters {
  readonly assignedIPv4: bigint
  readonly assignedIPv6: bigint
  readonly availableIPv4: bigint
  readonly availableIPv6: bigint
}

/** Counts what a pool has handed out and what it has left; a count beyond 2^63 - 1 is given as that. */
export function countPool(pool: AddressPool, inUse: Readonly<Record<Family, number>>): PoolCounters {
  const total = { 4: 0n, 6: 0n }
  for (const range of pool.ranges)
    total[familyOf(range)] += rangeSize(range) - (pool.avoidBuggyIPs ? countBuggy(range) : 0n)
  const available = (family: Family) => {
    const count = total[family] - BigInt(inUse[family])
    return count > MAX_INT64 ? MAX_INT64 : count
  }
  return {
    assignedIPv4: BigInt(inUse[4]),
    assignedIPv6: BigInt(inUse[6]),
    availableIPv4: available(4),
    availableIPv6: available(6),
  }
}

/** The same for a pool that is refused: it has nothing to give, and what Services hold of it they keep. */
export function countRefusedPool(inUse: Readonly<Record<Family, number>>): PoolCounters {
  return { assignedIPv4: BigInt(inUse[4]), assignedIPv6: BigInt(inUse[6]), availableIPv4: 0n, availableIPv6: 0n }
}

/** How many addresses of a range end in .0 or .255. */
function countBuggy({ first, last }: AddressRange): bigint {
  if (first.family === 6 || last.family === 6) return 0n
  const upTo = (value: number) => Math.floor((value + 256) / 256) + Math.floor((value + 1) / 256)
  return BigInt(upTo(last.value) - upTo(first.value - 1))
}
