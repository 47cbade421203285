import type { Allocator, Holding } from '../allocator/allocator.ts'
import { type AddressRequest, chooseAddresses } from '../allocator/choose-addresses.ts'
import type { AllocationReason } from '../allocator/reasons.ts'
import { type AddressPool, poolServes } from '../config/address-pool.ts'
import { type Address, type Family, formatAddress, parseAddress, sameAddress } from '../ip/address.ts'
import type { ServiceView } from '../resources/service.ts'
import { ALLOCATED_FROM } from './annotations.ts'
import { ADDRESS_ALLOCATED, type ConditionState } from './conditions.ts'
import { readRequest, sameFamilies } from './request.ts'

/** What a decision about one Service depends on, beside the Service. The allocator is the one thing that it changes. */
export interface World {
  readonly allocator: Allocator
  /** those that stand, in the order in which they are tried */
  readonly pools: readonly AddressPool[]
  readonly loadBalancerClass: string
  namespaceLabels(namespace: string): Readonly<Record<string, string>>
}

export interface ServiceEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

/** What the Service should carry. What is left out is not touched. */
export interface DesiredStatus {
  /** whole list of status.loadBalancer.ingress */
  readonly addresses?: readonly Address[]
  /** value of the annotation ip-allocated-from-pool; undefined removes it */
  readonly pool: string | undefined
  /** undefined removes the condition */
  readonly condition: ConditionState | undefined
}

export interface Decision {
  readonly reason: AllocationReason | 'NotLoadBalancer' | 'OtherClass'
  /** undefined: the Service is not ours to write */
  readonly desired?: DesiredStatus
  readonly events: readonly ServiceEvent[]
  /** an address that the Service held is free now: others may be waiting for it */
  readonly freed: boolean
}

/**
 * Decides what one Service should carry, and makes the allocator agree: keeps the addresses that it may keep, gives up
 * those that it may not, allocates what is missing. Calling it again without change gives the same answer.
 */
export function converge(service: ServiceView, world: World): Decision {
  const { allocator } = world
  if (service.type !== 'LoadBalancer') return leaveAlone(service, allocator, 'NotLoadBalancer')
  if ((service.loadBalancerClass ?? '') !== world.loadBalancerClass) return leaveAlone(service, allocator, 'OtherClass')

  const before = allocator.holding(service.key)
  const outcome = settle(service, world)
  const after = allocator.holding(service.key)
  const freed = (before?.addresses ?? []).some(one => !after?.addresses.some(other => sameAddress(one, other)))
  if (outcome.reason === 'ForeignAddress') {
    return {
      reason: outcome.reason,
      desired: { pool: undefined, condition: conditionOf(outcome, undefined) },
      events: [],
      freed,
    }
  }
  return {
    reason: outcome.reason,
    desired: { addresses: after?.addresses ?? [], pool: after?.pool, condition: conditionOf(outcome, after) },
    events: eventsOf(service, outcome, after),
    freed,
  }
}

interface Outcome {
  readonly reason: AllocationReason
  readonly message: string
  /** why an address that the Service had was given up */
  readonly cleared?: string
}

function settle(service: ServiceView, world: World): Outcome {
  const { allocator, pools } = world
  const read = readRequest(service, world.namespaceLabels(service.namespace))
  const current = currentAddresses(service)
  if ('reason' in read) {
    // A request that cannot be understood is no reason to take away what the Service has, as long as the pools allow it.
    const keeps =
      read.reason === 'InvalidRequest' && current.length > 0 && 'holding' in allocator.hold(service.key, current)
    if (!keeps) allocator.release(service.key)
    return read
  }
  const { request } = read
  let cleared: string | undefined
  if (current.length > 0 || service.ingress.length > 0) {
    const objection = keep(service, request, current, world)
    if (!objection) return allocated(allocator.holding(service.key))
    if (objection.foreign) return { reason: 'ForeignAddress', message: objection.why }
    cleared = objection.why
    allocator.release(service.key)
  }
  const held = allocator.holding(service.key)
  // Decided before, but the write has not come back yet: the same answer again, if it still serves.
  if (held && !objectionTo(held, request, world)) return allocated(held)
  const choice = chooseAddresses(request, pools, allocator)
  if ('reason' in choice) {
    allocator.release(service.key)
    return { ...choice, ...(cleared !== undefined && { cleared }) }
  }
  const taken = allocator.hold(service.key, choice.addresses)
  if ('refused' in taken) throw new Error(`allocator refused what it offered to ${service.key}: ${taken.refused}`)
  return { ...allocated(taken.holding), ...(cleared !== undefined && { cleared }) }
}

