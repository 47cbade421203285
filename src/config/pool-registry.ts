import { formatRange } from '../ip/range.ts'
import { type AddressPool, type AddressPoolResource, parseAddressPool } from './address-pool.ts'
import { combinePools, type PoolSet } from './pool-set.ts'
import { ACCEPTED, type NamedProblem, type Problem } from './problem.ts'

/**
 * All IPAddressPools as they come and go, each read once per change, so that an AddressPool is the same object for as long
 * as its resource does not change. Who stands goes on standing: an edit that makes two pools overlap refuses the one that was
 * edited (docs/design/refused-pools.md).
 */
export class PoolRegistry {
  readonly #parsed = new Map<string, AddressPool>()
  readonly #unreadable = new Map<string, Problem>()
  /** ranges of the pools that stood at the last look; undefined where only the status tells that it stood with others */
  #stood = new Map<string, string | undefined>()
  #set: PoolSet = { pools: [], refused: new Map() }

  /** Takes all pools that there are, after a start; which of them stood before, their status says. */
  putAll(resources: Iterable<readonly [name: string, resource: AddressPoolResource]>): void {
    for (const [name, resource] of resources) {
      this.#read(name, resource)
      const accepted = resource.status?.conditions?.find(({ type }) => type === ACCEPTED)
      const parsed = this.#parsed.get(name)
      if (accepted?.status !== 'True' || !parsed) continue
      const unchanged = accepted.observedGeneration === resource.metadata?.generation
      this.#stood.set(name, unchanged ? rangesOf(parsed) : undefined)
    }
    this.#combine()
  }

  /** Takes a pool as it is now; undefined when it was deleted. */
  put(name: string, resource: AddressPoolResource | undefined): void {
    this.#read(name, resource)
    this.#combine()
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

  /** Whether there is a pool of this name that does not stand. */
  isRefused(name: string): boolean {
    return this.#unreadable.has(name) || this.#set.refused.has(name)
  }

  /** names of the pools that do not stand */
  get refused(): string[] {
    return [...this.#unreadable.keys(), ...this.#set.refused.keys()]
  }

  #read(name: string, resource: AddressPoolResource | undefined): void {
    this.#parsed.delete(name)
    this.#unreadable.delete(name)
    if (!resource) return
    const parsed = parseAddressPool(resource)
    if ('pool' in parsed) this.#parsed.set(name, parsed.pool)
    else this.#unreadable.set(name, parsed.problem)
  }

  #combine(): void {
    const precedence = (pool: AddressPool) =>
      !this.#stood.has(pool.name) ? 2 : this.#stood.get(pool.name) === rangesOf(pool) ? 0 : 1
    this.#set = combinePools([...this.#parsed.values()], precedence)
    this.#stood = new Map(this.#set.pools.map(pool => [pool.name, rangesOf(pool)]))
  }
}

function rangesOf({ ranges }: AddressPool): string {
  return ranges.map(formatRange).join(',')
}
