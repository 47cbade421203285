import type { AddressPoolResource } from '../config/address-pool.ts'
import type { AddressReservationResource } from '../config/address-reservation.ts'
import type { BgpSources } from '../config/bgp-config.ts'

/** All that a write is judged beside: the configuration in Herald's namespace, as this process knows it, and the cluster's nodes. */
export interface AdmissionSnapshot extends Omit<BgpSources, 'pools'> {
  /** Herald's own namespace: objects elsewhere count for nothing */
  readonly namespace: string
  readonly pools: Iterable<AddressPoolResource>
  readonly reservations: Iterable<AddressReservationResource>
}
