import type { Address, Family } from '../ip/address.ts'
import { type AddressRange, familyOf, parseRange, rangeContains, rangesOverlap } from '../ip/range.ts'
import type { Problem } from './problem.ts'
import { checkSelector, type LabelSelector, matchesSelector } from './selector.ts'

/** Whom a pool serves; a pool without one serves everybody. All parts that are given must match. */
export interface ServiceAllocation {
  /** lower is earlier; 0 comes last */
  readonly priority: number
  readonly namespaces: readonly string[]
  readonly namespaceSelectors: readonly LabelSelector[]
  readonly serviceSelectors: readonly LabelSelector[]
}

/** An IPAddressPool, read and checked by itself. */
export interface AddressPool {
  readonly name: string
  readonly createdAtMs: number
  readonly labels: Readonly<Record<string, string>>
  /** in the order of spec.addresses: the order in which they are dealt out */
  readonly ranges: readonly AddressRange[]
  readonly autoAssign: boolean
  readonly avoidBuggyIPs: boolean
  readonly serviceAllocation?: ServiceAllocation
}

/** An IPAddressPool as the API server sends it; nothing in it is trusted, although the CRD's schema has seen most of it. */
export interface AddressPoolResource {
  metadata?: {
    name?: string
    generation?: number
    creationTimestamp?: string | Date
    labels?: Record<string, string>
  }
  spec?: {
    addresses?: unknown
    autoAssign?: unknown
    avoidBuggyIPs?: unknown
    serviceAllocation?: unknown
  }
  /** what the controller wrote: whether the pool stood when it was last judged */
  status?: { conditions?: readonly { type: string; status: string; observedGeneration?: number }[] }
}

/** What a pool is selected by, which an unreadable one has too: its Services keep their addresses, and are announced. */
export type NamedPool = Pick<AddressPool, 'name' | 'labels'>

export type ParsedAddressPool =
  | { readonly pool: AddressPool }
  | { readonly problem: Problem; readonly named: NamedPool }

/** Reads one IPAddressPool by itself; the first field that is wrong refuses the object and nothing else. */
export function parseAddressPool(resource: AddressPoolResource): ParsedAddressPool {
  const { metadata = {} } = resource
  const spec = resource.spec ?? {}
  const ranges = parseRanges(spec.addresses)
  const named: NamedPool = { name: metadata.name ?? '', labels: metadata.labels ?? {} }
  if ('field' in ranges) return { problem: ranges, named }
  const serviceAllocation = parseServiceAllocation(spec.serviceAllocation)
  const problem =
    checkSwitch('spec.autoAssign', spec.autoAssign) ??
    checkSwitch('spec.avoidBuggyIPs', spec.avoidBuggyIPs) ??
    (serviceAllocation && 'field' in serviceAllocation ? serviceAllocation : undefined)
  if (problem) return { problem, named }
  return {
    pool: {
      ...named,
      createdAtMs: Date.parse(String(metadata.creationTimestamp ?? '')) || 0,
      ranges,
      autoAssign: spec.autoAssign !== false,
      avoidBuggyIPs: spec.avoidBuggyIPs === true,
      ...(serviceAllocation && { serviceAllocation: serviceAllocation as ServiceAllocation }),
    },
  }
}

function parseRanges(addresses: unknown): AddressRange[] | Problem {
  if (!Array.isArray(addresses) || addresses.length === 0) {
    return { field: 'spec.addresses', message: 'must list at least one CIDR or range' }
  }
  const ranges: AddressRange[] = []
  for (const [index, text] of addresses.entries()) {
    const field = `spec.addresses[${index}]`
    if (typeof text !== 'string') return { field, message: 'must be text' }
    const parsed = parseRange(text)
    if ('problem' in parsed) return { field, message: parsed.problem }
    const other = ranges.findIndex(range => rangesOverlap(range, parsed.range))
    if (other >= 0) {
      const message = `"${text}" overlaps with already defined CIDR "${addresses[other]}" in spec.addresses[${other}]`
      return { field, message }
    }
    ranges.push(parsed.range)
  }
  return ranges
}

