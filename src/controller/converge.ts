import type { Allocator, Holding } from '../allocator/allocator.ts'
import type { Awaited } from '../allocator/awaited.ts'
import { type AddressRequest, chooseAddresses } from '../allocator/choose-addresses.ts'
import { ALLOCATION_REASONS, type AllocationReason } from '../allocator/reasons.ts'
import { poolOffers } from '../config/address-pool.ts'
import { type Address, type Family, formatAddress, parseAddress, sameAddress } from '../ip/address.ts'
import { ALLOCATED_FROM, deprecatedAnnotations } from '../resources/annotations.ts'
import type { ServiceView } from '../resources/service.ts'
import { ADDRESS_ALLOCATED, type ConditionState } from './conditions.ts'
import { heldBy, newsOf } from './news.ts'
import { readRequest, sharingTerms } from './request.ts'
import { findSources, objectionTo, retain, usableAddresses } from './retain.ts'
import type { World } from './world.ts'

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
  readonly reason: AllocationReason | 'NotLoadBalancer' | 'OtherClass' | 'UnknownNamespace' | 'Deleting'
  /** undefined: the Service is not ours to write */
  readonly desired?: DesiredStatus
  readonly events: readonly ServiceEvent[]
  /** what the Service held is free now, or may be shared: others may be waiting for it */
  readonly freed: readonly Awaited[]
  /** what would help a Service that has no address, or to a second one */
  readonly awaits: readonly Awaited[]
  /** it would take more than it has: an address of its second family, once its pool has one free */
  readonly incomplete?: boolean
}

/** Whether a Service is Herald's to serve. */
export function isHandled(
  service: Pick<ServiceView, 'type' | 'loadBalancerClass'>,
  loadBalancerClass: string,
): boolean {
  return service.type === 'LoadBalancer' && (service.loadBalancerClass ?? '') === loadBalancerClass
}

/**
 * Decides what one Service should carry, and makes the allocator agree: keeps the addresses that it may keep, gives up
 * those that it may not, allocates what is missing. Calling it again without change gives the same answer.
 */
export function converge(service: ServiceView, world: World): Decision {
  const { allocator } = world
  if (service.type !== 'LoadBalancer') return leaveAlone(service, allocator, 'NotLoadBalancer')
  if ((service.loadBalancerClass ?? '') !== world.loadBalancerClass) return leaveAlone(service, allocator, 'OtherClass')

  // It waits for somebody else's finalizer, and its address is given back: nothing is begun with it any more.
  if (service.deleting && service.ingress.length === 0) {
    return giveUp(service, allocator, 'Deleting')
  }
  const before = heldBy(service.key, allocator)
  const labels = world.namespaceLabels(service.namespace)
  if (!labels) {
    // The watch of namespaces is late: which pools serve the Service cannot be told. What it has stays its own.
    claim(service, world)
    return { reason: 'UnknownNamespace', events: [], freed: [], awaits: [] }
  }
  const outcome = settle(service, labels, world)
  const after = allocator.holding(service.key)
  const freed = newsOf(before, heldBy(service.key, allocator), allocator)
  const awaits = outcome.awaits ?? []
  if (outcome.reason === 'ForeignAddress') {
    return {
      reason: outcome.reason,
      desired: { pool: undefined, condition: conditionOf(outcome, undefined) },
      events: eventsOf(service, outcome, undefined),
      freed,
      awaits,
    }
  }
  return {
    reason: outcome.reason,
    desired: { addresses: after?.addresses ?? [], pool: after?.pool, condition: conditionOf(outcome, after) },
    events: eventsOf(service, outcome, after),
    freed,
    awaits,
    ...(outcome.incomplete && { incomplete: true }),
  }
}

/**
 * Holds on to what the status shows, as far as the Service may keep it. To be called for all Services after a start, before
 * anything is allocated: else one that must move could be given what another shows.
 */
