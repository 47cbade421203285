import type { AdvertisingStores } from '../../src/bin/controller/advertising-configuration.ts'
import type { PoolView } from '../../src/bin/controller/service-controller.ts'
import { type ParsedView, viewParsed } from '../../src/bin/controller/views.ts'
import { type ParsedBfdProfile, parseBfdProfile } from '../../src/config/bfd-profile.ts'
import { type ParsedBgpAdvertisement, parseBgpAdvertisement } from '../../src/config/bgp-advertisement.ts'
import { type ParsedBgpPeer, parseBgpPeer } from '../../src/config/bgp-peer.ts'
import { type ParsedCommunity, parseCommunity } from '../../src/config/community.ts'
import { type ParsedL2Advertisement, parseL2Advertisement } from '../../src/config/l2-advertisement.ts'
import type { KubernetesObject } from '../../src/kubernetes/resources.ts'
import { Store } from '../../src/kubernetes/store.ts'
import type { NodeView } from '../../src/resources/node.ts'
import type { PasswordSecret } from '../../src/resources/password-secret.ts'

/** Stores of all that says how addresses are announced, and what puts objects of the namespace `h` into them. */
export class AdvertisingObjects implements AdvertisingStores {
  readonly advertisements = new Store<ParsedView<ParsedL2Advertisement>>()
  readonly bgpPeers = new Store<ParsedView<ParsedBgpPeer>>()
  readonly bgpAdvertisements = new Store<ParsedView<ParsedBgpAdvertisement>>()
  readonly bfdProfiles = new Store<ParsedView<ParsedBfdProfile>>()
  readonly communities = new Store<ParsedView<ParsedCommunity>>()
  readonly secrets = new Store<PasswordSecret>()
  readonly pools = new Store<PoolView>()
  readonly nodes = new Store<NodeView>()
  #version = 0

  put(
    kind: 'L2Advertisement' | 'BGPPeer' | 'BGPAdvertisement' | 'BFDProfile' | 'Community',
    name: string,
    spec: object = {},
    { generation = 1, conditions = [] }: { generation?: number; conditions?: readonly object[] } = {},
  ): void {
    const resourceVersion = String(++this.#version)
    const metadata = { namespace: 'h', name, uid: `uid-${name}`, generation, resourceVersion }
    const object = { metadata, spec, status: { conditions } } as KubernetesObject
    const to = <Parsed>(store: Store<ParsedView<Parsed>>, parse: (object: KubernetesObject) => Parsed) =>
      store.upsert(`h/${name}`, resourceVersion, viewParsed(parse)(object))
    if (kind === 'L2Advertisement') to(this.advertisements, parseL2Advertisement)
    else if (kind === 'BGPPeer') to(this.bgpPeers, parseBgpPeer)
    else if (kind === 'BGPAdvertisement') to(this.bgpAdvertisements, parseBgpAdvertisement)
    else if (kind === 'BFDProfile') to(this.bfdProfiles, parseBfdProfile)
    else to(this.communities, parseCommunity)
  }
}
