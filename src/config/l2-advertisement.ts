import type { Problem } from './problem.ts'
import { checkSelector, type LabelSelector, matchesSelector } from './selector.ts'

/** A soft wish for nodes: the weights of all that match a node add up to its score. */
export interface NodePreference {
  readonly weight: number
  readonly preference: LabelSelector
}

/** An L2Advertisement, read and checked by itself. Empty lists mean: no restriction. */
export interface L2Advertisement {
  readonly name: string
  readonly poolNames: readonly string[]
  readonly poolSelectors: readonly LabelSelector[]
  readonly nodeSelectors: readonly LabelSelector[]
  readonly serviceSelectors: readonly LabelSelector[]
  readonly interfaces: readonly string[]
  readonly preferences: readonly NodePreference[]
}

export type ParsedL2Advertisement = { readonly advertisement: L2Advertisement } | { readonly problem: Problem }

/** An L2Advertisement as the API server sends it; nothing in it is trusted, although the CRD's schema has seen most of it. */
export interface L2AdvertisementResource {
  metadata?: { name?: string }
  spec?: {
    ipAddressPools?: unknown
    ipAddressPoolSelectors?: unknown
    nodeSelectors?: unknown
    serviceSelectors?: unknown
    interfaces?: unknown
    preferredNodeSelectors?: unknown
  }
}

/** Reads one L2Advertisement by itself; the first field that is wrong refuses the object and nothing else. */
export function parseL2Advertisement(resource: L2AdvertisementResource): ParsedL2Advertisement {
  const spec = resource.spec ?? {}
  const problem =
    checkNames('ipAddressPools', spec.ipAddressPools) ??
    checkSelectors('ipAddressPoolSelectors', spec.ipAddressPoolSelectors) ??
    checkSelectors('nodeSelectors', spec.nodeSelectors) ??
    checkSelectors('serviceSelectors', spec.serviceSelectors) ??
    checkNames('interfaces', spec.interfaces) ??
    checkPreferences(spec.preferredNodeSelectors)
  if (problem) return { problem }
  return {
    advertisement: {
      name: resource.metadata?.name ?? '',
      poolNames: (spec.ipAddressPools ?? []) as string[],
      poolSelectors: (spec.ipAddressPoolSelectors ?? []) as LabelSelector[],
      nodeSelectors: (spec.nodeSelectors ?? []) as LabelSelector[],
      serviceSelectors: (spec.serviceSelectors ?? []) as LabelSelector[],
      interfaces: (spec.interfaces ?? []) as string[],
      preferences: (spec.preferredNodeSelectors ?? []) as NodePreference[],
    },
  }
}

type Labels = Readonly<Record<string, string>>

/** Whether it advertises a pool: by name or by label; one that names and selects none advertises all. */
export function advertisesPool(advertisement: L2Advertisement, pool: { name: string; labels: Labels }): boolean {
  const { poolNames, poolSelectors } = advertisement
  if (poolNames.length === 0 && poolSelectors.length === 0) return true
  return poolNames.includes(pool.name) || matchesAny(poolSelectors, pool.labels)
}

export function advertisesService({ serviceSelectors }: L2Advertisement, labels: Labels): boolean {
  return serviceSelectors.length === 0 || matchesAny(serviceSelectors, labels)
}

export function advertisesFromNode({ nodeSelectors }: L2Advertisement, labels: Labels): boolean {
  return nodeSelectors.length === 0 || matchesAny(nodeSelectors, labels)
}

/** The sum of the weights of the preferences that a node's labels match. */
export function preferenceScore({ preferences }: L2Advertisement, labels: Labels): number {
  let score = 0
  for (const { weight, preference } of preferences) if (matchesSelector(preference, labels)) score += weight
  return score
}

function matchesAny(selectors: readonly LabelSelector[], labels: Labels): boolean {
  return selectors.some(selector => matchesSelector(selector, labels))
}

function checkNames(field: string, names: unknown): Problem | undefined {
  if (names === undefined || names === null) return undefined
  if (!Array.isArray(names)) return { field: `spec.${field}`, message: 'must be a list of names' }
  for (const [index, name] of names.entries()) {
    const at = `spec.${field}[${index}]`
    if (typeof name !== 'string' || name === '') return { field: at, message: 'must be a name' }
    if (names.indexOf(name) !== index) return { field: at, message: `"${name}" is listed twice` }
  }
  return undefined
}

function checkSelectors(field: string, selectors: unknown): Problem | undefined {
  if (selectors === undefined || selectors === null) return undefined
  if (!Array.isArray(selectors)) return { field: `spec.${field}`, message: 'must be a list of label selectors' }
  for (const [index, selector] of selectors.entries()) {
    const message = checkSelector(selector)
    if (message) return { field: `spec.${field}[${index}]`, message }
  }
  return undefined
}

function checkPreferences(preferences: unknown): Problem | undefined {
  const list = 'spec.preferredNodeSelectors'
  if (preferences === undefined || preferences === null) return undefined
  if (!Array.isArray(preferences)) return { field: list, message: 'must be a list' }
  for (const [index, item] of preferences.entries()) {
    const { weight, preference } = (item ?? {}) as { weight?: unknown; preference?: unknown }
    if (typeof weight !== 'number' || !Number.isInteger(weight) || weight < 1 || weight > 100) {
      return { field: `${list}[${index}].weight`, message: 'must be a whole number from 1 to 100' }
    }
    const message = checkSelector(preference)
    if (message) return { field: `${list}[${index}].preference`, message }
  }
  return undefined
}
