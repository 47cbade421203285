import { type AddressPool, isBuggy, poolContains } from '../config/address-pool.ts'
import type { Address, Family } from '../ip/address.ts'
import { familyOf, rangeContains } from '../ip/range.ts'
import { type AddressValue, FreeAddresses } from './free-addresses.ts'

/** What one holder has: its addresses, all from one pool. */
export interface Holding {
  readonly pool: string
  readonly addresses: readonly Address[]
}

export type Held =
  | { readonly holding: Holding }
  | { readonly refused: 'not-in-pool' | 'several-pools' | 'in-use'; readonly by?: string }

interface PoolState {
  readonly pool: AddressPool
  readonly free: FreeAddresses[]
}

/**
 * Who holds which address. It knows pools and holders (by key), no Services and no rules of choice: those stand in
 * choose-addresses.ts. Rebuilt from Service status after every start, so it needs no memory of its own.
 */
export class Allocator {
  #pools = new Map<string, PoolState>()
  readonly #holderOf = new Map<AddressValue, string>()
  readonly #holdings = new Map<string, Holding>()
  /** by name of the pool, of one that is refused too */
  readonly #inUse = new Map<string, { 4: number; 6: number }>()

  /**
   * Takes the pools that stand. Whoever holds an address that lies in none of them any more, or has moved to another pool,
   * keeps no hold on it; but what is held of a pool that is refused stays held.
   *
   * @returns the keys of all holders whose pool changed: what they may keep must be decided again
   */
  setPools(pools: readonly AddressPool[], isRefused: (pool: string) => boolean = () => false): string[] {
    const before = this.#pools
    this.#pools = new Map(
      pools.map(pool => [
        pool.name,
        before.get(pool.name)?.pool === pool ? (before.get(pool.name) as PoolState) : this.#newState(pool),
      ]),
    )
    const affected: string[] = []
    for (const [key, holding] of [...this.#holdings]) {
      if (isRefused(holding.pool)) continue
      const state = this.#pools.get(holding.pool)
      if (state && before.get(holding.pool) === state) continue
      this.#drop(key, holding)
      this.hold(key, holding.addresses)
      affected.push(key)
    }
    return affected
  }

  holding(key: string): Holding | undefined {
    return this.#holdings.get(key)
  }

  holderOf(address: Address): string | undefined {
    return this.#holderOf.get(address.value)
  }

  /** Whether the address belongs to the pool and may be handed out. */
  offers(poolName: string, address: Address): boolean {
    const state = this.#pools.get(poolName)
    return state !== undefined && poolContains(state.pool, address)
  }

  /** The lowest free address of a family in a pool, in the order of the pool's ranges. */
  lowestFree(poolName: string, family: Family): Address | undefined {
    const state = this.#pools.get(poolName)
    if (!state) return undefined
    for (const [index, range] of state.pool.ranges.entries()) {
      const address = familyOf(range) === family ? state.free[index]?.lowest() : undefined
      if (address) return address
    }
    return undefined
  }

  /**
   * Makes a holder hold exactly these addresses, all of one pool. What it held before and is not among them is freed; when
   * refused, it keeps what it had.
   *
   * @param refusedPool holds them of this pool, which is refused, wherever they lie
   */
  hold(key: string, addresses: readonly Address[], refusedPool?: string): Held {
    const states = addresses.map(address => this.#stateOf(address))
    const pool = refusedPool ?? states[0]?.pool.name
    if (pool === undefined || (refusedPool === undefined && states.includes(undefined))) {
      return { refused: 'not-in-pool' }
    }
    if (refusedPool === undefined && states.some(other => other !== states[0])) return { refused: 'several-pools' }
    for (const { value } of addresses) {
      const by = this.#holderOf.get(value)
      if (by !== undefined && by !== key) return { refused: 'in-use', by }
    }
    const before = this.#holdings.get(key)
    if (before) this.#drop(key, before)
    const inUse = this.#inUse.get(pool) ?? { 4: 0, 6: 0 }
    this.#inUse.set(pool, inUse)
    for (const { family, value } of addresses) {
      this.#holderOf.set(value, key)
      inUse[family]++
    }
    const holding = { pool, addresses: [...addresses] }
    this.#holdings.set(key, holding)
    return { holding }
  }

  /** Frees all that a holder has; tells what it was. */
  release(key: string): Holding | undefined {
    const holding = this.#holdings.get(key)
    if (holding) this.#drop(key, holding)
    return holding
  }

  /** How many addresses of a pool are held now. */
  inUse(poolName: string): Readonly<Record<Family, number>> {
    return this.#inUse.get(poolName) ?? { 4: 0, 6: 0 }
  }

  #drop(key: string, holding: Holding): void {
    const inUse = this.#inUse.get(holding.pool)
    for (const address of holding.addresses) {
      this.#holderOf.delete(address.value)
      if (inUse) inUse[address.family]--
      // The pool that has the address now need not be the one that it was held of.
      for (const { pool, free } of this.#pools.values()) {
        for (const [index, range] of pool.ranges.entries()) {
          if (rangeContains(range, address)) free[index]?.free(address)
        }
      }
    }
    if (inUse && inUse[4] + inUse[6] === 0) this.#inUse.delete(holding.pool)
    this.#holdings.delete(key)
  }

  #stateOf(address: Address): PoolState | undefined {
    for (const state of this.#pools.values()) if (poolContains(state.pool, address)) return state
    return undefined
  }

  #newState(pool: AddressPool): PoolState {
    const isTaken = (value: AddressValue) => this.#holderOf.has(value)
    const isUsable = (address: Address) => !(pool.avoidBuggyIPs && isBuggy(address))
    return { pool, free: pool.ranges.map(range => new FreeAddresses(range, isTaken, isUsable)) }
  }
}
