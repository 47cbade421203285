import { isDeepStrictEqual } from 'node:util'
import { parseBfdProfile } from '../../config/bfd-profile.ts'
import { parseBgpAdvertisement } from '../../config/bgp-advertisement.ts'
import { parseBgpPeer } from '../../config/bgp-peer.ts'
import { parseCommunity } from '../../config/community.ts'
import { parseL2Advertisement } from '../../config/l2-advertisement.ts'
import type { Clock } from '../../io/clock.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import { viewLease } from '../../kubernetes/lease.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { Reflector } from '../../kubernetes/reflector.ts'
import {
  addressReservations,
  bfdProfiles,
  bgpAdvertisements,
  bgpPeers,
  bgpSessionStatuses,
  communities,
  configurationStates,
  endpointSlices,
  ipAddressPools,
  type KubernetesObject,
  l2Advertisements,
  leases,
  namespaces,
  nodes,
  type Resource,
  secrets,
  serviceBgpStatuses,
  serviceL2Statuses,
  services,
  speakerStatuses,
} from '../../kubernetes/resources.ts'
import { Store, type StoreInit } from '../../kubernetes/store.ts'
import { viewBgpSessionStatus } from '../../resources/bgp-session-status.ts'
import { sameEndpointSlice, viewEndpointSlice } from '../../resources/endpoint-slice.ts'
import { sameNode, viewNode } from '../../resources/node.ts'
import { PASSWORD_SECRET_FIELD_SELECTOR, viewPasswordSecret } from '../../resources/password-secret.ts'
import { type ServiceView, viewService } from '../../resources/service.ts'
import type { AcceptedObjects } from './acceptances.ts'
import { addressesOf } from './announced-controller.ts'
import { BY_ADDRESS, BY_SERVICE } from './announced-world.ts'
import type { ConfigurationStateView } from './configuration-states.ts'
import type { ReservationView } from './reservation-status.ts'
import { BGP_STATUS_KIND } from './service-bgp-statuses.ts'
import { BY_NAMESPACE, type NamespaceView, type PoolView } from './service-controller.ts'
import { L2_STATUS_KIND } from './service-l2-statuses.ts'
import { BY_SERVICE_KEY, type ServiceStatusView, viewServiceStatus } from './service-statuses.ts'
import { viewParsed, viewResource, viewSpeakerMark } from './views.ts'

export interface ControllerStoresComponents {
  client: ApiClient
  clock: Clock
  random: () => number
  logger: Logger
}

/** One controller that asks so often costs nothing, and who installs it before its custom resources does not wait long. */
const LONGEST_BACKOFF_MS = 3_000

/** Everything that the controller watches, cut to what it uses. */
export class ControllerStores {
  /** nothing is decided before all of these have synced */
  readonly reflectors: Reflector<unknown>[] = []
  readonly services
  readonly namespaces
  readonly pools
  readonly reservations
  readonly advertisements
  readonly speakers
  readonly nodes
  readonly endpointSlices
  readonly leases
  readonly leaseReflector
  /** Allocation does not wait for the kinds of BGP: another release's definitions may lack them. */
  readonly bgpReflectors: Reflector<unknown>[] = []
  readonly bgpPeers
  readonly bgpAdvertisements
  readonly bfdProfiles
  readonly communities
  readonly secrets
  readonly bgpSessions
  /** Nor does it wait for these. */
  readonly configurationStates
  readonly configurationStateReflector
  readonly l2Statuses
  readonly l2StatusReflector
  readonly bgpStatuses
  readonly bgpStatusReflector
  readonly #components: ControllerStoresComponents

