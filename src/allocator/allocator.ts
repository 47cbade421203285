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
  readonly inUse: { 4: number; 6: number }
}

/**
 * Who holds which address. It knows pools and holders (by key), no Services and no rules of choice: those stand in
 * choose-addresses.ts. Rebuilt from Service status after every start, so it needs no memory of its own.
 */
export class Allocator {
  #pools = new Map<string, PoolState>()
  readonly #holderOf = new Map<AddressValue, string>()
  readonly #holdings = new Map<string, Holding>()

  /**
   * Takes the pools that stand. Whoever holds an address that lies in none of them any more, or has moved to another pool,
   * keeps no hold on it.
   *
   * @returns the keys of all holders whose pool changed: what they may keep must be decided again
   */
  setPools(pools: readonly AddressPool[]): string[] {
    const before = this.#pools
    this.#pools = new Map(
      pools.map(pool => [
        pool.name,
        before.get(pool.name)?.pool === pool ? (before.get(pool.name) as PoolState) : this.#newState(pool),
      ]),
    )
    const affected: string[] = []
    for (const [key, holding] of [...this.#holdings]) {
      if (before.get(holding.pool) === this.#pools.get(holding.pool)) continue
      this.#drop(key, holding, before)
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
   */
  hold(key: string, addresses: readonly Address[]): Held {
    const states = addresses.map(address => this.#stateOf(address))
    const [state] = states
    if (!state || states.includes(undefined)) return { refused: 'not-in-pool' }
    if (states.some(other => other !== state)) return { refused: 'several-pools' }
    for (const { value } of addresses) {
      const by = this.#holderOf.get(value)
      if (by !== undefined && by !== key) return { refused: 'in-use', by }
    }
    const before = this.#holdings.get(key)
    if (before) this.#drop(key, before, this.#pools)
    for (const { family, value } of addresses) {
      this.#holderOf.set(value, key)
      state.inUse[family]++
    }
    const holding = { pool: state.pool.name, addresses: [...addresses] }
    this.#holdings.set(key, holding)
    return { holding }
  }

  /** Frees all that a holder has; tells what it was. */
  release(key: string): Holding | undefined {
    const holding = this.#holdings.get(key)
    if (holding) this.#drop(key, holding, this.#pools)
    return holding
  }

  /** How many addresses of a pool are held now. */
  inUse(poolName: string): Readonly<Record<Family, number>> {
    return this.#pools.get(poolName)?.inUse ?? { 4: 0, 6: 0 }
  }

  #drop(key: string, holding: Holding, pools: ReadonlyMap<string, PoolState>): void {
    const state = pools.get(holding.pool)
    for (const address of holding.addresses) {
      this.#holderOf.delete(address.value)
      if (!state) continue
      state.inUse[address.family]--
      for (const [index, range] of state.pool.ranges.entries()) {
        if (rangeContains(range, address)) state.free[index]?.free(address)
      }
    }
    this.#holdings.delete(key)
  }

  #stateOf(address: Address): PoolState | undefined {
    for (const state of this.#pools.values()) if (poolContains(state.pool, address)) return state
    return undefined
  }

  #newState(pool: AddressPool): PoolState {
    const isTaken = (value: AddressValue) => this.#holderOf.has(value)
    const isUsable = (address: Address) => !(pool.avoidBuggyIPs && isBuggy(address))
    return { pool, free: pool.ranges.map(range => new FreeAddresses(range, isTaken, isUsable)), inUse: { 4: 0, 6: 0 } }
  }
}
