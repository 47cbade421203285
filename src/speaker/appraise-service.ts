import { type Address, formatAddress, parseAddress } from '../ip/address.ts'
import { ALLOCATED_FROM } from '../resources/annotations.ts'
import type { ServiceEndpoints } from '../resources/endpoint-slice.ts'
import type { ServiceView } from '../resources/service.ts'
import type { AdvertisedPool } from './candidate-index.ts'
import type { WithholdReason } from './withhold-reason.ts'

/** Looks up the pool that an address of a Service comes from, with the name that the Service tells. */
export interface PoolLookup {
  poolOf(address: Address, allocatedFrom: string | undefined): AdvertisedPool | undefined
}

/** An address that a Service holds and may be announced at. */
export interface ServedAddress {
  /** the address in canonical form */
  readonly key: string
  readonly address: Address
  readonly pool: AdvertisedPool
}

/** Judges what decides by whatever protocol a Service is to be announced: its kind, its addresses, its endpoints. */
export function appraiseService(
  service: ServiceView,
  world: { index: PoolLookup; endpoints: ServiceEndpoints; loadBalancerClass: string },
): { readonly withhold: WithholdReason } | { readonly addresses: readonly ServedAddress[]; readonly local: boolean } {
  const { index, endpoints, loadBalancerClass } = world
  if (service.type !== 'LoadBalancer') return { withhold: 'notLoadBalancer' }
  // Without a class of its own Herald handles the Services without one, and no others.
  if ((service.loadBalancerClass ?? '') !== loadBalancerClass) return { withhold: 'otherLoadBalancerClass' }
  if (service.ingress.length === 0) return { withhold: 'noIPAllocated' }
  const parsed = service.ingress.map(({ ip }) => parseAddress(ip ?? ''))
  if (!parsed.every(address => address !== undefined)) return { withhold: 'invalidIP' }
  const allocatedFrom = service.annotations[ALLOCATED_FROM]
  const addresses: ServedAddress[] = []
  for (const address of parsed) {
    const pool = index.poolOf(address, allocatedFrom)
    if (!pool) return { withhold: 'ipNotAllowed' }
    addresses.push({ key: formatAddress(address), address, pool })
  }
  if (!endpoints.serving) return { withhold: 'noEndpoints' }
  return { addresses, local: service.externalTrafficPolicy === 'Local' }
}
