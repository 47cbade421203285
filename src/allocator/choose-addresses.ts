import { type AddressPool, poolOffers, poolServes } from '../config/address-pool.ts'
import { type Address, type Family, formatAddress } from '../ip/address.ts'
import type { Allocator } from './allocator.ts'
import type { Awaited } from './awaited.ts'
import type { AllocationReason } from './reasons.ts'
import { type SharingObjection, type SharingTerms, UNSHARED } from './sharing.ts'

/** What a Service asks for, already checked by itself. */
export interface AddressRequest {
  readonly key: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly namespaceLabels: Readonly<Record<string, string>>
  /** the families that would do, best first: `[[4, 6], [4], [6]]` for a Service that prefers dual stack */
  readonly alternatives: readonly (readonly Family[])[]
  /** the pool asked for by annotation */
  readonly pool?: string
  /** the addresses asked for, one per family */
  readonly addresses?: readonly Address[]
  /** on which terms it would share an address; without them it does not */
  readonly terms?: SharingTerms
}

/** What became of one pool that was looked at. */
export interface PoolVerdict {
  readonly pool: string
  readonly verdict: 'not-auto-assigned' | 'not-allowed' | 'lacks-family' | 'exhausted'
}

export type Choice =
  | { readonly addresses: readonly Address[]; readonly pool: string }
  | {
      readonly reason: AllocationReason
      readonly message: string
      readonly looked: readonly PoolVerdict[]
      /** what would change the answer, beside an edit of the Service, a pool, a namespace or a reservation */
      readonly awaits: readonly Awaited[]
    }

/**
 * Chooses addresses without taking them: the requested ones; else from the requested pool; else from the first pool, in
 * their order, that serves the Service and has what it needs. Pools with a serviceAllocation that serves the Service end
 * the search when one of them can give anything.
 *
 * @param pools the pools that stand, in the order in which they are tried
 */
export function chooseAddresses(request: AddressRequest, pools: readonly AddressPool[], allocator: Allocator): Choice {
  if (pools.length === 0) return refuse('NoPool', 'There is no IPAddressPool in use to allocate from.')
  const named = request.pool === undefined ? undefined : pools.find(({ name }) => name === request.pool)
  if (request.pool !== undefined && !named) {
    return refuse(
      'UnknownPool',
      `The IPAddressPool "${request.pool}" that the annotation asks for does not exist or was refused.`,
    )
  }
  if (named && !poolServes(named, request, request.namespaceLabels)) {
    return refuse(
      'PoolNotAllowed',
      `The IPAddressPool "${named.name}" does not serve this Service: its serviceAllocation excludes it.`,
      [{ pool: named.name, verdict: 'not-allowed' }],
    )
  }
  if (request.addresses) return chooseRequested(request, request.addresses, named, pools, allocator)
  return chooseFrom(named ? [named] : pools, request, allocator, named !== undefined)
}

/**
 * Group by group, alternative by alternative, pool by pool: the first that has all families of the alternative. The pools with
 * a serviceAllocation are the first group, the others the second.
 */
function chooseFrom(
  pools: readonly AddressPool[],
  request: AddressRequest,
  allocator: Allocator,
  askedFor: boolean,
): Choice {
  // Where nothing but free addresses is looked for, full pools need not be asked.
  const skipsFull = pools === allocator.pools && request.terms === undefined && !allocator.hasReserved(request.key)
  const pinned = skipsFull ? allocator.pinnedPools : pools.filter(pool => pool.serviceAllocation !== undefined).length
  for (const [start, end] of [
    [0, pinned],
    [pinned, pools.length],
  ] as const) {
    for (const families of request.alternatives) {
      for (let place = start; place < end; place++) {
        if (skipsFull) place = allocator.nextWithRoom(families, place)
        if (place < 0 || place >= end) break
        const pool = pools[place] as AddressPool
        if (passedOver(pool, request, askedFor)) continue
        const addresses = lowestOfEach(families, pool, request, allocator)
        if (addresses) return { addresses, pool: pool.name }
      }
    }
  }
  return explain(pools, request, allocator, askedFor)
}

/** One address of each family from one pool; undefined at the first family that it has none of: most pools may be full. */
function lowestOfEach(
  families: readonly Family[],
  pool: AddressPool,
  { key, terms }: AddressRequest,
  allocator: Allocator,
): Address[] | undefined {
  let addresses: Address[] | undefined
  for (const family of families) {
    const address = allocator.lowestFor(key, pool.name, family, terms)
    if (!address) return undefined
    if (addresses) addresses.push(address)
    else addresses = [address]
  }
  return addresses
}

/** Why a pool is not even asked for an address. */
function passedOver(pool: AddressPool, request: AddressRequest, askedFor: boolean): PoolVerdict['verdict'] | undefined {
  if (!pool.autoAssign && !askedFor) return 'not-auto-assigned'
  return poolServes(pool, request, request.namespaceLabels) ? undefined : 'not-allowed'
}

