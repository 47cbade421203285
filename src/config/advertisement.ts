import { checkNames, checkSelectors, type Fields } from './field-checks.ts'
import type { Problem } from './problem.ts'
import { type LabelSelector, matchesSelector } from './selector.ts'

/** What an advertisement of either kind applies to. Empty lists mean: no restriction. */
export interface AdvertisementScope {
  readonly poolNames: readonly string[]
  readonly poolSelectors: readonly LabelSelector[]
  readonly nodeSelectors: readonly LabelSelector[]
  readonly serviceSelectors: readonly LabelSelector[]
}

type Labels = Readonly<Record<string, string>>

/** A node, as far as selectors look at it. */
export interface SelectedNode {
  readonly name: string
  readonly labels: Labels
}

/** Checks the fields that both kinds of advertisement have. */
export function checkScope(spec: Fields): Problem | undefined {
  return (
    checkNames('spec.ipAddressPools', spec.ipAddressPools) ??
    checkSelectors('spec.ipAddressPoolSelectors', spec.ipAddressPoolSelectors) ??
    checkSelectors('spec.nodeSelectors', spec.nodeSelectors) ??
    checkSelectors('spec.serviceSelectors', spec.serviceSelectors)
  )
}

/** Takes over the fields that checkScope() finds nothing wrong with. */
export function scopeOf(spec: Fields): AdvertisementScope {
  return {
    poolNames: (spec.ipAddressPools ?? []) as string[],
    poolSelectors: (spec.ipAddressPoolSelectors ?? []) as LabelSelector[],
    nodeSelectors: (spec.nodeSelectors ?? []) as LabelSelector[],
    serviceSelectors: (spec.serviceSelectors ?? []) as LabelSelector[],
  }
}

/** What an advertisement applies to, be its other fields as they may; undefined when that cannot be read. */
export function readScope(spec: object = {}): AdvertisementScope | undefined {
  const fields = spec as Fields
  return checkScope(fields) ? undefined : scopeOf(fields)
}

/** Whether it advertises a pool: by name or by label; one that names and selects none advertises all. */
export function advertisesPool(
  { poolNames, poolSelectors }: Pick<AdvertisementScope, 'poolNames' | 'poolSelectors'>,
  pool: { readonly name: string; readonly labels: Labels },
): boolean {
  if (poolNames.length === 0 && poolSelectors.length === 0) return true
  return poolNames.includes(pool.name) || matchesSome(poolSelectors, pool.labels)
}

export function advertisesService(
  { serviceSelectors }: Pick<AdvertisementScope, 'serviceSelectors'>,
  labels: Labels,
): boolean {
  return matchesAny(serviceSelectors, labels)
}

export function advertisesFromNode(
  { nodeSelectors }: Pick<AdvertisementScope, 'nodeSelectors'>,
  labels: Labels,
): boolean {
  return matchesAny(nodeSelectors, labels)
}

/** Whether one of the selectors matches, or there is none. */
export function matchesAny(selectors: readonly LabelSelector[], labels: Labels): boolean {
  return selectors.length === 0 || matchesSome(selectors, labels)
}

function matchesSome(selectors: readonly LabelSelector[], labels: Labels): boolean {
  return selectors.some(selector => matchesSelector(selector, labels))
}
