import { type AddressPool, isBuggy, poolContains } from '../config/address-pool.ts'
import type { AddressReservation } from '../config/address-reservation.ts'
import { type Address, compareAddresses, type Family, sameAddress } from '../ip/address.ts'
import { type AddressRange, addressAfter, familyOf, rangeContains } from '../ip/range.ts'
import { RangeIndex } from '../ip/range-index.ts'
import { type AddressValue, FreeAddresses, type UnusableUntil } from './free-addresses.ts'
import { Holders } from './holders.ts'
import { PoolRoom } from './pool-room.ts'
import { ReservedRanges } from './reserved-ranges.ts'
import { type SharingObjection, type SharingTerms, sameTerms, UNSHARED } from './sharing.ts'

/** What one holder has: its addresses, all from one pool. */
export interface Holding {
  readonly pool: string
  readonly addresses: readonly Address[]
}

/** Why a holder may not have addresses. */
export type Refusal =
  | { readonly refused: 'not-in-pool' | 'several-pools' }
  /** another holder has one of them, and does not share it with this one */
  | { readonly refused: 'in-use'; readonly by: string; readonly objection: SharingObjection }
  /** one of them is kept for another Service, or for nobody */
  | { readonly refused: 'reserved'; readonly by: string }

export type Held = { readonly holding: Holding } | Refusal

interface PoolState {
  readonly pool: AddressPool
  /** in the order in which pools are tried */
  place: number
  /** one for each of the pool's ranges, in their order */
  readonly free: readonly FreeAddresses[]
}

/** A range of a pool, and what is free in it. */
interface PoolRange extends AddressRange {
  readonly state: PoolState
  readonly free: FreeAddresses
}

const NO_ADDRESSES: readonly Address[] = []

/**
 * Who holds which address. It knows pools, reservations and holders (by key), no Services and no rules of choice: those
 * stand in choose-addresses.ts. Rebuilt from Service status after every start, so it needs no memory of its own.
 */
export class Allocator {
  #order: readonly AddressPool[] = []
  #pinned = 0
  #pools = new Map<string, PoolState>()
  #room = new PoolRoom([])
  #ranges = new RangeIndex<PoolRange>([])
  #reserved = new ReservedRanges([])
  readonly #holders = new Holders()
  readonly #holdings = new Map<string, Holding>()
  /** by name of the pool, of one that is refused too */
  readonly #inUse = new Map<string, { 4: number; 6: number }>()

