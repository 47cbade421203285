import type { AddressPoolResource } from '../config/address-pool.ts'
import { parseAddressReservation } from '../config/address-reservation.ts'
import { PoolRegistry } from '../config/pool-registry.ts'
import { describeProblem, type Problem } from '../config/problem.ts'
import { ReservationRegistry } from '../config/reservation-registry.ts'
import type { AdmissionRequest, Verdict } from './admission-review.ts'
import { bgpStateOf, newlyRefused } from './bgp-change.ts'
import { problemOf, same } from './own-problem.ts'
import type { AdmissionSnapshot } from './snapshot.ts'

/** Judges a pool by itself and beside the others; BGPAdvertisements that would not fit it are told of. */
export function judgePool({ name, object }: AdmissionRequest, snapshot: AdmissionSnapshot): Verdict {
  const registry = registryOf(snapshot)
  const standing = registry.pools
  const before = registry.problemOf(name)
  registry.put(name, object as AddressPoolResource)
  const after = registry.problemOf(name)
  if (after && !same(before, after)) return { refusal: describeProblem(after), warnings: [] }
  const misfits = newlyRefused(bgpStateOf(snapshot, standing), bgpStateOf(snapshot, registry.pools))
  const warnings = misfits.map(
    ({ kind, name, problem }) => `the ${kind} "${name}" will not apply to this pool: ${describeProblem(problem)}`,
  )
  return { warnings }
}

/** The pools that stand, as the controller would find them after a start. */
export function registryOf({ pools }: AdmissionSnapshot): PoolRegistry {
  const registry = new PoolRegistry()
  registry.putAll([...pools].map(pool => [pool.metadata?.name ?? '', pool] as const))
  return registry
}

/** Judges an AddressReservation beside those of other owners. */
export function judgeReservation(
  { name, object, oldObject }: AdmissionRequest,
  { reservations }: AdmissionSnapshot,
): Verdict {
  const own = problemOf(parseAddressReservation, object)
  if (own) return same(problemOf(parseAddressReservation, oldObject), own) ? allowed : refuse(own)
  const registry = new ReservationRegistry()
  for (const reservation of reservations) registry.put(reservation.metadata?.name ?? '', reservation)
  const names = [...reservations].map(({ metadata }) => metadata?.name ?? '')
  const before = new Map(names.map(other => [other, registry.problemOf(other)]))
  registry.put(name, object)
  for (const other of [name, ...names]) {
    const problem = registry.problemOf(other)
    if (problem && !same(before.get(other), problem)) return refuse(problem, other === name ? '' : other)
  }
  return allowed
}

const allowed: Verdict = { warnings: [] }

function refuse(problem: Problem, other = ''): Verdict {
  const whose = other && `the AddressReservation "${other}" would be refused: `
  return { refusal: whose + describeProblem(problem), warnings: [] }
}
