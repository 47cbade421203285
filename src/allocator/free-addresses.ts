import type { Address } from '../ip/address.ts'
import { type AddressRange, addressAfter, familyOf } from '../ip/range.ts'

/** An address's value alone. IPv4 values are numbers, IPv6 values bigints, so the two never meet in one Map or Set. */
export type AddressValue = number | bigint

/**
 * Tells of an address that may not be handed out how far that goes on: the last address of the unusable run that it lies in;
 * undefined for a usable one. A long run, such as a reserved range, costs one step.
 */
export type UnusableUntil = (address: Address) => Address | undefined

/**
 * Finds the lowest free address of one range. Cost depends on how much was taken and freed, never on the size of the range:
 * everything from `frontier` on has never been dealt out, and what was freed below it waits in a heap.
 */
export class FreeAddresses {
  readonly #range: AddressRange
  readonly #isTaken: (value: AddressValue) => boolean
  readonly #unusableUntil: UnusableUntil
  /** the lowest address that was never found free; undefined once the range's end is passed */
  #frontier: Address | undefined
  readonly #freed: AddressValue[] = []
  /** what is in the heap, so that nothing stands in it twice */
  readonly #inHeap = new Set<AddressValue>()

  /**
   * @param isTaken whether somebody holds the address now
   * @param unusableUntil whether it may be handed out at all
   */
  constructor(range: AddressRange, isTaken: (value: AddressValue) => boolean, unusableUntil: UnusableUntil) {
    this.#range = range
    this.#isTaken = isTaken
    this.#unusableUntil = unusableUntil
    this.#frontier = range.first
  }

  /** The lowest free address; it stays free until somebody takes it. Amortised O(log n) in the addresses freed. */
  lowest(): Address | undefined {
    for (let value = this.#freed[0]; value !== undefined; value = this.#freed[0]) {
      if (!this.#isTaken(value)) return this.#addressOf(value)
      this.#popFreed()
    }
    while (this.#frontier) {
      const last = this.#isTaken(this.#frontier.value) ? this.#frontier : this.#unusableUntil(this.#frontier)
      if (!last) break
      this.#frontier = last.value >= this.#range.last.value ? undefined : addressAfter(last)
    }
    return this.#frontier
  }

  /** To be told of every address of the range that is freed. */
  free(address: Address): void {
    const { value } = address
    const dealt = this.#frontier === undefined || value < this.#frontier.value
    if (!dealt || this.#inHeap.has(value) || this.#unusableUntil(address)) return
    this.#inHeap.add(value)
    this.#pushFreed(value)
  }

  #addressOf(value: AddressValue): Address {
    return (familyOf(this.#range) === 4 ? { family: 4, value } : { family: 6, value }) as Address
  }

  #pushFreed(value: AddressValue): void {
    const heap = this.#freed
    let child = heap.length
    heap.push(value)
    while (child > 0) {
      const parent = (child - 1) >> 1
      const above = heap[parent] as AddressValue
      if (above <= value) break
      heap[child] = above
      child = parent
    }
    heap[child] = value
  }

  #popFreed(): void {
    const heap = this.#freed
    const top = heap[0] as AddressValue
    const last = heap.pop() as AddressValue
    this.#inHeap.delete(top)
    if (heap.length === 0) return
    let parent = 0
    for (;;) {
      let child = 2 * parent + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && (heap[child + 1] as AddressValue) < (heap[child] as AddressValue)) child++
      const below = heap[child] as AddressValue
      if (last <= below) break
      heap[parent] = below
      parent = child
    }
    heap[parent] = last
  }
}
