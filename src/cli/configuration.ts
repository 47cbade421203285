import type { AddressPool } from '../config/address-pool.ts'
import { readScope } from '../config/advertisement.ts'
import { parseBfdProfile } from '../config/bfd-profile.ts'
import { parseBgpAdvertisement } from '../config/bgp-advertisement.ts'
import { type BgpConfig, combineBgpConfig } from '../config/bgp-config.ts'
import { parseBgpPeer } from '../config/bgp-peer.ts'
import { parseCommunity } from '../config/community.ts'
import { parseL2Advertisement } from '../config/l2-advertisement.ts'
import type { Problem } from '../config/problem.ts'
import type { RefusedObject } from '../config/refused-object.ts'
import {
  type RefusedAdvertising,
  refusedAdvertising,
  type WrittenAdvertisement,
} from '../controller/refused-advertising.ts'
import type { NodeView } from '../resources/node.ts'
import { viewPasswordSecret } from '../resources/password-secret.ts'
import { type ApiObject, nameOf, objectsOf, type Snapshot } from './snapshot.ts'

/** What the objects that say how addresses are announced come to together. */
export interface AdvertisingConfiguration {
  readonly bgp: BgpConfig
  /** everything that is refused, or in force but for a part */
  readonly refused: readonly RefusedObject[]
  readonly refusedAdvertising: RefusedAdvertising
}

/** Reads and combines all of them as controller and speakers do. */
export function combineConfiguration(
  snapshot: Snapshot,
  nodes: readonly NodeView[],
  pools: readonly AddressPool[],
): AdvertisingConfiguration {
  const parsed = <T>(kind: Parameters<typeof objectsOf>[1], parse: (object: ApiObject) => T) =>
    objectsOf(snapshot, kind).map(parse)
  const bgp = combineBgpConfig({
    peers: parsed('BGPPeer', parseBgpPeer),
    advertisements: parsed('BGPAdvertisement', parseBgpAdvertisement),
    profiles: parsed('BFDProfile', parseBfdProfile),
    communities: parsed('Community', parseCommunity),
    secrets: objectsOf(snapshot, 'Secret').map(viewPasswordSecret),
    ...{ pools, nodes },
  })
  const layer2 = parsed('L2Advertisement', object => written(object, parseL2Advertisement(object)))
  const ofBgp = parsed('BGPAdvertisement', object => written(object, parseBgpAdvertisement(object)))
  const refused = layer2.flatMap(({ name, problem }) => (problem ? [{ kind: 'L2Advertisement', name, problem }] : []))
  return {
    bgp,
    refused: [...refused, ...bgp.refused, ...bgp.notices],
    refusedAdvertising: refusedAdvertising({ layer2, bgp: ofBgp }, bgp),
  }
}

function written(object: ApiObject, parsed: object): WrittenAdvertisement {
  const problem = 'problem' in parsed ? { problem: parsed.problem as Problem } : {}
  return { name: nameOf(object), scope: readScope(object.spec), ...problem }
}
