import { Allocator } from '../allocator/allocator.ts'
import { PoolRegistry } from '../config/pool-registry.ts'
import type { RefusedObject } from '../config/refused-object.ts'
import { ReservationRegistry } from '../config/reservation-registry.ts'
import { claim, converge, type Decision } from '../controller/converge.ts'
import { firstPassOrder } from '../controller/waiting.ts'
import type { World } from '../controller/world.ts'
import type { ServiceView } from '../resources/service.ts'
import type { Settings } from './settings.ts'
import { nameOf, objectsOf, type Snapshot } from './snapshot.ts'

/**
 * What a controller would know that started at the moment of the snapshot: it begins as the real one does, with the same functions, and
 * writes nothing.
 */
export class ShadowAllocation {
  readonly allocator = new Allocator()
  readonly pools = new PoolRegistry()
  readonly reservations = new ReservationRegistry()
  readonly world: World
  readonly #services: readonly ServiceView[]
  readonly #reservationNames: readonly string[]

  constructor(snapshot: Snapshot, services: Iterable<ServiceView>, { loadBalancerClass }: Settings) {
    const namespaces = new Map(
      objectsOf(snapshot, 'Namespace').map(object => [nameOf(object), object.metadata?.labels ?? {}]),
    )
    const { allocator, pools, reservations } = this
    pools.putAll(objectsOf(snapshot, 'IPAddressPool').map(object => [nameOf(object), object] as const))
    allocator.setPools(pools.pools)
    for (const object of objectsOf(snapshot, 'AddressReservation')) reservations.put(nameOf(object), object)
    this.#reservationNames = objectsOf(snapshot, 'AddressReservation').map(nameOf)
    allocator.setReservations(reservations.reservations)
    this.world = {
      ...{ allocator, loadBalancerClass },
      get pools() {
        return pools.pools
      },
      isRefused: name => pools.isRefused(name),
      namespaceLabels: name => namespaces.get(name),
    }
    this.#services = [...firstPassOrder(services)]
    for (const service of this.#services) claim(service, this.world)
  }

  /** What the controller would decide about one Service now. */
  decide(service: ServiceView): Decision {
    return converge(service, this.world)
  }

  /** What it would decide about all, those that hold addresses first; by key. */
  decideAll(): Map<string, Decision> {
    return new Map(this.#services.map(service => [service.key, this.decide(service)]))
  }

  /** Pools and reservations that do not stand. */
  refused(): RefusedObject[] {
    const refused: RefusedObject[] = this.pools.refused.map(name => {
      return { kind: 'IPAddressPool', name, problem: this.pools.problemOf(name)! }
    })
    for (const name of this.#reservationNames) {
      const problem = this.reservations.problemOf(name)
      if (problem) refused.push({ kind: 'AddressReservation', name, problem })
    }
    return refused
  }
}
