import { isDeepStrictEqual } from 'node:util'
import { type AddressPoolResource, type ParsedAddressPool, parseAddressPool } from '../../config/address-pool.ts'
import { type BfdProfileResource, type ParsedBfdProfile, parseBfdProfile } from '../../config/bfd-profile.ts'
import {
  type BgpAdvertisementResource,
  type ParsedBgpAdvertisement,
  parseBgpAdvertisement,
} from '../../config/bgp-advertisement.ts'
import { type BgpPeerResource, type ParsedBgpPeer, parseBgpPeer } from '../../config/bgp-peer.ts'
import { type CommunityResource, type ParsedCommunity, parseCommunity } from '../../config/community.ts'
import {
  type L2AdvertisementResource,
  type ParsedL2Advertisement,
  parseL2Advertisement,
} from '../../config/l2-advertisement.ts'
import type { Clock } from '../../io/clock.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { Reflector, type ReflectorInit } from '../../kubernetes/reflector.ts'
import {
  bfdProfiles,
  bgpAdvertisements,
  bgpPeers,
  bgpSessionStatuses,
  communities,
  endpointSlices,
  ipAddressPools,
  type KubernetesObject,
  l2Advertisements,
  nodes,
  type Resource,
  secrets,
  services,
  speakerStatuses,
} from '../../kubernetes/resources.ts'
import { Store, type StoreInit } from '../../kubernetes/store.ts'
import { bgpSessionStatusLabels, viewBgpSessionStatus } from '../../resources/bgp-session-status.ts'
import { NO_ENDPOINTS, readyEndpointsOn, serviceEndpoints, viewEndpointSlice } from '../../resources/endpoint-slice.ts'
import { viewNode } from '../../resources/node.ts'
import { PASSWORD_SECRET_FIELD_SELECTOR, viewPasswordSecret } from '../../resources/password-secret.ts'
import { viewService } from '../../resources/service.ts'
import { viewSpeaker } from '../../resources/speaker-view.ts'
import type { BgpWorldSources } from '../../speaker/bgp/bgp-decisions.ts'

export interface SpeakerStoresComponents {
  client: ApiClient
  clock: Clock
  random: () => number
  logger: Logger
}

type WatchScope = Pick<ReflectorInit<unknown>, 'namespace' | 'labelSelector' | 'fieldSelector'>

/** index of the slices by the key of their Service */
const BY_SERVICE = 'service'

/** Everything that a speaker watches, cut to what it uses. */
export class SpeakerStores {
  readonly reflectors: Reflector<unknown>[] = []
  readonly services
  readonly endpointSlices
  readonly nodes
  readonly pools
  readonly advertisements
  readonly speakers
  readonly bgpPeers
  readonly bgpAdvertisements
  readonly bfdProfiles
  readonly communities
  /** those of Herald's namespace that can hold a password */
  readonly secrets
  /** what this node has told of its sessions with routers */
  readonly bgpSessions
  readonly #components: SpeakerStoresComponents

  constructor(components: SpeakerStoresComponents, { namespace, nodeName }: { namespace: string; nodeName: string }) {
    this.#components = components
    this.services = this.#watch(services, viewService)
    this.endpointSlices = this.#watch(endpointSlices, viewEndpointSlice, {
      init: { indexes: { [BY_SERVICE]: ({ serviceKey }) => (serviceKey === undefined ? [] : [serviceKey]) } },
    })
    this.nodes = this.#watch(nodes, viewNode)
    this.speakers = this.#watch(speakerStatuses, viewSpeaker, { namespace })
    // The controller writes a pool's counters with each address that it gives: these are no change to a speaker.
    this.pools = this.#watch<ParsedAddressPool, AddressPoolResource>(ipAddressPools, parseAddressPool, {
      namespace,
      init: { same: isDeepStrictEqual },
    })
    // Nor is what the controller writes into the status of these.
    const parsed = { namespace, init: { same: isDeepStrictEqual } }
    this.advertisements = this.#watch<ParsedL2Advertisement, L2AdvertisementResource>(
      l2Advertisements,
      parseL2Advertisement,
      parsed,
    )
    this.bgpPeers = this.#watch<ParsedBgpPeer, BgpPeerResource>(bgpPeers, parseBgpPeer, parsed)
    this.bgpAdvertisements = this.#watch<ParsedBgpAdvertisement, BgpAdvertisementResource>(
      bgpAdvertisements,
      parseBgpAdvertisement,
      parsed,
    )
    this.bfdProfiles = this.#watch<ParsedBfdProfile, BfdProfileResource>(bfdProfiles, parseBfdProfile, parsed)
    this.communities = this.#watch<ParsedCommunity, CommunityResource>(communities, parseCommunity, parsed)
    this.secrets = this.#watch(secrets, viewPasswordSecret, {
      ...parsed,
      fieldSelector: PASSWORD_SECRET_FIELD_SELECTOR,
    })
    // A name too long for a label is told apart by the view.
    const label = Object.entries(bgpSessionStatusLabels(nodeName, ''))[0]
    this.bgpSessions = this.#watch(bgpSessionStatuses, viewBgpSessionStatus, {
      namespace,
      ...(label?.[1] === nodeName && { labelSelector: label.join('=') }),
    })
  }

  /** every store has held the whole state once */
  get synced(): boolean {
    return this.reflectors.every(reflector => reflector.synced)
  }

  /** What decisions about Services read. */
  get sources(): Omit<BgpWorldSources, 'cluster'> {
    return {
      service: key => this.services.get(key),
      serviceKeys: () => this.services.keys(),
      endpoints: key => {
        const slices = [...this.endpointSlices.byIndex(BY_SERVICE, key)]
        return slices.length === 0 ? NO_ENDPOINTS : serviceEndpoints(slices)
      },
      readyEndpoints: (key, node, family) =>
        readyEndpointsOn(this.endpointSlices.byIndex(BY_SERVICE, key), node, family),
    }
  }

  start(): void {
    for (const reflector of this.reflectors) reflector.start()
  }

  async stop(): Promise<void> {
    await Promise.all(this.reflectors.map(reflector => reflector.stop()))
  }

  #watch<View, Shape>(
    resource: Resource,
    view: (object: Shape) => View,
    { init, ...scope }: WatchScope & { init?: StoreInit<View> } = {},
  ): Store<View> {
    const store = new Store<View>(init)
    const reflector = new Reflector<View>(
      { ...this.#components, store },
      // The API server keeps to the kind; what a view does not find it replaces.
      { resource, ...scope, view: (object: KubernetesObject) => view(object as Shape) },
    )
    this.reflectors.push(reflector as Reflector<unknown>)
    return store
  }
}
