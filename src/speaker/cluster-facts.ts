import type { AddressPool, NamedPool, ParsedAddressPool } from '../config/address-pool.ts'
import type { ParsedL2Advertisement } from '../config/l2-advertisement.ts'
import { combinePools, poolOf } from '../config/pool-set.ts'
import { describeProblem } from '../config/problem.ts'
import type { NodeView } from '../resources/node.ts'
import { isRegistered, type SpeakerView } from '../resources/speaker-view.ts'
import type { ClusterFacts } from './candidate-index.ts'

/** What the watches hold. Pools and advertisements come with their keys, `namespace/name`. */
export interface ClusterSources {
  readonly pools: Iterable<readonly [key: string, parsed: ParsedAddressPool]>
  readonly advertisements: Iterable<readonly [key: string, parsed: ParsedL2Advertisement]>
  readonly nodes: Iterable<NodeView>
  readonly speakers: Iterable<SpeakerView>
}

/**
 * Makes of what is watched the facts that decisions are made from; the same in every speaker and in the controller. What is
 * wrong with an object is told by its kind and key, and concerns nothing else.
 */
export function gatherClusterFacts({ pools, advertisements, nodes, speakers }: ClusterSources): {
  facts: ClusterFacts
  /** the pools that stand */
  standingPools: readonly AddressPool[]
  refused: ReadonlyMap<string, string>
} {
  const refused = new Map<string, string>()
  const parsedPools: AddressPool[] = []
  const keys = new Map<string, string>()
  // Services keep the addresses that they hold of a pool that is refused now, and so these are announced.
  const refusedPools = new Map<string, NamedPool>()
  for (const [key, parsed] of pools) {
    if ('pool' in parsed) {
      parsedPools.push(parsed.pool)
      keys.set(parsed.pool.name, key)
    } else {
      refused.set(`IPAddressPool ${key}`, describeProblem(parsed.problem))
      refusedPools.set(parsed.named.name, parsed.named)
    }
  }
  const poolSet = combinePools(parsedPools)
  for (const pool of parsedPools) {
    const problem = poolSet.refused.get(pool.name)
    if (!problem) continue
    refused.set(`IPAddressPool ${keys.get(pool.name)}`, describeProblem(problem))
    refusedPools.set(pool.name, pool)
  }
  const usable = []
  for (const [key, parsed] of advertisements) {
    if ('advertisement' in parsed) usable.push(parsed.advertisement)
    else refused.set(`L2Advertisement ${key}`, describeProblem(parsed.problem))
  }
  const registered = [...speakers].filter(isRegistered)
  const facts: ClusterFacts = {
    advertisements: usable,
    nodes: new Map([...nodes].map(node => [node.name, node])),
    speakers: new Map(registered.map(({ name, interfaces }) => [name, interfaces])),
    poolOf: (address, allocatedFrom) => refusedPools.get(allocatedFrom ?? '') ?? poolOf(poolSet, address),
  }
  return { facts, standingPools: poolSet.pools, refused }
}