export function claim(service: ServiceView, world: World): void {
  const { allocator, loadBalancerClass } = world
  const shown = shownAddresses(service)
  if (
    !isHandled(service, loadBalancerClass) ||
    shown.length === 0 ||
    allocator.holding(service.key) ||
    foreignStatus(service, shown, world)
  )
    return
  const [source] = findSources(service, shown, world)
  if (!source) return
  const labels = world.namespaceLabels(service.namespace)
  const read = readRequest(service, labels ?? {})
  const keeps =
    'reason' in read ? read.reason === 'InvalidRequest' : !labels || !objectionTo(shown, source, read.request)
  if (!keeps) return
  const terms = sharingTerms(service)
  const usable = usableAddresses(service.key, shown, source, allocator, terms)
  allocator.hold(service.key, usable, terms, source.refusedName)
}

interface Outcome {
  readonly reason: AllocationReason
  readonly message: string
  /** why an address that the Service had was given up */
  readonly cleared?: string
  readonly incomplete?: boolean
  readonly awaits?: readonly Awaited[]
}

function settle(service: ServiceView, labels: Readonly<Record<string, string>>, world: World): Outcome {
  const { allocator, pools } = world
  const { key } = service
  const shown = shownAddresses(service)
  const foreign = foreignStatus(service, shown, world)
  if (foreign !== undefined) {
    allocator.release(key)
    return { reason: 'ForeignAddress', message: foreign }
  }
  const read = readRequest(service, labels)
  if ('reason' in read) {
    // A request that cannot be understood is no reason to take away what the Service has, as long as the pools allow it.
    if (read.reason === 'InvalidRequest') claim(service, world)
    else allocator.release(key)
    return read
  }
  const { request } = read
  let why = shown.length < service.ingress.length ? notAnAddress : undefined
  // What was decided goes before what the status shows: the write may be under way, or somebody may have edited the status.
  for (const addresses of [allocator.holding(key)?.addresses ?? [], shown]) {
    if (addresses.length === 0) continue
    const kept = retain(service, addresses, request, world)
    if ('holding' in kept) return allocated(kept.holding, shown, why, request, allocator)
    why = kept.objection
  }
  allocator.release(key)
  const choice = chooseAddresses(request, pools, allocator)
  if ('reason' in choice) return { ...choice, ...(service.ingress.length > 0 && { cleared: why }) }
  const taken = allocator.hold(key, choice.addresses, request.terms)
  if ('refused' in taken) throw new Error(`allocator refused what it offered to ${key}: ${taken.refused}`)
  return allocated(taken.holding, shown, why, request, allocator)
}

const notAnAddress = 'The status has an entry that is not an IP address, which Herald did not write.'

/** Why the status is somebody else's: without our annotation, what it shows lies in no pool of ours. */
function foreignStatus(service: ServiceView, shown: readonly Address[], world: World): string | undefined {
  if (service.ingress.length === 0 || service.annotations[ALLOCATED_FROM] !== undefined) return undefined
  if (shown.length < service.ingress.length) return notAnAddress
  const outside = shown.filter(address => !world.allocator.poolOf(address))
  return outside.length > 0 ? `${outside.map(formatAddress).join(', ')} lies in no IPAddressPool.` : undefined
}

function leaveAlone(service: ServiceView, allocator: Allocator, reason: 'NotLoadBalancer' | 'OtherClass'): Decision {
  const left = giveUp(service, allocator, reason)
  const marked =
    service.annotations[ALLOCATED_FROM] !== undefined ||
    service.conditions.some(({ type }) => type === ADDRESS_ALLOCATED)
  // A Service of another class is another implementation's, marks or not.
  if (reason === 'OtherClass' || !marked) return left
  return { ...left, desired: { addresses: [], pool: undefined, condition: undefined } }
}

function giveUp({ key }: ServiceView, allocator: Allocator, reason: Decision['reason']): Decision {
  const before = heldBy(key, allocator)
  allocator.release(key)
  return { reason, events: [], freed: newsOf(before, heldBy(key, allocator), allocator), awaits: [] }
}

function shownAddresses({ ingress }: ServiceView): Address[] {
  return ingress
    .map(({ ip }) => (ip === undefined ? undefined : parseAddress(ip)))
    .filter(address => address !== undefined)
}

