import type { ReportIndex } from '../../controller/report-index.ts'
import {
  type DesiredL2Status,
  desiredL2Statuses,
  L2_STATUS_LABELS,
  l2StatusLabels,
  l2StatusName,
} from '../../controller/service-l2-status.ts'
import { isApiError } from '../../kubernetes/api-error.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import { done, type Outcome } from '../../kubernetes/outcome.ts'
import {
  apiVersionOf,
  type KubernetesObject,
  type OwnerReference,
  serviceL2Statuses,
  speakerStatuses,
} from '../../kubernetes/resources.ts'
import type { StatusWriter } from '../../kubernetes/status-writer.ts'
import type { ReadableStore } from '../../kubernetes/store.ts'
import type { ServiceView } from '../../resources/service.ts'
import type { SpeakerView } from '../../resources/speaker-view.ts'

/** A ServiceL2Status, cut to what is compared. */
export interface L2StatusView {
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

export interface L2StatusComponents {
  stores: {
    readonly services: ReadableStore<ServiceView>
    readonly speakers: ReadableStore<SpeakerView>
    /** with the index BY_SERVICE_KEY */
    readonly l2Statuses: ReadableStore<L2StatusView>
  }
  reports: Pick<ReportIndex, 'of'>
  client: Pick<ApiClient, 'delete'>
  statusWriter: Pick<StatusWriter, 'createIfMissing' | 'patchStatus'>
}

export interface L2StatusInit {
  namespace: string
  loadBalancerClass: string
  /** false: there shall be none at all */
  enabled: boolean
}

export function viewL2Status({ metadata = {}, status }: KubernetesObject & { status?: object }): L2StatusView {
  const { name = '', uid = '', labels = {}, ownerReferences = [] } = metadata
  // Those that MetalLB left behind belong to pods, and go with them.
  const owner = ownerReferences.find(
    ({ apiVersion, kind }) => apiVersion === apiVersionOf(speakerStatuses) && kind === speakerStatuses.kind,
  )
  const serviceKey = `${labels[L2_STATUS_LABELS.serviceNamespace]}/${labels[L2_STATUS_LABELS.serviceName]}`
  return { name, uid, status: statusText(status ?? {}), ...(owner && { serviceKey, ownerUid: owner.uid }) }
}

/** Brings the ServiceL2Status objects of one Service to what the speakers report: one for each node that announces it. */
export async function reconcileL2Statuses(
  { stores, reports, client, statusWriter }: L2StatusComponents,
  { namespace, loadBalancerClass, enabled }: L2StatusInit,
  key: string,
  signal?: AbortSignal,
): Promise<Outcome> {
  const { services, speakers, l2Statuses } = stores
  const world = { loadBalancerClass, reportsOf: (address: string) => reports.of(address) }
  const desired = enabled ? desiredL2Statuses(services.get(key), world) : []
  const missing = new Map(desired.map(status => [l2StatusName(status), status]))
  for (const { name, uid, ownerUid, status } of [...l2Statuses.byIndex(BY_SERVICE_KEY, key)]) {
    const wanted = missing.get(name)
    if (!wanted || ownerUid !== speakers.get(`${namespace}/${wanted.node}`)?.uid) {
      await remove(client, { namespace, name }, uid, signal)
      continue
    }
    missing.delete(name)
    if (status === statusText(wanted)) continue
    await statusWriter.patchStatus(serviceL2Statuses, { namespace, name }, wanted, { signal })
  }
  for (const [name, status] of missing) {
    const speaker = speakers.get(`${namespace}/${status.node}`)
    if (!speaker) continue
    const object = newObject({ namespace, name }, status, speaker)
    await statusWriter.createIfMissing(serviceL2Statuses, object, { signal })
    // The status is a subresource: it is not taken with the object.
    await statusWriter.patchStatus(serviceL2Statuses, { namespace, name }, status, { signal })
  }
  return done
}

function newObject(ref: { namespace: string; name: string }, status: DesiredL2Status, speaker: SpeakerView) {
  const { kind } = speakerStatuses
  const owner: OwnerReference = {
    apiVersion: apiVersionOf(speakerStatuses),
    kind,
    name: speaker.name,
    uid: speaker.uid,
  }
  const metadata = { ...ref, labels: l2StatusLabels(status), ownerReferences: [owner] }
  return { apiVersion: apiVersionOf(serviceL2Statuses), kind: serviceL2Statuses.kind, metadata, spec: {} }
}

/** That very object: another of its name may have come in the meantime. */
async function remove(
  client: Pick<ApiClient, 'delete'>,
  ref: { namespace: string; name: string },
  uid: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await client.delete(serviceL2Statuses, ref, { uid, signal }).catch((error: unknown) => {
    if (!isApiError(error, 'notFound', 'conflict')) throw error
  })
}

function statusText({ node, serviceName, serviceNamespace, interfaces = [] }: Partial<DesiredL2Status>): string {
  return JSON.stringify([node, serviceName, serviceNamespace, interfaces.map(({ name }) => name)])
}