/** Holds on to the addresses that the status shows; the objection, if there is one, says why that cannot be. */
function keep(
  service: ServiceView,
  request: AddressRequest,
  current: readonly Address[],
  world: World,
): { why: string; foreign?: boolean } | undefined {
  const ours = service.annotations[ALLOCATED_FROM] !== undefined
  if (current.length < service.ingress.length) {
    return { why: 'The status has an entry that is not an IP address, which Herald did not write.', foreign: !ours }
  }
  const texts = current.map(formatAddress).join(', ')
  const held = world.allocator.hold(service.key, current)
  if ('refused' in held) {
    if (held.refused === 'in-use') return { why: `${texts} is held by the Service "${held.by}".` }
    return { why: `${texts} lies in no IPAddressPool.`, foreign: !ours }
  }
  const why = objectionTo(held.holding, request, world)
  if (why !== undefined) return { why }
  addMissingFamily(service.key, held.holding, request, world.allocator)
  return undefined
}

/** Why a Service may not keep what it holds; undefined when it may. */
function objectionTo(holding: Holding, request: AddressRequest, { pools }: World): string | undefined {
  const { addresses } = holding
  const texts = addresses.map(formatAddress).join(', ')
  const pool = pools.find(({ name }) => name === holding.pool)
  if (!pool || !poolServes(pool, request, request.namespaceLabels)) {
    return `${texts} is of the IPAddressPool "${holding.pool}", which does not serve this Service any more.`
  }
  if (request.pool !== undefined && request.pool !== holding.pool) {
    return `${texts} is of the IPAddressPool "${holding.pool}", but the Service asks for "${request.pool}".`
  }
  const wanted = request.addresses
  if (
    wanted &&
    !(wanted.length === addresses.length && wanted.every(one => addresses.some(other => sameAddress(one, other))))
  ) {
    return `${texts} is not what the Service asks for: ${wanted.map(formatAddress).join(', ')}.`
  }
  if (!request.alternatives.some(families => sameFamilies(families, addresses))) {
    return `${texts} does not fit the IP families of the Service.`
  }
  return undefined
}

/** A Service that prefers dual stack and has one family gets the other as soon as its pool has it; the first one stays first. */
function addMissingFamily(
  key: string,
  { pool, addresses }: Holding,
  request: AddressRequest,
  allocator: Allocator,
): void {
  const [best] = request.alternatives
  if (request.addresses || !best || addresses.length >= best.length) return
  const missing = best.find((family: Family) => addresses.every(address => address.family !== family))
  const address = missing && allocator.lowestFree(pool, missing)
  if (address) allocator.hold(key, [...addresses, address])
}

function leaveAlone(service: ServiceView, allocator: Allocator, reason: 'NotLoadBalancer' | 'OtherClass'): Decision {
  const freed = allocator.release(service.key) !== undefined
  const marked =
    service.annotations[ALLOCATED_FROM] !== undefined ||
    service.conditions.some(({ type }) => type === ADDRESS_ALLOCATED)
  // A Service of another class is another implementation's, marks or not.
  if (reason === 'OtherClass' || !marked) return { reason, events: [], freed }
  return { reason, desired: { addresses: [], pool: undefined, condition: undefined }, events: [], freed }
}

function currentAddresses({ ingress }: ServiceView): Address[] {
  return ingress
    .map(({ ip }) => (ip === undefined ? undefined : parseAddress(ip)))
    .filter(address => address !== undefined)
}

function allocated(holding: Holding | undefined): Outcome {
  const texts = holding?.addresses.map(formatAddress).join(', ')
  return { reason: 'Allocated', message: `${texts} from the IPAddressPool "${holding?.pool}".` }
}

function conditionOf({ reason, message }: Outcome, holding: Holding | undefined): ConditionState {
  return { status: holding ? 'True' : 'False', reason, message }
}

/** An event tells of a change; what the Service's own condition and status say already is no news. */
function eventsOf(service: ServiceView, outcome: Outcome, after: Holding | undefined): ServiceEvent[] {
  const events: ServiceEvent[] = []
  const before = service.conditions.find(({ type }) => type === ADDRESS_ALLOCATED)
  const had = service.ingress.map(({ ip }) => ip)
  if (outcome.cleared !== undefined)
    events.push({ type: 'Normal', reason: 'ClearAssignment', message: outcome.cleared })
  const texts = after?.addresses.map(formatAddress) ?? []
  if (texts.some(text => !had.includes(text))) {
    events.push({ type: 'Normal', reason: 'IPAllocated', message: `Assigned IP ${JSON.stringify(texts)}` })
  }
  if (outcome.reason !== 'Allocated' && before?.reason !== outcome.reason) {
    const reason = outcome.reason === 'InvalidRequest' ? 'LoadBalancerFailed' : 'AllocationFailed'
    events.push({ type: 'Warning', reason, message: `${outcome.reason}: ${outcome.message}` })
  }
  return events
}
