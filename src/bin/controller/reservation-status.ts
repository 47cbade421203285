import type { AddressReservationResource } from '../../config/address-reservation.ts'
import { acceptanceState } from '../../controller/acceptance.ts'
import { heldOf } from '../../controller/reservation-status.ts'
import { done, type Outcome } from '../../kubernetes/outcome.ts'
import { addressReservations } from '../../kubernetes/resources.ts'
import type { ReadableStore } from '../../kubernetes/store.ts'
import type { Condition } from '../../resources/service.ts'
import { type AcceptanceWriter, writeAcceptance } from './acceptance.ts'
import type { ServiceController } from './service-controller.ts'
import type { ResourceView } from './views.ts'

export type ReservationView = ResourceView &
  AddressReservationResource & { readonly status?: { held?: string; conditions?: Condition[] } }

export interface ReservationStatusComponents extends AcceptanceWriter<ReservationView> {
  reservations: ReadableStore<ReservationView>
  controller: Pick<ServiceController, 'allocator' | 'reservations'>
}

/** Writes the status of one AddressReservation: which of its addresses are held, and whether it is in force. */
export async function reconcileReservationStatus(
  components: ReservationStatusComponents,
  key: string,
  signal?: AbortSignal,
): Promise<Outcome> {
  const { reservations, controller } = components
  const view = reservations.get(key)
  if (!view) return done
  const registry = controller.reservations
  const standing = registry.reservations.find(({ name }) => name === view.name)
  const problem = registry.problemOf(view.name)
  if (!standing && !problem) return done
  const holding = standing?.service === undefined ? undefined : controller.allocator.holding(standing.service)
  const held = standing ? heldOf(standing, holding) : ''
  const state = acceptanceState('AddressReservation', problem, view.metadata.generation)
  const rest = { same: (view.status?.held ?? '') === held, status: { held: held === '' ? null : held } }
  return writeAcceptance(components, { resource: addressReservations, view, state }, { rest, signal })
}
