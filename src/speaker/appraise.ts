import type { L2Advertisement } from '../config/l2-advertisement.ts'
import { type Address, formatAddress, parseAddress } from '../ip/address.ts'
import { ALLOCATED_FROM, REQUEST_ANNOTATIONS, readAnnotation } from '../resources/annotations.ts'
import type { ServiceEndpoints } from '../resources/endpoint-slice.ts'
import type { ServiceView } from '../resources/service.ts'
import type { Candidacy, CandidateIndex } from './candidate-index.ts'
import type { WithholdReason } from './withhold-reason.ts'

/** An address that some node should announce for a Service, and the nodes that may. */
export interface AppraisedAddress extends Candidacy {
  /** the address in canonical form */
  readonly key: string
  readonly address: Address
  readonly advertisements: readonly L2Advertisement[]
}

/** What holds for a Service on every node alike. */
export type Appraisal =
  | { readonly withhold: WithholdReason }
  | {
      readonly addresses: readonly AppraisedAddress[]
      readonly local: boolean
      readonly endpointNodes: readonly string[]
    }

/** Judges, before any node is looked at, what of a Service is to be announced, or why nothing is. */
export function appraise(
  service: ServiceView,
  world: { index: CandidateIndex; endpoints: ServiceEndpoints; loadBalancerClass: string },
): Appraisal {
  const { index, endpoints, loadBalancerClass } = world
  if (service.type !== 'LoadBalancer') return { withhold: 'notLoadBalancer' }
  // Without a class of its own Herald handles the Services without one, and no others.
  if ((service.loadBalancerClass ?? '') !== loadBalancerClass) return { withhold: 'otherLoadBalancerClass' }
  if (service.ingress.length === 0) return { withhold: 'noIPAllocated' }
  const parsed = service.ingress.map(({ ip }) => parseAddress(ip ?? ''))
  if (!parsed.every(address => address !== undefined)) return { withhold: 'invalidIP' }
  const pools = parsed.map(address => index.poolOf(address, service.annotations[ALLOCATED_FROM]))
  if (!pools.every(pool => pool !== undefined)) return { withhold: 'ipNotAllowed' }
  if (!endpoints.serving) return { withhold: 'noEndpoints' }

  const local = service.externalTrafficPolicy === 'Local'
  const shares = readAnnotation(service.annotations, REQUEST_ANNOTATIONS.sharingKey) !== undefined
  const addresses: AppraisedAddress[] = []
  for (const [position, address] of parsed.entries()) {
    const advertisements = index.advertisements(pools[position]!, service.labels)
    if (advertisements.length === 0) continue
    if (shares && advertisements.some(({ serviceSelectors }) => serviceSelectors.length > 0)) {
      return { withhold: 'sharedIPWithServiceSelector' }
    }
    const candidacy = index.candidacy(advertisements, address, local ? endpoints : undefined)
    addresses.push({ key: formatAddress(address), address, advertisements, ...candidacy })
  }
  if (addresses.length === 0) return { withhold: 'noMatchingAdvertisement' }
  return { addresses, local, endpointNodes: endpoints.nodes }
}

/** Whether two appraisals put the same question to the election. */
export function sameClaim(a: Appraisal | undefined, b: Appraisal | undefined): boolean {
  const [left, right] = [claimed(a), claimed(b)]
  return left.length === right.length && left.every((item, index) => sameQuestion(item, right[index]!))
}

function sameQuestion(a: AppraisedAddress, b: AppraisedAddress): boolean {
  return a.key === b.key && (a.candidates === b.candidates || (a.candidates.size === 0 && b.candidates.size === 0))
}

/** The addresses that an appraisal claims; none when it withholds. */
export function claimed(appraisal: Appraisal | undefined): readonly AppraisedAddress[] {
  return appraisal && 'addresses' in appraisal ? appraisal.addresses : []
}
