import type { L2Advertisement } from '../config/l2-advertisement.ts'
import type { Address } from '../ip/address.ts'
import { REQUEST_ANNOTATIONS, readAnnotation } from '../resources/annotations.ts'
import type { ServiceEndpoints } from '../resources/endpoint-slice.ts'
import type { ServiceView } from '../resources/service.ts'
import { appraiseService } from './appraise-service.ts'
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

/** Judges, before any node is looked at, what of a Service layer 2 is to announce, or why nothing. */
export function appraise(
  service: ServiceView,
  world: { index: CandidateIndex; endpoints: ServiceEndpoints; loadBalancerClass: string },
): Appraisal {
  const { index, endpoints } = world
  const eligible = appraiseService(service, world)
  if ('withhold' in eligible) return eligible
  const { local } = eligible
  const shares = readAnnotation(service.annotations, REQUEST_ANNOTATIONS.sharingKey) !== undefined
  const addresses: AppraisedAddress[] = []
  for (const { key, address, pool } of eligible.addresses) {
    const advertisements = index.advertisements(pool, service.labels)
    if (advertisements.length === 0) continue
    if (shares && advertisements.some(({ serviceSelectors }) => serviceSelectors.length > 0)) {
      return { withhold: 'sharedIPWithServiceSelector' }
    }
    const candidacy = index.candidacy(advertisements, address, local ? endpoints : undefined)
    addresses.push({ key, address, advertisements, ...candidacy })
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
