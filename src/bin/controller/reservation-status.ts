import type { AddressReservationResource } from '../../config/address-reservation.ts'
import { nextCondition, sameCondition } from '../../controller/conditions.ts'
import { heldOf, RESERVATION_ACCEPTED, reservationCondition } from '../../controller/reservation-status.ts'
import { done, type Outcome } from '../../kubernetes/outcome.ts'
import { addressReservations } from '../../kubernetes/resources.ts'
import { outcomeOfWrite, type StatusWriter } from '../../kubernetes/status-writer.ts'
import type { ReadableStore } from '../../kubernetes/store.ts'
import type { Condition } from '../../resources/service.ts'
import type { ServiceController } from './service-controller.ts'
import type { ResourceView } from './views.ts'

export type ReservationView = ResourceView &
  AddressReservationResource & { readonly status?: { held?: string; conditions?: Condition[] } }

export interface ReservationStatusComponents {
  reservations: ReadableStore<ReservationView>
  controller: Pick<ServiceController, 'allocator' | 'reservations'>
  statusWriter: Pick<StatusWriter, 'patchStatus'>
  nowText: () => string
  /** tells of a reservation that begins to be refused */
  recordProblem: (reservation: ReservationView, reason: string, message: string) => void
}

/** Writes the status of one AddressReservation: which of its addresses are held, and whether it is in force. */
export async function reconcileReservationStatus(
  { reservations, controller, statusWriter, nowText, recordProblem }: ReservationStatusComponents,
  key: string,
  signal?: AbortSignal,
): Promise<Outcome> {
  const resource = reservations.get(key)
  if (!resource) return done
  const registry = controller.reservations
  const standing = registry.reservations.find(({ name }) => name === resource.name)
  const problem = registry.problemOf(resource.name)
  if (!standing && !problem) return done
  const shown = resource.status?.conditions?.find(({ type }) => type === RESERVATION_ACCEPTED)
  const state = reservationCondition(problem, resource.metadata.generation)
  const condition = nextCondition(RESERVATION_ACCEPTED, state, shown, nowText())
  const holding = standing?.service === undefined ? undefined : controller.allocator.holding(standing.service)
  const held = standing ? heldOf(standing, holding) : ''
  if (shown && sameCondition(shown, condition) && (resource.status?.held ?? '') === held) return done
  const { namespace, name, resourceVersion } = resource
  const others = resource.status?.conditions?.filter(({ type }) => type !== RESERVATION_ACCEPTED) ?? []
  const status = { held: held === '' ? null : held, conditions: [...others, condition] }
  const result = await statusWriter.patchStatus(addressReservations, { namespace, name }, status, {
    resourceVersion,
    signal,
  })
  if (result === 'written' && problem && shown?.reason !== problem.reason)
    recordProblem(resource, problem.reason, condition.message)
  return outcomeOfWrite(result)
}
