import type { BgpAdvertisement } from '../../config/bgp-advertisement.ts'
import type { Address } from '../../ip/address.ts'
import type { ServiceEndpoints } from '../../resources/endpoint-slice.ts'
import type { ServiceView } from '../../resources/service.ts'
import { appraiseService } from '../appraise-service.ts'
import type { WithholdReason } from '../withhold-reason.ts'
import type { BgpIndex, BgpStandings, Unfitness } from './bgp-index.ts'

/** An address that nodes announce for a Service by BGP. */
export interface BgpAddress {
  /** the address in canonical form */
  readonly key: string
  readonly address: Address
  readonly advertisements: readonly BgpAdvertisement[]
  readonly standings: BgpStandings
  /** how unfit the fittest node is; undefined when none can announce it */
  readonly leastUnfit: Unfitness | undefined
}

/** What holds for a Service on every node alike, as far as BGP is concerned. */
export type BgpAppraisal =
  | { readonly withhold: WithholdReason }
  | { readonly addresses: readonly BgpAddress[]; readonly local: boolean; readonly endpoints: ServiceEndpoints }

/** Judges, before any node is looked at, what of a Service is to be announced by BGP, or why nothing. */
export function appraiseBgp(
  service: ServiceView,
  world: { index: BgpIndex; endpoints: ServiceEndpoints; loadBalancerClass: string },
): BgpAppraisal {
  const { index, endpoints } = world
  const eligible = appraiseService(service, world)
  if ('withhold' in eligible) return eligible
  const { local } = eligible
  const addresses: BgpAddress[] = []
  for (const { key, address, pool } of eligible.addresses) {
    const advertisements = index.advertisements(pool, service.labels)
    if (advertisements.length === 0) continue
    const standings = index.standings(advertisements, address.family)
    const leastUnfit = index.leastUnfit(standings, local ? endpoints : undefined)
    addresses.push({ key, address, advertisements, standings, leastUnfit })
  }
  return addresses.length === 0 ? { withhold: 'noMatchingAdvertisement' } : { addresses, local, endpoints }
}