  constructor(components: ControllerStoresComponents, { namespace }: { namespace: string }) {
    this.#components = components
    const own = { namespace }
    this.services = this.#watch(services, viewService, {
      indexes: { [BY_NAMESPACE]: (service: ServiceView) => [service.namespace], [BY_ADDRESS]: addressesOf },
    })
    this.namespaces = this.#watch<NamespaceView>(namespaces, ({ metadata }) => ({ labels: metadata?.labels ?? {} }))
    this.pools = this.#watch(ipAddressPools, viewResource<PoolView>, own)
    this.reservations = this.#watch(addressReservations, viewResource<ReservationView>, own)
    this.advertisements = this.#watch(l2Advertisements, viewParsed(parseL2Advertisement), own)
    this.speakers = this.#watch(speakerStatuses, viewSpeakerMark, own)
    this.nodes = this.#watch(nodes, viewNode, { same: sameNode })
    this.endpointSlices = this.#watch(endpointSlices, viewEndpointSlice, {
      indexes: { [BY_SERVICE]: ({ serviceKey }) => (serviceKey === undefined ? [] : [serviceKey]) },
      same: sameEndpointSlice,
    })
    this.leases = new Store<ReturnType<typeof viewLease>>()
    this.leaseReflector = this.#reflect(leases, this.leases, viewLease, namespace)
    this.reflectors.push(this.leaseReflector as Reflector<unknown>)
    const bgp = { ...own, reflectors: this.bgpReflectors }
    this.bgpPeers = this.#watch(bgpPeers, viewParsed(parseBgpPeer), bgp)
    this.bgpAdvertisements = this.#watch(bgpAdvertisements, viewParsed(parseBgpAdvertisement), bgp)
    this.bfdProfiles = this.#watch(bfdProfiles, viewParsed(parseBfdProfile), bgp)
    this.communities = this.#watch(communities, viewParsed(parseCommunity), bgp)
    this.secrets = this.#watch(secrets, viewPasswordSecret, {
      ...bgp,
      fieldSelector: PASSWORD_SECRET_FIELD_SELECTOR,
      same: isDeepStrictEqual,
    })
    this.bgpSessions = this.#watch(bgpSessionStatuses, viewBgpSessionStatus, bgp)
    this.configurationStates = new Store<ConfigurationStateView>()
    this.configurationStateReflector = this.#reflect(
      configurationStates,
      this.configurationStates,
      viewResource<ConfigurationStateView>,
      namespace,
    )
    const byService = { indexes: { [BY_SERVICE_KEY]: serviceKeysOf } }
    this.l2Statuses = new Store<ServiceStatusView>(byService)
    this.l2StatusReflector = this.#reflect(
      serviceL2Statuses,
      this.l2Statuses,
      viewServiceStatus(L2_STATUS_KIND),
      namespace,
    )
    this.bgpStatuses = new Store<ServiceStatusView>(byService)
    this.bgpStatusReflector = this.#reflect(
      serviceBgpStatuses,
      this.bgpStatuses,
      viewServiceStatus(BGP_STATUS_KIND),
      namespace,
    )
  }

  /** what is known before anything is said of announcing, by either protocol */
  get announcingReflectors(): Reflector<unknown>[] {
    return [...this.reflectors, ...this.bgpReflectors]
  }

  /** the objects that bear the condition `Accepted` and nothing else of Herald's */
  get accepted(): AcceptedObjects[] {
    return [
      { kind: 'L2Advertisement', resource: l2Advertisements, store: this.advertisements },
      { kind: 'BGPAdvertisement', resource: bgpAdvertisements, store: this.bgpAdvertisements },
      { kind: 'BGPPeer', resource: bgpPeers, store: this.bgpPeers },
      { kind: 'BFDProfile', resource: bfdProfiles, store: this.bfdProfiles },
      { kind: 'Community', resource: communities, store: this.communities },
    ]
  }

  get synced(): boolean {
    return this.reflectors.every(({ synced }) => synced)
  }

  async whenSynced(): Promise<void> {
    await Promise.all(this.reflectors.map(reflector => reflector.whenSynced()))
  }

  start(): void {
    for (const reflector of this.#all) reflector.start()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map(reflector => reflector.stop()))
  }

  get #all(): Pick<Reflector<unknown>, 'start' | 'stop'>[] {
    const { configurationStateReflector, l2StatusReflector, bgpStatusReflector } = this
    return [...this.announcingReflectors, ...[configurationStateReflector, l2StatusReflector, bgpStatusReflector]]
  }

  #watch<View>(
    resource: Resource,
    view: (object: KubernetesObject) => View,
    {
      namespace,
      fieldSelector,
      reflectors = this.reflectors,
      ...init
    }: StoreInit<View> & { namespace?: string; fieldSelector?: string; reflectors?: Reflector<unknown>[] } = {},
  ): Store<View> {
    const store = new Store<View>(init)
    reflectors.push(this.#reflect(resource, store, view, namespace, fieldSelector) as Reflector<unknown>)
    return store
  }

  #reflect<View>(
    resource: Resource,
    store: Store<View>,
    view: (object: KubernetesObject) => View,
    namespace?: string,
    fieldSelector?: string,
  ): Reflector<View> {
    const scope = { ...(namespace && { namespace }), ...(fieldSelector && { fieldSelector }) }
    return new Reflector<View>(
      { ...this.#components, store },
      { resource, view, backoff: { maximumMs: LONGEST_BACKOFF_MS }, ...scope },
    )
  }
}

function serviceKeysOf({ serviceKey }: ServiceStatusView): string[] {
  return serviceKey === undefined ? [] : [serviceKey]
}
