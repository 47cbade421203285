import { parseL2Advertisement } from '../../config/l2-advertisement.ts'
import type { Clock } from '../../io/clock.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import { viewLease } from '../../kubernetes/lease.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { Reflector } from '../../kubernetes/reflector.ts'
import {
  addressReservations,
  configurationStates,
  endpointSlices,
  ipAddressPools,
  type KubernetesObject,
  l2Advertisements,
  leases,
  namespaces,
  nodes,
  type Resource,
  serviceL2Statuses,
  services,
  speakerStatuses,
} from '../../kubernetes/resources.ts'
import { Store, type StoreInit } from '../../kubernetes/store.ts'
import { sameEndpointSlice, viewEndpointSlice } from '../../resources/endpoint-slice.ts'
import { sameNode, viewNode } from '../../resources/node.ts'
import { type ServiceView, viewService } from '../../resources/service.ts'
import type { AcceptedObjects } from './acceptances.ts'
import { addressesOf, BY_ADDRESS, BY_SERVICE } from './announced-controller.ts'
import type { ConfigurationStateView } from './configuration-states.ts'
import type { ReservationView } from './reservation-status.ts'
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
  /** Allocation does not wait for these: another release's definitions may lack the kind. */
  readonly configurationStates
  readonly configurationStateReflector
  readonly l2Statuses
  readonly l2StatusReflector
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
    this.configurationStates = new Store<ConfigurationStateView>()
    this.configurationStateReflector = this.#reflect(
      configurationStates,
      this.configurationStates,
      viewResource<ConfigurationStateView>,
      namespace,
    )
    this.l2Statuses = new Store<ServiceStatusView>({
      indexes: { [BY_SERVICE_KEY]: ({ serviceKey }) => (serviceKey === undefined ? [] : [serviceKey]) },
    })
    this.l2StatusReflector = this.#reflect(
      serviceL2Statuses,
      this.l2Statuses,
      viewServiceStatus(L2_STATUS_KIND),
      namespace,
    )
  }

  /** the objects that bear the condition `Accepted` and nothing else of Herald's */
  get accepted(): AcceptedObjects[] {
    return [{ kind: 'L2Advertisement', resource: l2Advertisements, store: this.advertisements }]
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
    return [...this.reflectors, this.configurationStateReflector, this.l2StatusReflector]
  }

  #watch<View>(
    resource: Resource,
    view: (object: KubernetesObject) => View,
    { namespace, ...init }: StoreInit<View> & { namespace?: string } = {},
  ): Store<View> {
    const store = new Store<View>(init)
    this.reflectors.push(this.#reflect(resource, store, view, namespace) as Reflector<unknown>)
    return store
  }

  #reflect<View>(
    resource: Resource,
    store: Store<View>,
    view: (object: KubernetesObject) => View,
    namespace?: string,
  ): Reflector<View> {
    return new Reflector<View>(
      { ...this.#components, store },
      { resource, view, backoff: { maximumMs: LONGEST_BACKOFF_MS }, ...(namespace && { namespace }) },
    )
  }
}
