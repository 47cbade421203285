import { describeProblem } from '../config/problem.ts'
import { countPool, countRefusedPool } from '../controller/pool-status.ts'
import type { Cluster } from './cluster.ts'
import type { Finding } from './finding.ts'
import { nameOf, objectsOf } from './snapshot.ts'

/** One IPAddressPool and how far it is used. */
export interface PoolReport {
  readonly name: string
  readonly addresses: readonly string[]
  /** by IP family; a family that the pool has no addresses of is left out */
  readonly use: readonly { readonly family: 'IPv4' | 'IPv6'; readonly assigned: bigint; readonly available: bigint }[]
  readonly autoAssign: boolean
  /** why it is not in use */
  readonly refused?: string
}

/** From this part on a pool is told of before it is full. */
const NEARLY_FULL_PERCENT = 90n

/** All pools in the order in which they are tried, the refused ones last. */
export function reviewPools({ allocation, snapshot }: Cluster): [PoolReport[], Finding[]] {
  const { allocator, pools: registry } = allocation
  const reports: PoolReport[] = []
  const findings: Finding[] = []
  const objects = new Map(objectsOf(snapshot, 'IPAddressPool').map(object => [nameOf(object), object]))
  for (const name of [...registry.pools.map(pool => pool.name), ...registry.refused.sort()]) {
    const pool = registry.pools.find(one => one.name === name)
    const inUse = allocator.inUse(name)
    const counters = pool ? countPool(pool, inUse) : countRefusedPool(inUse)
    const families = [
      { family: 'IPv4', assigned: counters.assignedIPv4, available: counters.availableIPv4 },
      { family: 'IPv6', assigned: counters.assignedIPv6, available: counters.availableIPv6 },
    ] as const
    const use = families.filter(({ assigned, available }) => assigned + available > 0n)
    const { addresses = [] } = (objects.get(name)?.spec ?? {}) as { addresses?: string[] }
    const problem = registry.problemOf(name)
    reports.push({
      ...{ name, addresses, use, autoAssign: pool?.autoAssign ?? false },
      ...(problem && { refused: describeProblem(problem) }),
    })
    for (const { family, assigned, available } of pool ? use : []) {
      const subject = `IPAddressPool ${name}`
      const advice = 'Add addresses to the pool, or delete Services that need none.'
      if (available === 0n)
        findings.push({ level: 'warning', subject, message: `no ${family} address is free`, advice })
      else if (assigned * 100n >= (assigned + available) * NEARLY_FULL_PERCENT) {
        const message = `${assigned} of ${assigned + available} ${family} addresses are in use`
        findings.push({ level: 'warning', subject, message, advice })
      }
    }
  }
  if (reports.length === 0 && !snapshot.unread.some(({ kind }) => kind === 'IPAddressPool')) {
    const advice = 'Create an IPAddressPool, and an L2Advertisement or BGPAdvertisement for it.'
    const message = 'there is none, so that no Service can get an address'
    findings.push({ level: 'warning', subject: 'IPAddressPool', message, advice })
  }
  return [reports, findings]
}
