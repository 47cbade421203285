import { type AdvertisementScope, checkScope, scopeOf } from './advertisement.ts'
import { checkNames } from './field-checks.ts'
import type { Problem } from './problem.ts'
import { checkSelector, type LabelSelector, matchesSelector } from './selector.ts'

/** A soft wish for nodes: the weights of all that match a node add up to its score. */
export interface NodePreference {
  readonly weight: number
  readonly preference: LabelSelector
}

/** An L2Advertisement, read and checked by itself. Empty lists mean: no restriction. */
export interface L2Advertisement extends AdvertisementScope {
  readonly name: string
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
    checkScope(spec) ?? checkNames('spec.interfaces', spec.interfaces) ?? checkPreferences(spec.preferredNodeSelectors)
  if (problem) return { problem }
  return {
    advertisement: {
      name: resource.metadata?.name ?? '',
      ...scopeOf(spec),
      interfaces: (spec.interfaces ?? []) as string[],
      preferences: (spec.preferredNodeSelectors ?? []) as NodePreference[],
    },
  }
}

/** The sum of the weights of the preferences that a node's labels match. */
export function preferenceScore({ preferences }: L2Advertisement, labels: Readonly<Record<string, string>>): number {
  let score = 0
  for (const { weight, preference } of preferences) if (matchesSelector(preference, labels)) score += weight
  return score
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