function parseServiceAllocation(allocation: unknown): ServiceAllocation | Problem | undefined {
  if (allocation === undefined || allocation === null) return undefined
  const field = 'spec.serviceAllocation'
  if (typeof allocation !== 'object' || Array.isArray(allocation)) return { field, message: 'must be an object' }
  const { priority, namespaces, namespaceSelectors, serviceSelectors } = allocation as Record<string, unknown>
  if (!(priority === undefined || priority === null || Number.isSafeInteger(priority))) {
    return { field: `${field}.priority`, message: 'must be a whole number' }
  }
  const problem =
    checkList(`${field}.namespaces`, namespaces, checkNamespace) ??
    checkList(`${field}.namespaceSelectors`, namespaceSelectors, checkSelector) ??
    checkList(`${field}.serviceSelectors`, serviceSelectors, checkSelector)
  return (
    problem ?? {
      priority: (priority ?? 0) as number,
      namespaces: (namespaces ?? []) as string[],
      namespaceSelectors: (namespaceSelectors ?? []) as LabelSelector[],
      serviceSelectors: (serviceSelectors ?? []) as LabelSelector[],
    }
  )
}

function checkSwitch(field: string, value: unknown): Problem | undefined {
  return value === undefined || value === null || typeof value === 'boolean'
    ? undefined
    : { field, message: 'must be true or false' }
}

function checkList(
  field: string,
  list: unknown,
  check: (item: unknown, index: number, list: readonly unknown[]) => string | undefined,
): Problem | undefined {
  if (list === undefined || list === null) return undefined
  if (!Array.isArray(list)) return { field, message: 'must be a list' }
  for (const [index, item] of list.entries()) {
    const message = check(item, index, list)
    if (message) return { field: `${field}[${index}]`, message }
  }
  return undefined
}

function checkNamespace(name: unknown, index: number, names: readonly unknown[]): string | undefined {
  if (typeof name !== 'string' || name === '') return 'must be the name of a namespace'
  return names.indexOf(name) === index ? undefined : `"${name}" is listed twice`
}

/** RFC 5735 reserves neither, yet old equipment takes x.x.x.0 and x.x.x.255 for network and broadcast addresses. */
export function isBuggy(address: Address): boolean {
  if (address.family === 6) return false
  const lastOctet = address.value & 255
  return lastOctet === 0 || lastOctet === 255
}

/** Whether the pool may hand out the address at all. */
export function poolContains(pool: AddressPool, address: Address): boolean {
  if (pool.avoidBuggyIPs && isBuggy(address)) return false
  return pool.ranges.some(range => rangeContains(range, address))
}

export function poolOffers(pool: AddressPool, family: Family): boolean {
  return pool.ranges.some(range => familyOf(range) === family)
}

/** The Service, as far as serviceAllocation looks at it. */
export interface PoolApplicant {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
}

/**
 * Whether a pool serves the Service. The namespace must be listed or selected, where the pool lists or selects any; one
 * of the serviceSelectors must match, where there are any. A selector that matches no namespace serves nobody.
 */
export function poolServes(
  pool: AddressPool,
  service: PoolApplicant,
  namespaceLabels: Readonly<Record<string, string>>,
): boolean {
  const { serviceAllocation } = pool
  if (!serviceAllocation) return true
  const { namespaces, namespaceSelectors, serviceSelectors } = serviceAllocation
  const anyNamespace = namespaces.length === 0 && namespaceSelectors.length === 0
  const namespaceMatches =
    anyNamespace ||
    namespaces.includes(service.namespace) ||
    namespaceSelectors.some(selector => matchesSelector(selector, namespaceLabels))
  const serviceMatches =
    serviceSelectors.length === 0 || serviceSelectors.some(selector => matchesSelector(selector, service.labels))
  return namespaceMatches && serviceMatches
}

/**
 * The order in which pools are tried: those with a serviceAllocation first, by priority, 0 last; then the others. Ties are
 * settled by name, so that every restart and every replica chooses alike.
 */
export function comparePools(a: AddressPool, b: AddressPool): number {
  return rank(a) - rank(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
}

function rank({ serviceAllocation }: AddressPool): number {
  if (!serviceAllocation) return 2 ** 54
  return serviceAllocation.priority === 0 ? 2 ** 53 : serviceAllocation.priority
}