  /**
   * Takes the pools that stand, in the order in which they are tried; the list must not be changed afterwards. Whoever holds an address that lies in none of them any more, or has moved to another pool,
   * keeps no hold on it; but what is held of a pool that is refused stays held.
   *
   * @returns the keys of all holders whose pool changed: what they may keep must be decided again
   */
  setPools(pools: readonly AddressPool[], isRefused: (pool: string) => boolean = () => false): string[] {
    const before = this.#pools
    this.#order = pools
    const unpinned = pools.findIndex(({ serviceAllocation }) => serviceAllocation === undefined)
    this.#pinned = unpinned < 0 ? pools.length : unpinned
    this.#pools = new Map(
      pools.map((pool, place) => {
        const known = before.get(pool.name)
        if (known?.pool !== pool) return [pool.name, this.#newState(pool, place)]
        known.place = place
        return [pool.name, known]
      }),
    )
    this.#indexRanges()
    return this.#holdAgain(({ pool }) => {
      const state = this.#pools.get(pool)
      return !isRefused(pool) && !(state && before.get(pool) === state)
    })
  }

  /**
   * Takes the reservations that stand. Whoever holds an address that is kept for another now keeps no hold on it.
   *
   * @returns the keys of those holders: they must be decided again
   */
  setReservations(reservations: readonly AddressReservation[]): string[] {
    this.#reserved = new ReservedRanges(reservations)
    for (const [name, { pool, place }] of this.#pools) this.#pools.set(name, this.#newState(pool, place))
    this.#indexRanges()
    return this.#holdAgain((holding, key) => holding.addresses.some(address => this.reservationAgainst(key, address)))
  }

  holding(key: string): Holding | undefined {
    return this.#holdings.get(key)
  }

  /** The terms on which a holder shares what it has. */
  termsOf(key: string): SharingTerms {
    return this.#holders.termsOf(key)
  }

  /** Name of the reservation that keeps an address from a holder. */
  reservationAgainst(key: string, address: Address): string | undefined {
    const reserved = this.#reserved.of(address)
    return reserved && reserved.owner !== key ? reserved.reservation : undefined
  }

  /** Why a holder may not have an address beside those that have it; undefined when it may. */
  useAgainst(key: string, address: Address, terms: SharingTerms): (Refusal & { refused: 'in-use' }) | undefined {
    const clash = this.#holders.objection(key, address.value, terms)
    return clash && { refused: 'in-use', ...clash }
  }

  /** The pools that stand, in the order in which they are tried. */
  get pools(): readonly AddressPool[] {
    return this.#order
  }

  /** How many pools have a serviceAllocation: they come first. */
  get pinnedPools(): number {
    return this.#pinned
  }

  /** The place of the first pool from `from` on that may have a free address of each family; -1 when there is none. */
  nextWithRoom(families: readonly Family[], from: number): number {
    return this.#room.next(families, from)
  }

  /** Whether a pool has an address of a family that anybody might have. */
  hasRoom(poolName: string, family: Family): boolean {
    return this.lowestFor('', poolName, family) !== undefined
  }

  /** Whether any addresses are kept for a holder. */
  hasReserved(key: string): boolean {
    return this.#reserved.for(key).length > 0
  }

  /** Whom an address is kept for. */
  reservedFor(address: Address): string | undefined {
    return this.#reserved.of(address)?.owner
  }

  /** The pool of this name, if it stands. */
  pool(name: string): AddressPool | undefined {
    return this.#pools.get(name)?.pool
  }

  /** The pool that may hand out the address, to somebody; O(log n) in all ranges. */
  poolOf(address: Address): AddressPool | undefined {
    return this.#stateOf(address)?.pool
  }

  /** Whether the address belongs to the pool and may be handed out, to somebody. */
  offers(poolName: string, address: Address): boolean {
    const state = this.#pools.get(poolName)
    return state !== undefined && poolContains(state.pool, address)
  }

  /**
   * The address of a family that a holder would get from a pool: of those kept for it the lowest; else the lowest that is
   * free or that it may share.
   */
  lowestFor(key: string, poolName: string, family: Family, terms: SharingTerms = UNSHARED): Address | undefined {
    const state = this.#pools.get(poolName)
    if (!state) return undefined
    const reserved = this.#lowestReserved(key, state.pool, family, terms)
    if (reserved) return reserved
    const shared = terms.key === '' ? NO_ADDRESSES : this.#lowestShared(key, state.pool, family, terms)
    if (shared.length === 0 && !this.#room.has(state.place, family)) return undefined
    // Most pools that are asked may be full: nothing is made here, not even an iterator.
    const { ranges } = state.pool
    for (let index = 0; index < ranges.length; index++) {
      const range = ranges[index] as AddressRange
      if (familyOf(range) !== family) continue
      const free = state.free[index]?.lowest()
      const shareable = shared.length > 0 ? shared.find(address => rangeContains(range, address)) : undefined
      if (free && shareable) return compareAddresses(free, shareable) < 0 ? free : shareable
      if (free ?? shareable) return free ?? shareable
    }
    this.#room.delete(state.place, family)
    return undefined
  }

  /**
   * Makes a holder hold exactly these addresses, all of one pool, on these terms. What it held before and is not among them
   * is freed; when refused, it keeps what it had.
   *
   * @param refusedPool holds them of this pool, which is refused, wherever they lie
   */
  hold(key: string, addresses: readonly Address[], terms: SharingTerms = UNSHARED, refusedPool?: string): Held {
    const states = addresses.map(address => this.#stateOf(address))
    const pool = refusedPool ?? states[0]?.pool.name
    if (pool === undefined || (refusedPool === undefined && states.includes(undefined))) {
      return { refused: 'not-in-pool' }
    }
    if (refusedPool === undefined && states.some(other => other !== states[0])) return { refused: 'several-pools' }
    for (const address of addresses) {
      const by = this.reservationAgainst(key, address)
      if (by !== undefined) return { refused: 'reserved', by }
      const inUse = this.useAgainst(key, address, terms)
      if (inUse) return inUse
    }
    const before = this.#holdings.get(key)
    if (
      before &&
      before.pool === pool &&
      sameAddresses(before.addresses, addresses) &&
      sameTerms(terms, this.termsOf(key))
    ) {
      return { holding: before }
    }
    if (before) this.#drop(key, before)
    const inUse = this.#inUse.get(pool) ?? { 4: 0, 6: 0 }
    this.#inUse.set(pool, inUse)
    for (const { family, value } of addresses) if (this.#holders.add(key, value, terms)) inUse[family]++
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

  /** How many addresses of a pool are held now; one that is shared counts once. */
  inUse(poolName: string): Readonly<Record<Family, number>> {
    return this.#inUse.get(poolName) ?? { 4: 0, 6: 0 }
  }

  /** Lets go of what some holders have and holds it again as far as that is allowed now; their keys. */
  #holdAgain(isAffected: (holding: Holding, key: string) => boolean): string[] {
    const affected = [...this.#holdings].filter(([key, holding]) => isAffected(holding, key))
    const terms = affected.map(([key]) => this.termsOf(key))
    for (const [key, holding] of affected) this.#drop(key, holding)
    for (const [index, [key, holding]] of affected.entries()) this.hold(key, holding.addresses, terms[index])
    return affected.map(([key]) => key)
  }

  #drop(key: string, holding: Holding): void {
    const inUse = this.#inUse.get(holding.pool)
    for (const address of holding.addresses) {
      if (!this.#holders.remove(key, address.value)) continue
      if (inUse) inUse[address.family]--
      // The pool that has the address now need not be the one that it was held of.
      const range = this.#ranges.find(address)
      range?.free.free(address)
      if (range) this.#room.add(range.state.place, address.family)
    }
    if (inUse && inUse[4] + inUse[6] === 0) this.#inUse.delete(holding.pool)
    this.#holders.forget(key)
    this.#holdings.delete(key)
  }

  #stateOf(address: Address): PoolState | undefined {
    const state = this.#ranges.find(address)?.state
    return state && poolContains(state.pool, address) ? state : undefined
  }

  #indexRanges(): void {
    this.#room = new PoolRoom(this.#order)
    this.#ranges = new RangeIndex(
      [...this.#pools.values()].flatMap(state =>
        state.pool.ranges.map((range, index) => ({ ...range, state, free: state.free[index] as FreeAddresses })),
      ),
    )
  }

  #lowestReserved(key: string, pool: AddressPool, family: Family, terms: SharingTerms): Address | undefined {
    for (const reserved of this.#reserved.for(key)) {
      for (const range of pool.ranges) {
        if (familyOf(range) !== family || familyOf(reserved) !== family) continue
        const last = compareAddresses(range.last, reserved.last) < 0 ? range.last : reserved.last
        let address = compareAddresses(range.first, reserved.first) < 0 ? reserved.first : range.first
        // Nobody else may hold these, so the first that the pool hands out is the one.
        for (; compareAddresses(address, last) <= 0; address = addressAfter(address)) {
          if (poolContains(pool, address) && !this.useAgainst(key, address, terms)) return address
        }
      }
    }
    return undefined
  }

  /** Addresses of the pool that others hold and share on the same terms, the lowest first. */
  #lowestShared(key: string, pool: AddressPool, family: Family, terms: SharingTerms): Address[] {
    const shareable: Address[] = []
    for (const value of this.#holders.sharedLike(terms)) {
      const address = addressOf(value)
      const usable = address.family === family && poolContains(pool, address) && !this.reservationAgainst(key, address)
      if (usable && !this.useAgainst(key, address, terms)) shareable.push(address)
    }
    return shareable.sort(compareAddresses)
  }

  #newState(pool: AddressPool, place: number): PoolState {
    const isTaken = (value: AddressValue) => this.#holders.has(value)
    const reserved = this.#reserved
    const unusableUntil: UnusableUntil = address =>
      pool.avoidBuggyIPs && isBuggy(address) ? address : reserved.of(address)?.last
    return { pool, place, free: pool.ranges.map(range => new FreeAddresses(range, isTaken, unusableUntil)) }
  }
}

function sameAddresses(a: readonly Address[], b: readonly Address[]): boolean {
  return a.length === b.length && a.every((address, place) => sameAddress(address, b[place] as Address))
}

function addressOf(value: AddressValue): Address {
  return typeof value === 'number' ? { family: 4, value } : { family: 6, value }
}
