import type { AddressPool } from '../config/address-pool.ts'
import type { BgpAdvertisementSpec, ParsedBgpAdvertisement } from '../config/bgp-advertisement.ts'
import { type BgpSources, combineBgpConfig } from '../config/bgp-config.ts'
import type { BgpPeer, ParsedBgpPeer } from '../config/bgp-peer.ts'
import { parseCommunityValue } from '../config/community.ts'
import type { RefusedObject } from '../config/refused-object.ts'
import type { AdmissionSnapshot } from './snapshot.ts'

export type BgpState = Omit<BgpSources, 'secrets'>

/** The BGP configuration as it is. */
export function bgpStateOf(snapshot: AdmissionSnapshot, pools: readonly AddressPool[]): BgpState {
  const { peers, advertisements, profiles, communities, nodes } = snapshot
  return { peers, advertisements, profiles, communities, nodes, pools }
}

/**
 * What would be refused after a change and is not refused before it. What an object names and is not there yet counts for nothing: objects
 * that belong together come in any order.
 */
export function newlyRefused(before: BgpState, after: BgpState): RefusedObject[] {
  const known = new Set(refusedIn(before).map(identityOf))
  return refusedIn(after).filter(object => !known.has(identityOf(object)))
}

/** One kind's objects with one of them replaced, or added. */
export function replaced<Parsed>(
  objects: Iterable<Parsed>,
  nameOf: (parsed: Parsed) => string,
  candidate: Parsed,
): Parsed[] {
  return [...[...objects].filter(parsed => nameOf(parsed) !== nameOf(candidate)), candidate]
}

function refusedIn({ peers, advertisements, ...others }: BgpState): readonly RefusedObject[] {
  return combineBgpConfig({
    ...others,
    peers: [...peers].map(withoutPeerReferences),
    advertisements: [...advertisements].map(withoutAliases),
    secrets: [],
  }).refused
}

function withoutPeerReferences(parsed: ParsedBgpPeer): ParsedBgpPeer {
  if ('problem' in parsed) return parsed
  const { bfdProfile, passwordSecret, ...peer }: BgpPeer = parsed.peer
  return { peer }
}

function withoutAliases(parsed: ParsedBgpAdvertisement): ParsedBgpAdvertisement {
  if ('problem' in parsed) return parsed
  const { communityTexts, ...rest }: BgpAdvertisementSpec = parsed.advertisement
  const literals = communityTexts.filter(text => !('problem' in parseCommunityValue(text)))
  return { advertisement: { ...rest, communityTexts: literals } }
}

function identityOf({ kind, name, problem }: RefusedObject): string {
  return JSON.stringify([kind, name, problem.field, problem.message])
}
