import type { PasswordSecret } from '../resources/password-secret.ts'
import type { AddressPool, NamedPool } from './address-pool.ts'
import { advertisesPool, type SelectedNode } from './advertisement.ts'
import type { BfdProfile, ParsedBfdProfile } from './bfd-profile.ts'
import type { BgpAdvertisement, ParsedBgpAdvertisement } from './bgp-advertisement.ts'
import { refusePools } from './bgp-advertisement-pools.ts'
import { combineAliases, resolveCommunities } from './bgp-communities.ts'
import { duplicatePeers } from './bgp-node-peers.ts'
import type { ParsedBgpPeer } from './bgp-peer.ts'
import { type ResolvedBgpPeer, resolvePeer } from './bgp-peer-references.ts'
import type { ParsedCommunity } from './community.ts'
import { compareAge } from './field-checks.ts'
import type { RefusedObject } from './refused-object.ts'

export { peersOfNode } from './bgp-node-peers.ts'
export type { ResolvedBgpPeer }

/** Everything that the BGP configuration is made of, each object read by itself. */
export interface BgpSources {
  readonly peers: Iterable<ParsedBgpPeer>
  readonly advertisements: Iterable<ParsedBgpAdvertisement>
  readonly profiles: Iterable<ParsedBfdProfile>
  readonly communities: Iterable<ParsedCommunity>
  /** those of Herald's namespace */
  readonly secrets: Iterable<PasswordSecret>
  /** the pools that stand */
  readonly pools: readonly AddressPool[]
  /** all of the cluster, so that every process comes to the same */
  readonly nodes: readonly SelectedNode[]
}

export interface BgpConfig {
  /** elder first */
  readonly peers: readonly ResolvedBgpPeer[]
  /** elder first */
  readonly advertisements: readonly BgpAdvertisement[]
  /** objects that are not in force, or not on all nodes and pools that they ask for; all others are */
  readonly refused: readonly RefusedObject[]
  /** objects that are in force but for a part that Herald does not have */
  readonly notices: readonly RefusedObject[]
}

/** Puts all objects together. One that cannot stand is refused alone; of two that cannot stand together, the younger is. */
export function combineBgpConfig(sources: BgpSources): BgpConfig {
  const refused: RefusedObject[] = []
  const profiles = standing('BFDProfile', 'profile', sources.profiles, refused)
  const communities = standing('Community', 'community', sources.communities, refused).sort(compareAge)
  const written = standing('BGPAdvertisement', 'advertisement', sources.advertisements, refused).sort(compareAge)
  const read = standing('BGPPeer', 'peer', sources.peers, refused).sort(compareAge)

  const named = {
    secrets: new Map([...sources.secrets].map(secret => [secret.name, secret])),
    profiles: new Map(profiles.map(profile => [profile.name, profile])),
  }
  const peers: ResolvedBgpPeer[] = []
  for (const peer of read) {
    const resolved = resolvePeer(peer, named)
    if ('peer' in resolved) peers.push(resolved.peer)
    else refused.push(resolved.refused)
  }
  refused.push(...duplicatePeers(peers, sources.nodes))

  const aliases = combineAliases(communities)
  refused.push(...aliases.refused)
  const resolved: Omit<BgpAdvertisement, 'refusedPools'>[] = []
  for (const advertisement of written) {
    const result = resolveCommunities(advertisement, aliases.values)
    if ('advertisement' in result) resolved.push(result.advertisement)
    else refused.push(result.refused)
  }
  const judged = refusePools(resolved, sources.pools, sources.nodes)
  refused.push(...judged.refused)
  return { peers, advertisements: judged.advertisements, refused, notices: profiles.filter(hasEcho).map(withoutEcho) }
}

/** The advertisements that apply to a pool, elder first. */
export function advertisementsOfPool(
  { advertisements }: Pick<BgpConfig, 'advertisements'>,
  pool: NamedPool,
): readonly BgpAdvertisement[] {
  return advertisements.filter(item => advertisesPool(item, pool) && !item.refusedPools.has(pool.name))
}

/** Those of one kind that could be read; the others are added to the refused. */
function standing<Key extends string, T>(
  kind: string,
  key: Key,
  parsed: Iterable<{ readonly [K in Key]: T } | Pick<RefusedObject, 'name' | 'problem'>>,
  refused: RefusedObject[],
): T[] {
  const found: T[] = []
  for (const item of parsed) {
    if ('problem' in item) refused.push({ kind, name: item.name, problem: item.problem })
    else found.push(item[key])
  }
  return found
}

const hasEcho = ({ echoMode }: BfdProfile) => echoMode

function withoutEcho({ name }: BfdProfile): RefusedObject {
  const message = 'Herald has no echo function; sessions are held without it'
  return { kind: 'BFDProfile', name, problem: { field: 'spec.echoMode', message }, partly: true }
}
