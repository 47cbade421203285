import type { Holding } from '../allocator/allocator.ts'
import type { AddressReservation } from '../config/address-reservation.ts'
import { formatAddress } from '../ip/address.ts'
import { rangeContains } from '../ip/range.ts'

/** The addresses of a reservation that its Service holds, as the status shows them; empty when it holds none. */
export function heldOf({ ranges }: AddressReservation, holding: Holding | undefined): string {
  const held = (holding?.addresses ?? []).filter(address => ranges.some(range => rangeContains(range, address)))
  return held.map(formatAddress).join(',')
}
