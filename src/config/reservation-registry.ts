import {
  type AddressReservation,
  type AddressReservationResource,
  combineReservations,
  parseAddressReservation,
  type ReservationSet,
} from './address-reservation.ts'
import type { NamedProblem, Problem } from './problem.ts'

/** All AddressReservations as they come and go; each is read once per change. */
export class ReservationRegistry {
  readonly #parsed = new Map<string, AddressReservation>()
  readonly #unreadable = new Map<string, Problem>()
  #set: ReservationSet = { reservations: [], refused: new Map() }

  /** Takes a reservation as it is now; undefined when it was deleted. */
  put(name: string, resource: AddressReservationResource | undefined): void {
    this.#parsed.delete(name)
    this.#unreadable.delete(name)
    if (resource) {
      const parsed = parseAddressReservation(resource)
      if ('reservation' in parsed) this.#parsed.set(name, parsed.reservation)
      else this.#unreadable.set(name, parsed.problem)
    }
    this.#set = combineReservations([...this.#parsed.values()])
  }

  /** The reservations that stand. */
  get reservations(): readonly AddressReservation[] {
    return this.#set.reservations
  }

  /** What is wrong with a reservation, by itself or beside the others; undefined when it stands. */
  problemOf(name: string): NamedProblem | undefined {
    const unreadable = this.#unreadable.get(name)
    if (unreadable) return { ...unreadable, reason: 'Invalid' }
    const refused = this.#set.refused.get(name)
    return refused && { ...refused, reason: 'Overlap' }
  }

  /** Names of the reservations for one Service. */
  namesFor(service: string): string[] {
    return this.#set.reservations.filter(reservation => reservation.service === service).map(({ name }) => name)
  }
}
