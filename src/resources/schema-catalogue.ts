import { addressReservationResource } from './address-reservation.ts'
import { configurationStateResource } from './configuration-state.ts'
import type { CustomResource } from './crd.ts'
import { ipAddressPoolResource } from './ip-address-pool.ts'
import { l2AdvertisementResource } from './l2-advertisement.ts'
import { serviceL2StatusResource } from './service-l2-status.ts'
import { speakerStatusResource } from './speaker-status.ts'

/** All kinds that Herald defines, in the order in which the reference lists them. */
export const customResources: readonly CustomResource[] = [
  ipAddressPoolResource,
  addressReservationResource,
  l2AdvertisementResource,
  serviceL2StatusResource,
  configurationStateResource,
  speakerStatusResource,
]
