import {
  SERVICE_STATUS_LABELS,
  type ServiceOnNode,
  serviceStatusLabels,
  serviceStatusName,
} from '../../controller/service-status.ts'
import type { Clock } from '../../io/clock.ts'
import { isApiError } from '../../kubernetes/api-error.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { done, type Outcome } from '../../kubernetes/outcome.ts'
import { Reconciler, type Syncable } from '../../kubernetes/reconciler.ts'
import {
  apiVersionOf,
  type KubernetesObject,
  ownerReferenceTo,
  type Resource,
  speakerStatuses,
} from '../../kubernetes/resources.ts'
import type { StatusWriter } from '../../kubernetes/status-writer.ts'
import type { ReadableStore } from '../../kubernetes/store.ts'
import type { ServiceView } from '../../resources/service.ts'
import type { SpeakerView } from '../../resources/speaker-view.ts'

/** A kind of objects of which there is one for each Service and node that announces it. */
export interface ServiceStatusKind<Status extends ServiceOnNode> {
  readonly resource: Resource
  /** begins the names of the objects */
  readonly prefix: string
  /** what a status says beside its Service and node; read with care, it may be anybody's */
  details(status: Partial<Status>): unknown
}

/** Such an object, cut to what is compared. */
export interface ServiceStatusView {
  readonly name: string
  readonly uid: string
  /** of the Service, by the labels; undefined for an object that is not Herald's */
  readonly serviceKey?: string
  /** of the SpeakerStatus that it goes with */
  readonly ownerUid?: string
  /** as JSON */
  readonly status: string
}

/** Name of the store's index by the key of the Service. */
export const BY_SERVICE_KEY = 'service'

export interface ServiceStatusesComponents<Status extends ServiceOnNode> {
  clock: Clock
  random: () => number
  logger: Logger
  /** nothing is written before all of these have synced */
  sources: readonly Syncable[]
  services: ReadableStore<ServiceView>
  speakers: ReadableStore<SpeakerView>
  /** with the index BY_SERVICE_KEY */
  statuses: ReadableStore<ServiceStatusView>
  client: Pick<ApiClient, 'delete'>
  statusWriter: Pick<StatusWriter, 'createIfMissing' | 'patchStatus'>
  /** what there shall be of a Service, one status for each node */
  desired: (service: ServiceView) => readonly Status[]
}

export interface ServiceStatusesInit<Status extends ServiceOnNode> {
  kind: ServiceStatusKind<Status>
  namespace: string
  /** false: there shall be none at all */
  enabled: boolean
}

const CONCURRENT_WRITES = 4
/** What is told of one change comes from several nodes, up to a second apart. */
const DELAY_MS = 500

export function viewServiceStatus<Status extends ServiceOnNode>(kind: ServiceStatusKind<Status>) {
  return ({ metadata = {}, status = {} }: KubernetesObject & { status?: Partial<Status> }): ServiceStatusView => {
    const { name = '', uid = '', labels = {}, ownerReferences = [] } = metadata
    // Those that MetalLB left behind belong to pods, and go with them.
    const owner = ownerReferences.find(
      ({ apiVersion, kind }) => apiVersion === apiVersionOf(speakerStatuses) && kind === speakerStatuses.kind,
    )
    const serviceKey = `${labels[SERVICE_STATUS_LABELS.serviceNamespace]}/${labels[SERVICE_STATUS_LABELS.serviceName]}`
    return { name, uid, status: statusText(kind, status), ...(owner && { serviceKey, ownerUid: owner.uid }) }
  }
}

/** Keeps the objects of one kind as they should be. */
export class ServiceStatuses<Status extends ServiceOnNode> {
  readonly #components: ServiceStatusesComponents<Status>
  readonly #init: ServiceStatusesInit<Status>
  readonly #reconciler: Reconciler
  #unsubscribe: (() => void) | undefined

  constructor(components: ServiceStatusesComponents<Status>, init: ServiceStatusesInit<Status>) {
    this.#components = components
    this.#init = init
    this.#reconciler = new Reconciler(components, {
      name: init.kind.resource.plural,
      keys: () => this.#keys(),
      reconcile: (key, signal) => this.reconcile(key, signal),
      concurrency: CONCURRENT_WRITES,
    })
  }

  start(): void {
    this.#unsubscribe = this.#components.statuses.subscribe((_key, before, after) => {
      // Our own creations come back here before their status.
      if (before?.serviceKey !== undefined && after?.status !== before.status) this.enqueue([before.serviceKey])
    })
    this.#reconciler.start()
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.()
    await this.#reconciler.stop()
  }

  /** Who announces these Services may have changed. */
  enqueue(serviceKeys: Iterable<string>): void {
    for (const key of serviceKeys) this.#reconciler.enqueueAfter(key, DELAY_MS)
  }

  /** Brings the objects of one Service to what is desired. */
  async reconcile(key: string, signal?: AbortSignal): Promise<Outcome> {
    const { services, speakers, statuses, statusWriter, desired } = this.#components
    const { kind, namespace, enabled } = this.#init
    const service = enabled ? services.get(key) : undefined
    const missing = new Map(
      (service ? desired(service) : []).map(status => [serviceStatusName(kind.prefix, status), status]),
    )
    for (const { name, uid, ownerUid, status } of [...statuses.byIndex(BY_SERVICE_KEY, key)]) {
      const wanted = missing.get(name)
      if (!wanted || ownerUid !== speakers.get(`${namespace}/${wanted.node}`)?.uid) {
        await this.#remove(name, uid, signal)
        continue
      }
      missing.delete(name)
      if (status === statusText(kind, wanted)) continue
      await statusWriter.patchStatus(kind.resource, { namespace, name }, wanted, { signal })
    }
    for (const [name, status] of missing) {
      const speaker = speakers.get(`${namespace}/${status.node}`)
      if (!speaker) continue
      await statusWriter.createIfMissing(kind.resource, this.#newObject(name, status, speaker), { signal })
      // The status is a subresource: it is not taken with the object.
      await statusWriter.patchStatus(kind.resource, { namespace, name }, status, { signal })
    }
    return done
  }

  *#keys(): Iterable<string> {
    const { services, statuses } = this.#components
    for (const { serviceKey } of statuses.list()) if (serviceKey !== undefined) yield serviceKey
    for (const { key, ingress } of services.list()) if (ingress.length > 0) yield key
  }

  #newObject(name: string, status: Status, speaker: SpeakerView): KubernetesObject & { spec: object } {
    const { kind, namespace } = this.#init
    const owner = ownerReferenceTo(speakerStatuses, speaker)
    const metadata = { namespace, name, labels: serviceStatusLabels(status), ownerReferences: [owner] }
    return { apiVersion: apiVersionOf(kind.resource), kind: kind.resource.kind, metadata, spec: {} }
  }

  /** That very object: another of its name may have come in the meantime. */
  async #remove(name: string, uid: string, signal: AbortSignal | undefined): Promise<void> {
    const { namespace, kind } = this.#init
    await this.#components.client
      .delete(kind.resource, { namespace, name }, { uid, signal })
      .catch((error: unknown) => {
        if (!isApiError(error, 'notFound', 'conflict')) throw error
      })
  }
}

function statusText<Status extends ServiceOnNode>(kind: ServiceStatusKind<Status>, status: Partial<Status>): string {
  const { node, serviceName, serviceNamespace } = status
  return JSON.stringify([node, serviceName, serviceNamespace, kind.details(status)])
}