/** Says of every pool why it did not serve; made only when none did. */
function explain(
  pools: readonly AddressPool[],
  request: AddressRequest,
  allocator: Allocator,
  askedFor: boolean,
): Choice {
  const offers = (pool: AddressPool) =>
    request.alternatives.some(families => families.every(family => poolOffers(pool, family)))
  const looked = pools.map(
    (pool): PoolVerdict => ({
      pool: pool.name,
      verdict: passedOver(pool, request, askedFor) ?? (offers(pool) ? 'exhausted' : 'lacks-family'),
    }),
  )
  const said = (verdict: PoolVerdict['verdict']) => looked.some(one => one.verdict === verdict)
  const words = `Pools looked at: ${looked.map(describeVerdict).join('; ')}.`
  if (!said('exhausted') && !said('lacks-family')) {
    return refuse('NoMatchingPool', `No IPAddressPool serves this Service. ${words}`, looked)
  }
  const needs = request.alternatives.map(families => families.map(family => `IPv${family}`).join(' and ')).join(', or ')
  if (!said('exhausted')) {
    const message = `No IPAddressPool that serves this Service has ${needs} addresses. ${words}`
    return refuse('FamilyNotAvailable', message, looked)
  }
  const awaits = looked
    .filter(({ verdict }) => verdict === 'exhausted')
    .flatMap(({ pool }) => lackingFamilies(pool, request, allocator))
  const message = `No ${needs} address is free for this Service. ${words}`
  return refuse('PoolExhausted', message, looked, [...awaits, ...sharingOf(request)])
}

/** Of which of its families a Service finds no address in a pool. */
function lackingFamilies(pool: string, { key, terms, alternatives }: AddressRequest, allocator: Allocator): Awaited[] {
  return [...new Set(alternatives.flat())]
    .filter(family => allocator.lowestFor(key, pool, family, terms) === undefined)
    .map(family => ({ pool, family }))
}

function sharingOf({ terms }: AddressRequest): Awaited[] {
  return terms && terms.key !== '' ? [{ sharingKey: terms.key }] : []
}

function chooseRequested(
  request: AddressRequest,
  addresses: readonly Address[],
  named: AddressPool | undefined,
  pools: readonly AddressPool[],
  allocator: Allocator,
): Choice {
  const texts = addresses.map(formatAddress).join(', ')
  const candidates = named ? [named] : pools
  const pool = candidates.find(({ name }) => addresses.every(address => allocator.offers(name, address)))
  if (!pool) {
    const where = named ? `the IPAddressPool "${named.name}"` : 'one IPAddressPool'
    return refuse('AddressNotInPool', `The Service asks for ${texts}, which ${where} does not have.`)
  }
  if (!poolServes(pool, request, request.namespaceLabels)) {
    return refuse(
      'PoolNotAllowed',
      `The Service asks for ${texts} of the IPAddressPool "${pool.name}", which does not serve it.`,
      [{ pool: pool.name, verdict: 'not-allowed' }],
    )
  }
  for (const address of addresses) {
    const text = `The Service asks for ${formatAddress(address)}`
    const reservation = allocator.reservationAgainst(request.key, address)
    if (reservation !== undefined) {
      return refuse('AddressReserved', `${text}, which the AddressReservation "${reservation}" keeps from it.`)
    }
    const use = allocator.useAgainst(request.key, address, request.terms ?? UNSHARED)
    if (use) {
      const message = `${text}, which the Service "${use.by}" holds: ${OBJECTIONS[use.objection]}.`
      return refuse('AddressInUse', message, [], [{ address: formatAddress(address) }])
    }
  }
  return { addresses, pool: pool.name }
}

/** Why two Services do not share an address, in words. */
export const OBJECTIONS: Readonly<Record<SharingObjection, string>> = {
  'not-shared': 'an address is shared only where both have the annotation metallb.io/allow-shared-ip',
  'other-key': 'their annotations metallb.io/allow-shared-ip differ',
  'other-backend': 'their externalTrafficPolicy, or with Local their selectors, differ',
  'port-in-use': 'both have the same port',
}

const VERDICTS: Readonly<Record<PoolVerdict['verdict'], string>> = {
  'not-auto-assigned': 'serves only those that ask for it (autoAssign is false)',
  'not-allowed': 'its serviceAllocation excludes this Service',
  'lacks-family': 'has no addresses of the family',
  exhausted: 'has no free address',
}

function describeVerdict({ pool, verdict }: PoolVerdict): string {
  return `"${pool}" ${VERDICTS[verdict]}`
}

function refuse(
  reason: AllocationReason,
  message: string,
  looked: readonly PoolVerdict[] = [],
  awaits: readonly Awaited[] = [],
): Choice {
  return { reason, message, looked, awaits }
}
