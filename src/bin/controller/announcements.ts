import type { ServiceEvent } from '../../controller/converge.ts'
import type { DesiredBgpStatus } from '../../controller/service-bgp-status.ts'
import { type DesiredL2Status, desiredL2Statuses } from '../../controller/service-l2-status.ts'
import type { Clock } from '../../io/clock.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { Reconciler } from '../../kubernetes/reconciler.ts'
import type { StatusWriter } from '../../kubernetes/status-writer.ts'
import type { ServiceView } from '../../resources/service.ts'
import type { CandidateRules } from '../../speaker/candidate-index.ts'
import type { AdvertisingConfiguration } from './advertising-configuration.ts'
import { AnnouncedController } from './announced-controller.ts'
import type { ControllerStores } from './controller-stores.ts'
import { BGP_STATUS_KIND } from './service-bgp-statuses.ts'
import { L2_STATUS_KIND } from './service-l2-statuses.ts'
import { ServiceStatuses } from './service-statuses.ts'

export interface AnnouncementsComponents {
  client: Pick<ApiClient, 'delete'>
  clock: Clock
  random: () => number
  logger: Logger
  nowText: () => string
  stores: ControllerStores
  configuration: AdvertisingConfiguration
  statusWriter: Pick<StatusWriter, 'writeService' | 'createIfMissing' | 'patchStatus'>
  recordEvent: (service: ServiceView, event: ServiceEvent) => void
  /** whether addresses are being given at the moment */
  allocating: () => boolean
}

export interface AnnouncementsInit {
  namespace: string
  loadBalancerClass: string
  candidateRules: CandidateRules
  /** whether ServiceL2Status and ServiceBGPStatus objects are kept */
  serviceStatuses: boolean
}

const CONCURRENT_WRITES = 4

/** The part of the controller that tells of announcing: the condition `herald.io/Announced`, the ServiceL2Status and the ServiceBGPStatus objects. */
export class Announcements {
  readonly #stores: ControllerStores
  readonly #controller: AnnouncedController
  readonly #conditions: Reconciler
  readonly #l2Statuses: ServiceStatuses<DesiredL2Status>
  readonly #bgpStatuses: ServiceStatuses<DesiredBgpStatus>
  #unsubscribe: (() => void) | undefined

  constructor({ client, stores, ...components }: AnnouncementsComponents, init: AnnouncementsInit) {
    const { namespace, loadBalancerClass, serviceStatuses: enabled } = init
    this.#stores = stores
    const sources = stores.announcingReflectors
    this.#controller = new AnnouncedController(
      {
        ...components,
        stores,
        enqueue: (keys, delayMs = 0) => {
          for (const key of keys) this.#conditions.enqueueAfter(key, delayMs)
        },
        onReported: keys => this.#l2Statuses.enqueue(keys),
        onAnnouncingByBgp: keys => this.#bgpStatuses.enqueue(keys),
      },
      init,
    )
    this.#conditions = new Reconciler(
      { ...components, sources },
      {
        name: 'announced',
        keys: () => stores.services.keys(),
        reconcile: (key, signal) => this.#controller.reconcile(key, signal),
        concurrency: CONCURRENT_WRITES,
      },
    )
    const { reports } = this.#controller
    const common = { ...components, client, services: stores.services, speakers: stores.speakers }
    // Whoever lacks the definition of one kind does without its objects, and all else goes on.
    this.#l2Statuses = new ServiceStatuses(
      {
        ...common,
        sources: [...stores.reflectors, stores.l2StatusReflector],
        statuses: stores.l2Statuses,
        desired: service =>
          desiredL2Statuses(service, { loadBalancerClass, reportsOf: address => reports.of(address) }),
      },
      { kind: L2_STATUS_KIND, namespace, enabled },
    )
    this.#bgpStatuses = new ServiceStatuses(
      {
        ...common,
        sources: [...sources, stores.bgpStatusReflector],
        statuses: stores.bgpStatuses,
        desired: service => this.#controller.bgpStatusesOf(service),
      },
      { kind: BGP_STATUS_KIND, namespace, enabled },
    )
  }

  /** How many Services are not announced, by reason. */
  get unannounced(): ReadonlyMap<string, number> {
    return this.#controller.unannounced
  }

  /** Once all stores have synced, and this replica leads. */
  start(): void {
    this.#controller.start()
    this.#unsubscribe = this.#stores.services.subscribe((key, before, after) => {
      if (!sameAddresses(before, after)) this.#l2Statuses.enqueue([key])
    })
    this.#conditions.start()
    this.#l2Statuses.start()
    this.#bgpStatuses.start()
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.()
    await Promise.all([this.#conditions.stop(), this.#l2Statuses.stop(), this.#bgpStatuses.stop()])
    // Last: what is still being looked at may set its timers.
    this.#controller.stop()
  }
}

function sameAddresses(a: ServiceView | undefined, b: ServiceView | undefined): boolean {
  return a?.type === b?.type && String(a?.ingress.map(({ ip }) => ip)) === String(b?.ingress.map(({ ip }) => ip))
}
