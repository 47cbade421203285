import type { Allocator, Holding } from '../allocator/allocator.ts'
import { type AddressRequest, OBJECTIONS } from '../allocator/choose-addresses.ts'
import { type SharingTerms, UNSHARED } from '../allocator/sharing.ts'
import { type AddressPool, poolServes } from '../config/address-pool.ts'
import { type Address, formatAddress, sameAddress } from '../ip/address.ts'
import { ALLOCATED_FROM } from '../resources/annotations.ts'
import type { ServiceView } from '../resources/service.ts'
import type { World } from './world.ts'

/** The pool that a Service's addresses come from: one that stands, or one that is refused and only lets them be kept. */
export interface Source {
  readonly name: string
  /** the pool, when it stands */
  readonly pool?: AddressPool
  /** its name, when it is refused */
  readonly refusedName?: string
}

/**
 * Where addresses that a Service has come from: the pool that is known of it, when that one is refused; else the pools that
 * have them. These are several when ranges have moved from one pool to others.
 */
export function findSources(
  service: ServiceView,
  addresses: readonly Address[],
  { allocator, isRefused }: Pick<World, 'allocator' | 'isRefused'>,
): Source[] {
  const name = allocator.holding(service.key)?.pool ?? service.annotations[ALLOCATED_FROM]
  if (name !== undefined && isRefused(name)) return [{ name, refusedName: name }]
  const pools = new Set(addresses.map(address => allocator.poolOf(address)))
  return [...pools].filter(pool => pool !== undefined).map(pool => ({ name: pool.name, pool }))
}

/** Those of the addresses that the pool has and that nobody else holds or keeps from the Service, one of each family. */
export function usableAddresses(
  key: string,
  addresses: readonly Address[],
  { name, refusedName }: Source,
  allocator: Allocator,
  terms: SharingTerms = UNSHARED,
): Address[] {
  return addresses.filter(
    (address, place) =>
      (refusedName !== undefined || allocator.offers(name, address)) &&
      allocator.reservationAgainst(key, address) === undefined &&
      !allocator.useAgainst(key, address, terms) &&
      addresses.findIndex(({ family }) => family === address.family) === place,
  )
}

/** Why a Service may not keep addresses of this pool; undefined when it may. */
export function objectionTo(
  addresses: readonly Address[],
  { name, pool }: Source,
  request: AddressRequest,
): string | undefined {
  const texts = addresses.map(formatAddress).join(', ')
  if (pool && !poolServes(pool, request, request.namespaceLabels)) {
    return `${texts} is of the IPAddressPool "${name}", which does not serve this Service any more.`
  }
  if (request.pool !== undefined && request.pool !== name) {
    return `${texts} is of the IPAddressPool "${name}", but the Service asks for "${request.pool}".`
  }
  const wanted = request.addresses
  if (wanted && !(wanted.length === addresses.length && wanted.every(one => includes(addresses, one)))) {
    return `${texts} is not what the Service asks for: ${wanted.map(formatAddress).join(', ')}.`
  }
  return undefined
}

/**
 * Holds on to the addresses that a Service has, or to those of them that it may keep, and adds from the same pool what its
 * families need beside them. An address that is kept stays first.
 */
export function retain(
  service: ServiceView,
  addresses: readonly Address[],
  request: AddressRequest,
  world: World,
): { readonly holding: Holding } | { readonly objection: string } {
  const { allocator } = world
  const { key } = service
  const texts = addresses.map(formatAddress).join(', ')
  const sources = findSources(service, addresses, world)
  if (sources.length === 0) return { objection: `${texts} lies in no IPAddressPool.` }
  const willing = sources.filter(source => objectionTo(addresses, source, request) === undefined)
  const [first = sources[0] as Source] = willing
  for (const families of request.alternatives) {
    for (const source of willing) {
      const kept = usableAddresses(key, addresses, source, allocator, request.terms).filter(({ family }) =>
        families.includes(family),
      )
      if (kept.length === 0 || (request.addresses && kept.length < request.addresses.length)) continue
      const added = families
        .filter(family => kept.every(address => address.family !== family))
        .map(family =>
          source.pool && !request.addresses ? allocator.lowestFor(key, source.name, family, request.terms) : undefined,
        )
      if (!added.every(address => address !== undefined)) continue
      const held = allocator.hold(key, [...kept, ...added], request.terms, source.refusedName)
      if ('holding' in held) return held
    }
  }
  const objection = objectionTo(addresses, first, request)
  return { objection: objection ?? whyNot(request, addresses, first, allocator) }
}

function whyNot(
  { key, terms = UNSHARED }: AddressRequest,
  addresses: readonly Address[],
  source: Source,
  allocator: Allocator,
): string {
  for (const address of addresses) {
    const text = formatAddress(address)
    const reservation = allocator.reservationAgainst(key, address)
    if (reservation !== undefined) return `${text} is kept from the Service by the AddressReservation "${reservation}".`
    const use = allocator.useAgainst(key, address, terms)
    if (use) return `${text} is held by the Service "${use.by}": ${OBJECTIONS[use.objection]}.`
  }
  const texts = addresses.map(formatAddress).join(', ')
  return usableAddresses(key, addresses, source, allocator, terms).length < addresses.length
    ? `${texts} lies in no IPAddressPool, or not in one.`
    : `${texts} does not fit the IP families of the Service.`
}

function includes(addresses: readonly Address[], wanted: Address): boolean {
  return addresses.some(address => sameAddress(address, wanted))
}
