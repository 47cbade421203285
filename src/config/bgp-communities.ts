import type { LargeCommunity } from '../bgp/message.ts'
import type { BgpAdvertisement, BgpAdvertisementSpec } from './bgp-advertisement.ts'
import { type CommunityAliases, type CommunityValue, parseCommunityValue } from './community.ts'
import type { RefusedObject } from './refused-object.ts'

/**
 * The aliases of all Community objects. Of two with one name, that of the elder object counts; the rest of the younger object stands.
 *
 * @param communities elder first
 */
export function combineAliases(communities: readonly CommunityAliases[]): {
  readonly values: ReadonlyMap<string, CommunityValue>
  readonly refused: readonly RefusedObject[]
} {
  const values = new Map<string, CommunityValue>()
  const owners = new Map<string, string>()
  const refused: RefusedObject[] = []
  for (const { name, aliases } of communities) {
    for (const [index, [alias, value]] of [...aliases].entries()) {
      const owner = owners.get(alias)
      if (owner !== undefined) {
        const message = `duplicate definition of community "${alias}": that of the Community "${owner}" counts`
        const problem = { field: `spec.communities[${index}].name`, message }
        refused.push({ kind: 'Community', name, problem, partly: true })
        continue
      }
      owners.set(alias, name)
      values.set(alias, value)
    }
  }
  return { values, refused }
}

/** Puts values in the place of aliases; one that nobody defines refuses the advertisement. */
export function resolveCommunities(
  { communityTexts, ...rest }: BgpAdvertisementSpec,
  aliases: ReadonlyMap<string, CommunityValue>,
): { readonly advertisement: Omit<BgpAdvertisement, 'refusedPools'> } | { readonly refused: RefusedObject } {
  const standard = new Set<number>()
  const large = new Map<string, LargeCommunity>()
  for (const [index, text] of communityTexts.entries()) {
    const literal = parseCommunityValue(text)
    const value = 'problem' in literal ? aliases.get(text) : literal
    if (!value) {
      const problem = {
        field: `spec.communities[${index}]`,
        message: `"${text}" is neither a community nor an alias that a Community object defines`,
      }
      const summary = `invalid community format: ${text}\ninvalid community "${text}" in BGP advertisement`
      return { refused: { kind: 'BGPAdvertisement', name: rest.name, problem, summary } }
    }
    if ('standard' in value) standard.add(value.standard)
    else large.set(largeKey(value.large), value.large)
  }
  return {
    advertisement: {
      ...rest,
      communities: [...standard].sort((a, b) => a - b),
      largeCommunities: [...large.values()].sort(compareLarge),
    },
  }
}

function largeKey({ globalAdministrator, localData1, localData2 }: LargeCommunity): string {
  return `${globalAdministrator}:${localData1}:${localData2}`
}

function compareLarge(a: LargeCommunity, b: LargeCommunity): number {
  return a.globalAdministrator - b.globalAdministrator || a.localData1 - b.localData1 || a.localData2 - b.localData2
}
