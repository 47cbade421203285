import type { AddressReservation } from '../config/address-reservation.ts'
import { type Address, compareAddresses } from '../ip/address.ts'
import { type AddressRange, rangeContains } from '../ip/range.ts'
import { RangeIndex } from '../ip/range-index.ts'

interface ReservedRange extends AddressRange {
  /** name of the AddressReservation */
  readonly reservation: string
  /** key of the Service; undefined: nobody */
  readonly owner: string | undefined
}

const NOTHING: readonly AddressRange[] = []

/** Which addresses are kept, and for whom. Ranges of different owners never overlap. */
export class ReservedRanges {
  readonly #index: RangeIndex<ReservedRange>
  readonly #byOwner = new Map<string, ReservedRange[]>()

  constructor(reservations: readonly AddressReservation[]) {
    const all = reservations.flatMap(({ name, service, ranges }) =>
      ranges.map(range => ({ ...range, reservation: name, owner: service })),
    )
    const merged = mergeSameOwner(all.sort((a, b) => compareAddresses(a.first, b.first)))
    this.#index = new RangeIndex(merged)
    for (const range of merged) {
      if (range.owner === undefined) continue
      const ranges = this.#byOwner.get(range.owner)
      if (ranges) ranges.push(range)
      else this.#byOwner.set(range.owner, [range])
    }
  }

  /** The reserved range that an address lies in; O(log n). */
  of(address: Address): ReservedRange | undefined {
    return this.#index.find(address)
  }

  /** What is kept for one Service, in the order of the addresses. */
  for(owner: string): readonly AddressRange[] {
    // Asked for every pool of every allocation, and mostly there is nothing.
    return this.#byOwner.size === 0 ? NOTHING : (this.#byOwner.get(owner) ?? NOTHING)
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
