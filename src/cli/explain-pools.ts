import { type AddressRequest, chooseAddresses, type PoolVerdict } from '../allocator/choose-addresses.ts'
import type { AddressPool } from '../config/address-pool.ts'
import { describeProblem } from '../config/problem.ts'
import { readRequest } from '../controller/request.ts'
import { formatAddress } from '../ip/address.ts'
import type { ServiceView } from '../resources/service.ts'
import type { ShadowAllocation } from './allocation.ts'

/** What one pool is to a Service. */
export interface PoolExplanation {
  readonly pool: string
  /** `serves`: the Service's addresses are of it. `could`: it would, had none before it. */
  readonly verdict: 'serves' | 'could' | 'no' | 'refused'
  readonly why: string
}

const WORDS: Readonly<Record<PoolVerdict['verdict'], string>> = {
  'not-auto-assigned':
    'autoAssign is false: it serves only Services that ask for it by the annotation metallb.io/address-pool',
  'not-allowed': 'its serviceAllocation excludes the namespace or the labels of this Service',
  'lacks-family': 'it has no addresses of the IP family that the Service needs',
  exhausted: 'none of its addresses is free for this Service',
}

/** Every pool in the order in which they are tried, and why it serves or does not; the refused ones last. */
export function explainPools(service: ServiceView, allocation: ShadowAllocation): PoolExplanation[] {
  const { allocator, pools: registry, world } = allocation
  const held = allocator.holding(service.key)
  const read = readRequest(service, world.namespaceLabels(service.namespace) ?? {})
  const standing = registry.pools.map((pool): PoolExplanation => {
    if (held?.pool === pool.name) {
      const addresses = held.addresses.map(formatAddress).join(', ')
      return { pool: pool.name, verdict: 'serves', why: `the Service has ${addresses} of it` }
    }
    if (!('request' in read)) return { pool: pool.name, verdict: 'no', why: 'what the Service asks for is not clear' }
    return { pool: pool.name, ...judgePool(pool, read.request, allocation) }
  })
  const refused = registry.refused.sort().map((pool): PoolExplanation => {
    const keeps = held?.pool === pool ? '; the Service keeps what it has of it' : ''
    return { pool, verdict: 'refused', why: `${describeProblem(registry.problemOf(pool)!)}${keeps}` }
  })
  return [...standing, ...refused]
}

/** What would come of asking this pool alone. */
function judgePool(
  pool: AddressPool,
  request: AddressRequest,
  { allocator }: ShadowAllocation,
): Omit<PoolExplanation, 'pool'> {
  if (request.pool !== undefined && request.pool !== pool.name) {
    return { verdict: 'no', why: `the Service asks for the pool "${request.pool}"` }
  }
  const choice = chooseAddresses(request, [pool], allocator)
  if ('addresses' in choice) {
    return { verdict: 'could', why: `it could give ${choice.addresses.map(formatAddress).join(', ')}` }
  }
  const [looked] = choice.looked
  return { verdict: 'no', why: looked ? WORDS[looked.verdict] : choice.message.replace(/\.$/, '') }
}
