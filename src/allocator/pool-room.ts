import { type AddressPool, poolOffers } from '../config/address-pool.ts'
import type { Family } from '../ip/address.ts'

const FAMILIES = [4, 6] as const

/**
 * Which pools may have a free address: a bit for each pool and family, by the pool's place in the order in which they are tried.
 * The next pool with room is found 32 pools at a step, however many full ones stand before it.
 */
export class PoolRoom {
  readonly #words: Readonly<Record<Family, Uint32Array>>

  /** All that offer a family have room in it until they are found full. */
  constructor(pools: readonly AddressPool[]) {
    const length = Math.ceil(pools.length / 32)
    this.#words = { 4: new Uint32Array(length), 6: new Uint32Array(length) }
    for (const [place, pool] of pools.entries()) {
      for (const family of FAMILIES) if (poolOffers(pool, family)) this.add(place, family)
    }
  }

  has(place: number, family: Family): boolean {
    return ((this.#words[family][place >>> 5] ?? 0) & (1 << (place & 31))) !== 0
  }

  add(place: number, family: Family): void {
    const words = this.#words[family]
    words[place >>> 5] = (words[place >>> 5] ?? 0) | (1 << (place & 31))
  }

  delete(place: number, family: Family): void {
    const words = this.#words[family]
    words[place >>> 5] = (words[place >>> 5] ?? 0) & ~(1 << (place & 31))
  }

  /** The first place from `from` on that may have room in all of these families; -1 when there is none. */
  next(families: readonly Family[], from: number): number {
    const count = this.#words[4].length
    for (let index = from >>> 5; index < count; index++) {
      let bits = index === from >>> 5 ? -1 << (from & 31) : -1
      for (const family of families) bits &= this.#words[family][index] ?? 0
      if (bits !== 0) return index * 32 + 31 - Math.clz32(bits & -bits)
    }
    return -1
  }
}
