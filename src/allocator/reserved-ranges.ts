import type { AddressReservation } from '../config/address-reservation.ts'
import { type Address, compareAddresses } from '../ip/address.ts'
import { type AddressRange, rangeContains } from '../ip/range.ts'

interface ReservedRange extends AddressRange {
  /** name of the AddressReservation */
  readonly reservation: string
  /** key of the Service; undefined: nobody */
  readonly owner: string | undefined
}

/** Which addresses are kept, and for whom. Ranges of different owners never overlap. */
export class ReservedRanges {
  /** by first address */
  readonly #sorted: readonly ReservedRange[]
  readonly #byOwner = new Map<string, ReservedRange[]>()

  constructor(reservations: readonly AddressReservation[]) {
    const all = reservations.flatMap(({ name, service, ranges }) =>
      ranges.map(range => ({ ...range, reservation: name, owner: service })),
    )
    this.#sorted = mergeSameOwner(all.sort((a, b) => compareAddresses(a.first, b.first)))
    for (const range of this.#sorted) {
      if (range.owner === undefined) continue
      const ranges = this.#byOwner.get(range.owner)
      if (ranges) ranges.push(range)
      else this.#byOwner.set(range.owner, [range])
    }
  }

  /** The reserved range that an address lies in; O(log n). */
  of(address: Address): ReservedRange | undefined {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      const range = this.#sorted[middle] as ReservedRange
      if (compareAddresses(range.first, address) <= 0) low = middle + 1
      else high = middle
    }
    const range = this.#sorted[low - 1]
    return range && rangeContains(range, address) ? range : undefined
  }

  /** What is kept for one Service, in the order of the addresses. */
  for(owner: string): readonly AddressRange[] {
    return this.#byOwner.get(owner) ?? []
  }
}

/** Makes one range of two that overlap; only those of one owner do. */
function mergeSameOwner(sorted: readonly ReservedRange[]): ReservedRange[] {
  const merged: ReservedRange[] = []
  for (const range of sorted) {
    const before = merged.at(-1)
    if (before && rangeContains(before, range.first)) {
      const last = compareAddresses(before.last, range.last) < 0 ? range.last : before.last
      merged[merged.length - 1] = { ...before, last }
    } else merged.push(range)
  }
  return merged
}
