import { isDeepStrictEqual } from 'node:util'
import { type AddressPoolResource, type ParsedAddressPool, parseAddressPool } from '../../config/address-pool.ts'
import {
  type L2AdvertisementResource,
  type ParsedL2Advertisement,
  parseL2Advertisement,
} from '../../config/l2-advertisement.ts'
import type { Clock } from '../../io/clock.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { Reflector } from '../../kubernetes/reflector.ts'
import {
  endpointSlices,
  ipAddressPools,
  type KubernetesObject,
  l2Advertisements,
  nodes,
  type Resource,
  services,
  speakerStatuses,
} from '../../kubernetes/resources.ts'
import { Store, type StoreInit } from '../../kubernetes/store.ts'
import { NO_ENDPOINTS, serviceEndpoints, viewEndpointSlice } from '../../resources/endpoint-slice.ts'
import { viewNode } from '../../resources/node.ts'
import { viewService } from '../../resources/service.ts'
import { viewSpeaker } from '../../resources/speaker-view.ts'
import type { WorldSources } from '../../speaker/decisions.ts'

export interface SpeakerStoresComponents {
  client: ApiClient
  clock: Clock
  random: () => number
  logger: Logger
}

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
  readonly #components: SpeakerStoresComponents

  constructor(components: SpeakerStoresComponents, { namespace }: { namespace: string }) {
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
    this.advertisements = this.#watch<ParsedL2Advertisement, L2AdvertisementResource>(
      l2Advertisements,
      parseL2Advertisement,
      { namespace, init: { same: isDeepStrictEqual } },
    )
  }

  /** every store has held the whole state once */
  get synced(): boolean {
    return this.reflectors.every(reflector => reflector.synced)
  }

  /** What decisions about Services read. */
  get sources(): Omit<WorldSources, 'cluster'> {
    return {
      service: key => this.services.get(key),
      serviceKeys: () => this.services.keys(),
      endpoints: key => {
        const slices = [...this.endpointSlices.byIndex(BY_SERVICE, key)]
        return slices.length === 0 ? NO_ENDPOINTS : serviceEndpoints(slices)
      },
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
    { namespace, init }: { namespace?: string; init?: StoreInit<View> } = {},
  ): Store<View> {
    const store = new Store<View>(init)
    const reflector = new Reflector<View>(
      { ...this.#components, store },
      // The API server keeps to the kind; what a view does not find it replaces.
      { resource, namespace, view: (object: KubernetesObject) => view(object as Shape) },
    )
    this.reflectors.push(reflector as Reflector<unknown>)
    return store
  }
}
