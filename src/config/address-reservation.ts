import { parseAddress } from '../ip/address.ts'
import { type AddressRange, parseRange, rangesOverlap } from '../ip/range.ts'
import type { Problem } from './problem.ts'

/** An AddressReservation, read and checked by itself: addresses of pools that are kept for one Service, or for nobody. */
export interface AddressReservation {
  readonly name: string
  readonly createdAtMs: number
  readonly ranges: readonly AddressRange[]
  /** `namespace/name` of the Service, which need not exist; undefined: nobody may have the addresses */
  readonly service?: string
}

/** An AddressReservation as the API server sends it. */
export interface AddressReservationResource {
  metadata?: { name?: string; creationTimestamp?: string | Date }
  spec?: { addresses?: unknown; service?: unknown }
}

export type ParsedAddressReservation = { readonly reservation: AddressReservation } | { readonly problem: Problem }

/** Reads one AddressReservation by itself. An entry is an address, a CIDR or a range. */
export function parseAddressReservation({ metadata = {}, spec }: AddressReservationResource): ParsedAddressReservation {
  const { addresses, service } = spec ?? {}
  if (!Array.isArray(addresses) || addresses.length === 0) {
    return { problem: { field: 'spec.addresses', message: 'must list at least one address, CIDR or range' } }
  }
  const ranges: AddressRange[] = []
  for (const [index, text] of addresses.entries()) {
    const field = `spec.addresses[${index}]`
    if (typeof text !== 'string') return { problem: { field, message: 'must be text' } }
    const single = parseAddress(text.trim())
    const parsed = single ? { range: { first: single, last: single } } : parseRange(text)
    if ('problem' in parsed) return { problem: { field, message: parsed.problem } }
    ranges.push(parsed.range)
  }
  const owner = service === undefined || service === null ? undefined : ownerOf(service)
  if (owner && 'field' in owner) return { problem: owner }
  return {
    reservation: {
      name: metadata.name ?? '',
      createdAtMs: Date.parse(String(metadata.creationTimestamp ?? '')) || 0,
      ranges,
      ...(owner && { service: owner.key }),
    },
  }
}

function ownerOf(service: unknown): { key: string } | Problem {
  if (typeof service !== 'object' || Array.isArray(service)) {
    return { field: 'spec.service', message: 'must have a namespace and a name' }
  }
  const { namespace, name } = service as Record<string, unknown>
  for (const [field, value] of Object.entries({ namespace, name })) {
    // A slash would make two different Services out of one key.
    if (typeof value !== 'string' || value === '' || value.includes('/')) {
      return { field: `spec.service.${field}`, message: `must be the ${field} of a Service` }
    }
  }
  return { key: `${namespace}/${name}` }
}

/** The reservations that stand, and what is wrong with those that do not. */
export interface ReservationSet {
  readonly reservations: readonly AddressReservation[]
  /** by name of the refused reservation */
  readonly refused: ReadonlyMap<string, Problem>
}

/** Reservations of different owners must not overlap: the older one stands. Two of the same owner may say the same thing twice. */
export function combineReservations(parsed: readonly AddressReservation[]): ReservationSet {
  const oldestFirst = [...parsed].sort((a, b) => a.createdAtMs - b.createdAtMs || (a.name < b.name ? -1 : 1))
  const reservations: AddressReservation[] = []
  const refused = new Map<string, Problem>()
  for (const reservation of oldestFirst) {
    const problem = clashWith(reservations, reservation)
    if (problem) refused.set(reservation.name, problem)
    else reservations.push(reservation)
  }
  return { reservations, refused }
}

function clashWith(
  standing: readonly AddressReservation[],
  { ranges, service }: AddressReservation,
): Problem | undefined {
  for (const [index, range] of ranges.entries()) {
    const other = standing.find(
      candidate => candidate.service !== service && candidate.ranges.some(theirs => rangesOverlap(theirs, range)),
    )
    if (other) {
      const owner = other.service === undefined ? 'for nobody' : `for the Service "${other.service}"`
      return {
        field: `spec.addresses[${index}]`,
        message: `overlaps with the older AddressReservation "${other.name}" ${owner}`,
      }
    }
  }
  return undefined
}
