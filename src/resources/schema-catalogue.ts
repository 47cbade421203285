import { addressReservationResource } from './address-reservation.ts'
import { bfdProfileResource } from './bfd-profile.ts'
import { bgpAdvertisementResource } from './bgp-advertisement.ts'
import { bgpPeerResource } from './bgp-peer.ts'
import { bgpSessionStatusResource } from './bgp-session-status.ts'
import { communityResource } from './community.ts'
import { configurationStateResource } from './configuration-state.ts'
import type { CustomResource } from './crd.ts'
import { ipAddressPoolResource } from './ip-address-pool.ts'
import { l2AdvertisementResource } from './l2-advertisement.ts'
import { serviceBgpStatusResource } from './service-bgp-status.ts'
import { serviceL2StatusResource } from './service-l2-status.ts'
import { speakerStatusResource } from './speaker-status.ts'

/** All kinds that Herald defines, in the order in which the reference lists them. */
export const customResources: readonly CustomResource[] = [
  ipAddressPoolResource,
  addressReservationResource,
  l2AdvertisementResource,
  bgpAdvertisementResource,
  bgpPeerResource,
  bfdProfileResource,
  communityResource,
  serviceL2StatusResource,
  serviceBgpStatusResource,
  configurationStateResource,
  bgpSessionStatusResource,
  speakerStatusResource,
]
