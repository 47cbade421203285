import type { Holding } from '../allocator/allocator.ts'
import type { AddressReservation } from '../config/address-reservation.ts'
import { describeProblem, type NamedProblem } from '../config/problem.ts'
import { formatAddress } from '../ip/address.ts'
import { rangeContains } from '../ip/range.ts'
import type { ConditionState } from './conditions.ts'

export const RESERVATION_ACCEPTED = 'Accepted'

/** The addresses of a reservation that its Service holds, as the status shows them; empty when it holds none. */
export function heldOf({ ranges }: AddressReservation, holding: Holding | undefined): string {
  const held = (holding?.addresses ?? []).filter(address => ranges.some(range => rangeContains(range, address)))
  return held.map(formatAddress).join(',')
}

/** The condition that says whether a reservation is in force. */
export function reservationCondition(problem: NamedProblem | undefined, observedGeneration?: number): ConditionState {
  if (!problem) return { status: 'True', reason: 'Accepted', message: 'The addresses are kept.', observedGeneration }
  const message = `The addresses are not kept: ${describeProblem(problem)}.`
  return { status: 'False', reason: problem.reason, message, observedGeneration }
}
