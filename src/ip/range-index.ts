import { type Address, compareAddresses } from './address.ts'
import { type AddressRange, rangeContains } from './range.ts'

/** Finds, among ranges that do not overlap, the one that an address lies in: O(log n). */
export class RangeIndex<Range extends AddressRange> {
  readonly #sorted: readonly Range[]

  constructor(ranges: Iterable<Range>) {
    this.#sorted = [...ranges].sort((a, b) => compareAddresses(a.first, b.first))
  }

  find(address: Address): Range | undefined {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareAddresses((this.#sorted[middle] as Range).first, address) <= 0) low = middle + 1
      else high = middle
    }
    const range = this.#sorted[low - 1]
    return range && rangeContains(range, address) ? range : undefined
  }
}
