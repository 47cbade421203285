import type { ServiceEvent } from '../../controller/converge.ts'
import type { Clock } from '../../io/clock.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { Reconciler } from '../../kubernetes/reconciler.ts'
import type { StatusWriter } from '../../kubernetes/status-writer.ts'
import type { ServiceView } from '../../resources/service.ts'
import type { CandidateRules } from '../../speaker/candidate-index.ts'
import { AnnouncedController } from './announced-controller.ts'
import type { ControllerStores } from './controller-stores.ts'
import { reconcileL2Statuses } from './service-l2-statuses.ts'

export interface AnnouncementsComponents {
  client: Pick<ApiClient, 'delete'>
  clock: Clock
  random: () => number
  logger: Logger
  nowText: () => string
  stores: ControllerStores
  statusWriter: Pick<StatusWriter, 'writeService' | 'createIfMissing' | 'patchStatus'>
  recordEvent: (service: ServiceView, event: ServiceEvent) => void
  /** whether addresses are being given at the moment */
  allocating: () => boolean
}

export interface AnnouncementsInit {
  namespace: string
  loadBalancerClass: string
  candidateRules: CandidateRules
  /** whether ServiceL2Status objects are kept */
  serviceStatuses: boolean
}

const CONCURRENT_WRITES = 4
/** Reports about one change come from several speakers, up to a second apart. */
const L2_STATUS_DELAY_MS = 500

/** The part of the controller that tells of announcing: the condition `herald.io/Announced` and the ServiceL2Status objects. */
export class Announcements {
  readonly #stores: ControllerStores
  readonly #controller: AnnouncedController
  readonly #conditions: Reconciler
  readonly #l2Statuses: Reconciler
  #unsubscribe: (() => void)[] = []

  constructor({ client, stores, ...components }: AnnouncementsComponents, init: AnnouncementsInit) {
    const { statusWriter } = components
    const { namespace, loadBalancerClass, serviceStatuses: enabled } = init
    this.#stores = stores
    this.#controller = new AnnouncedController(
      {
        ...components,
        stores,
        enqueue: (keys, delayMs = 0) => {
          for (const key of keys) this.#conditions.enqueueAfter(key, delayMs)
        },
        onReported: keys => this.#enqueueL2(keys),
      },
      init,
    )
    this.#conditions = new Reconciler(
      { ...components, sources: stores.reflectors },
      {
        name: 'announced',
        keys: () => stores.services.keys(),
        reconcile: (key, signal) => this.#controller.reconcile(key, signal),
        concurrency: CONCURRENT_WRITES,
      },
    )
    const l2 = { client, statusWriter, stores, reports: this.#controller.reports }
    this.#l2Statuses = new Reconciler(
      // Whoever lacks this definition does without these objects, and all else goes on.
      { ...components, sources: [...stores.reflectors, stores.l2StatusReflector] },
      {
        name: 'service l2 status',
        keys: () => this.#l2Keys(),
        reconcile: (key, signal) => reconcileL2Statuses(l2, { namespace, loadBalancerClass, enabled }, key, signal),
        concurrency: CONCURRENT_WRITES,
      },
    )
  }

  /** How many Services are not announced, by reason. */
  get unannounced(): ReadonlyMap<string, number> {
    return this.#controller.unannounced
  }

  /** Once all stores have synced, and this replica leads. */
  start(): void {
    const { services, l2Statuses } = this.#stores
    this.#controller.start()
    this.#unsubscribe = [
      services.subscribe((key, before, after) => {
        if (!sameAddresses(before, after)) this.#enqueueL2([key])
      }),
      l2Statuses.subscribe((_key, before, after) => {
        // Our own creations come back here before their status.
        if (before?.serviceKey !== undefined && after?.status !== before.status) this.#enqueueL2([before.serviceKey])
      }),
    ]
    this.#conditions.start()
    this.#l2Statuses.start()
  }

  async stop(): Promise<void> {
    this.#controller.stop()
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    await Promise.all([this.#conditions.stop(), this.#l2Statuses.stop()])
  }

  #enqueueL2(keys: Iterable<string>): void {
    for (const key of keys) this.#l2Statuses.enqueueAfter(key, L2_STATUS_DELAY_MS)
  }

  *#l2Keys(): Iterable<string> {
    const { services, l2Statuses } = this.#stores
    for (const { serviceKey } of l2Statuses.list()) if (serviceKey !== undefined) yield serviceKey
    for (const { key, ingress } of services.list()) if (ingress.length > 0) yield key
  }
}

function sameAddresses(a: ServiceView | undefined, b: ServiceView | undefined): boolean {
  return a?.type === b?.type && String(a?.ingress.map(({ ip }) => ip)) === String(b?.ingress.map(({ ip }) => ip))
}