function allocated(
  { pool: poolName, addresses }: Holding,
  shown: readonly Address[],
  why: string | undefined,
  request: AddressRequest,
  allocator: Allocator,
): Outcome {
  const lost = shown.filter(one => !addresses.some(other => sameAddress(one, other)))
  const pool = allocator.pool(poolName)
  const wanted = request.addresses ? [] : (request.alternatives[0] ?? [])
  const missing = wanted.find(family => addresses.every(address => address.family !== family))
  // A pool without any address of the family must change before it can serve, and then asks its holders by itself.
  const incomplete = missing !== undefined && pool !== undefined && poolOffers(pool, missing)
  const from = `${addresses.map(formatAddress).join(', ')} from the IPAddressPool "${poolName}"`
  return {
    reason: missing === undefined ? 'Allocated' : 'SecondFamilyNotAvailable',
    message:
      missing === undefined ? `${from}.` : `${from}, which has no ${incomplete ? 'free ' : ''}IPv${missing} address.`,
    ...((lost.length > 0 || why === notAnAddress) && {
      cleared: why ?? `${lost.map(formatAddress).join(', ')} is not the Service's any more.`,
    }),
    ...(incomplete && { incomplete, awaits: awaitsSecond(poolName, missing, request) }),
  }
}

/** A second address may be free, or one that the Service may share. */
function awaitsSecond(pool: string, family: Family, { terms }: AddressRequest): Awaited[] {
  return [{ pool, family }, ...(terms ? [{ sharingKey: terms.key }] : [])]
}

function conditionOf({ reason, message }: Outcome, holding: Holding | undefined): ConditionState {
  return { status: holding ? 'True' : 'False', reason, message }
}

/**
 * Says of a Service that is new or was edited that it uses annotations under the old prefix.
 *
 * @param before the Service before the edit; undefined when it is seen for the first time
 */
export function deprecationEvent(before: ServiceView | undefined, after: ServiceView): ServiceEvent | undefined {
  // One that carries our condition was told of when it was new: a watch that begins anew is no edit.
  const isOld = before === undefined && after.conditions.some(({ type }) => type === ADDRESS_ALLOCATED)
  const known = before ? deprecatedAnnotations(before.annotations) : []
  const names = isOld ? [] : deprecatedAnnotations(after.annotations).filter(name => !known.includes(name))
  if (names.length === 0) return undefined
  const message = `Deprecated: ${names.join(', ')}. Use the prefix metallb.io/ instead.`
  return { type: 'Warning', reason: 'deprecatedAnnotation', message }
}

/** An event tells of a change; what the Service's own condition and status say already is no news. */
function eventsOf(service: ServiceView, outcome: Outcome, after: Holding | undefined): ServiceEvent[] {
  const events: ServiceEvent[] = []
  const before = service.conditions.find(({ type }) => type === ADDRESS_ALLOCATED)
  const had = service.ingress.map(({ ip }) => ip)
  if (outcome.cleared !== undefined)
    events.push({ type: 'Normal', reason: 'ClearAssignment', message: outcome.cleared })
  const texts = after?.addresses.map(formatAddress) ?? []
  const added = texts.filter(text => !had.includes(text))
  if (added.length > 0) {
    const message =
      added.length < texts.length
        ? `Assigned additional IP ${JSON.stringify(added)}`
        : `Assigned IP ${JSON.stringify(texts)}`
    events.push({ type: 'Normal', reason: ALLOCATION_REASONS.Allocated.event, message })
  }
  if (outcome.reason !== 'Allocated' && before?.reason !== outcome.reason) {
    const { event } = ALLOCATION_REASONS[outcome.reason]
    // Who has an address has what it may have: what it prefers beside that is no fault.
    const type = outcome.reason === 'SecondFamilyNotAvailable' ? 'Normal' : 'Warning'
    events.push({ type, reason: event, message: `${outcome.reason}: ${outcome.message}` })
  }
  return events
}
