import { type AddressPool, type AddressPoolResource, parseAddressPool } from './address-pool.ts'
import { combinePools, type PoolSet } from './pool-set.ts'
import type { NamedProblem, Problem } from './problem.ts'

/**
 * All IPAddressPools as they come and go, each read once per change, so that an AddressPool is the same object for as long
 * as its resource does not change.
 */
export class PoolRegistry {
  readonly #parsed = new Map<string, AddressPool>()
  readonly #unreadable = new Map<string, Problem>()
  #set: PoolSet = { pools: [], refused: new Map() }

  /** Takes a pool as it is now; undefined when it was deleted. */
  put(name: string, resource: AddressPoolResource | undefined): void {
    this.#parsed.delete(name)
    this.#unreadable.delete(name)
    if (resource) {
      const parsed = parseAddressPool(resource)
      if ('pool' in parsed) this.#parsed.set(name, parsed.pool)
      else this.#unreadable.set(name, parsed.problem)
    }
    this.#set = combinePools([...this.#parsed.values()])
  }

  /** The pools that stand, in the order in which they are tried. */
  get pools(): readonly AddressPool[] {
    return this.#set.pools
  }

  /** What is wrong with a pool, by itself or beside the others; undefined when it stands. */
  problemOf(name: string): NamedProblem | undefined {
    const unreadable = this.#unreadable.get(name)
    if (unreadable) return { ...unreadable, reason: 'Invalid' }
    const refused = this.#set.refused.get(name)
    return refused && { ...refused, reason: 'Overlap' }
  }
}
