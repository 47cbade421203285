import type { BfdParameters, PeerConfig } from '../bgp/peer-config.ts'
import type { PasswordSecret } from '../resources/password-secret.ts'
import type { AddressPool, NamedPool } from './address-pool.ts'
import type { ParsedBfdProfile } from './bfd-profile.ts'
import type { BgpAdvertisement, ParsedBgpAdvertisement } from './bgp-advertisement.ts'
import type { BgpPeer, ParsedBgpPeer } from './bgp-peer.ts'
import type { ParsedCommunity } from './community.ts'
import type { RefusedObject } from './refused-object.ts'

/** A node, as far as selectors look at it. */
export interface SelectedNode {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

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
  readonly nodes: Iterable<SelectedNode>
}

/** A peer with what it names looked up. */
export interface ResolvedBgpPeer extends BgpPeer {
  readonly bfd?: BfdParameters
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

/** Puts all objects together. One that cannot stand is refused alone. */
export declare function combineBgpConfig(sources: BgpSources): BgpConfig

/** The sessions that a node is to hold. */
export declare function peersOfNode(config: Pick<BgpConfig, 'peers'>, node: SelectedNode): readonly PeerConfig[]

/** The advertisements that apply to a pool, elder first. */
export declare function advertisementsOfPool(
  config: Pick<BgpConfig, 'advertisements'>,
  pool: NamedPool,
): readonly BgpAdvertisement[]
