import { isMetalLB } from '../../cli/metallb.ts'
import { MIGRATION_KINDS, type MigrationKind, type MigrationObjects } from '../../cli/migration-leftovers.ts'
import { NOTE_LABEL, NOTE_NAME } from '../../cli/migration-note.ts'
import { isWorkload } from '../../cli/settings.ts'
import { type ApiObject, nameOf, type Snapshot, type SnapshotKind, type UnreadKind } from '../../cli/snapshot.ts'
import { type ApiError, isApiError } from '../../kubernetes/api-error.ts'
import type { ApiClient, KubernetesList } from '../../kubernetes/client.ts'
import {
  addressReservations,
  bfdProfiles,
  bgpAdvertisements,
  bgpPeers,
  bgpSessionStatuses,
  communities,
  configMaps,
  deployments,
  endpointSlices,
  ipAddressPools,
  l2Advertisements,
  leases,
  namespaces,
  nodes,
  type Resource,
  secrets,
  services,
  speakerStatuses,
} from '../../kubernetes/resources.ts'
import { PASSWORD_SECRET_FIELD_SELECTOR } from '../../resources/password-secret.ts'

const namespaced = { namespaced: true } as const
const daemonSets: Resource = { group: 'apps', version: 'v1', plural: 'daemonsets', kind: 'DaemonSet', ...namespaced }
const pods: Resource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', ...namespaced }
const serviceCidrs: Resource = {
  ...{ group: 'networking.k8s.io', version: 'v1', plural: 'servicecidrs', kind: 'ServiceCIDR' },
  namespaced: false,
}

const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1' } as const
const MIGRATION_RESOURCES: Readonly<Record<MigrationKind, Resource>> = {
  ValidatingWebhookConfiguration: {
    ...{ group: 'admissionregistration.k8s.io', version: 'v1', plural: 'validatingwebhookconfigurations' },
    kind: 'ValidatingWebhookConfiguration',
    namespaced: false,
  },
  ClusterRole: { ...rbac, plural: 'clusterroles', kind: 'ClusterRole', namespaced: false },
  ClusterRoleBinding: { ...rbac, plural: 'clusterrolebindings', kind: 'ClusterRoleBinding', namespaced: false },
  Role: { ...rbac, plural: 'roles', kind: 'Role', ...namespaced },
  RoleBinding: { ...rbac, plural: 'rolebindings', kind: 'RoleBinding', ...namespaced },
  ServiceAccount: { group: '', version: 'v1', plural: 'serviceaccounts', kind: 'ServiceAccount', ...namespaced },
}

/** Where the objects of a kind are looked for. */
type Scope = 'cluster' | 'own' | 'own and kube-system'

const READ: Readonly<Record<SnapshotKind, readonly [Resource, Scope]>> = {
  Service: [services, 'cluster'],
  EndpointSlice: [endpointSlices, 'cluster'],
  Node: [nodes, 'cluster'],
  Namespace: [namespaces, 'cluster'],
  IPAddressPool: [ipAddressPools, 'own'],
  AddressReservation: [addressReservations, 'own'],
  L2Advertisement: [l2Advertisements, 'own'],
  BGPAdvertisement: [bgpAdvertisements, 'own'],
  BGPPeer: [bgpPeers, 'own'],
  BFDProfile: [bfdProfiles, 'own'],
  Community: [communities, 'own'],
  Secret: [secrets, 'own'],
  SpeakerStatus: [speakerStatuses, 'own'],
  BGPSessionStatus: [bgpSessionStatuses, 'own'],
  Lease: [leases, 'own'],
  Deployment: [deployments, 'own'],
  DaemonSet: [daemonSets, 'cluster'],
  Pod: [pods, 'own and kube-system'],
  ConfigMap: [configMaps, 'own and kube-system'],
  ServiceCIDR: [serviceCidrs, 'cluster'],
}

export interface ReadSnapshotInit {
  /** the namespace of the program in question; undefined: it is looked for */
  namespace?: string
  of?: 'Herald' | 'MetalLB'
  server: string
  /** RFC 3339 */
  takenAt: string
}

type Lister = Pick<ApiClient, 'list'>

const PAGE = 500
const DEFAULT_NAMESPACE = 'herald-system'
const METALLB_NAMESPACE = 'metallb-system'

/**
 * Reads everything that the commands look at. What the user may not read, or the server does not know, is left out and named.
 *
 * @throws ApiError when the API server cannot be reached or does not know the user
 */
export async function readSnapshot(client: Lister, init: ReadSnapshotInit): Promise<Snapshot> {
  const namespace =
    init.namespace ?? (await (init.of === 'MetalLB' ? findMetalLBNamespace(client) : findNamespace(client)))
  const unread: UnreadKind[] = []
  const read = async (kind: SnapshotKind): Promise<[SnapshotKind, ApiObject[]]> => {
    const [resource, scope] = READ[kind]
    const where =
      scope === 'cluster' ? [undefined] : scope === 'own' ? [namespace] : [...new Set([namespace, 'kube-system'])]
    const objects: ApiObject[] = []
    for (const place of where) {
      try {
        objects.push(...(await listAll(client, resource, place)))
      } catch (error) {
        if (!isApiError(error, 'forbidden', 'notFound')) throw error
        // A server that does not know ServiceCIDRs is older than they are.
        const isKnown = kind === 'ServiceCIDR' || unread.some(one => one.kind === kind)
        if (!isKnown) unread.push({ kind, why: reasonOf(error, resource) })
      }
    }
    return [kind, objects.map(object => cut(kind, object))]
  }
  const entries = await Promise.all((Object.keys(READ) as SnapshotKind[]).map(read))
  return { takenAt: init.takenAt, server: init.server, namespace, objects: Object.fromEntries(entries), unread }
}

async function findNamespace(client: Lister): Promise<string> {
  const isController = (object: ApiObject) => isWorkload(object, 'controller')
  return (
    (await findOne(client, deployments, isController, 'app.kubernetes.io/component=controller')) ??
    (await findOne(client, speakerStatuses, () => true)) ??
    DEFAULT_NAMESPACE
  )
}

async function findMetalLBNamespace(client: Lister): Promise<string> {
  return (
    // A migration that has begun leads back to where it was, when little of MetalLB is left.
    (await findOne(client, configMaps, isNote, `${NOTE_LABEL.name}=${NOTE_LABEL.value}`)) ??
    (await findOne(client, daemonSets, object => isMetalLB(object))) ??
    (await findOne(client, deployments, object => isMetalLB(object))) ??
    METALLB_NAMESPACE
  )
}

const isNote = (object: ApiObject) => nameOf(object) === NOTE_NAME

/** Reads what only moving looks at; what the user may not read is left out. */
export async function readMigrationObjects(client: Lister, namespace: string): Promise<MigrationObjects> {
  const read = async (kind: MigrationKind): Promise<[MigrationKind, ApiObject[]]> => {
    const resource = MIGRATION_RESOURCES[kind]
    try {
      return [kind, await listAll(client, resource, resource.namespaced ? namespace : undefined)]
    } catch (error) {
      if (!isApiError(error, 'forbidden', 'notFound')) throw error
      return [kind, []]
    }
  }
  return Object.fromEntries(await Promise.all(MIGRATION_KINDS.map(read)))
}

/** The namespace of the first object of its kind; undefined when there is none that the user may see. */
async function findOne(
  client: Lister,
  resource: Resource,
  isWanted: (object: ApiObject) => boolean,
  labelSelector?: string,
): Promise<string | undefined> {
  try {
    const objects = await listAll(client, resource, undefined, labelSelector)
    return objects.find(isWanted)?.metadata?.namespace
  } catch (error) {
    if (!isApiError(error, 'forbidden', 'notFound')) throw error
    return undefined
  }
}

async function listAll(
  client: Lister,
  resource: Resource,
  namespace?: string,
  labelSelector?: string,
): Promise<ApiObject[]> {
  const objects: ApiObject[] = []
  // Whatever else is in Secrets is none of our business; Helm's releases would be megabytes of it.
  const fieldSelector = resource === secrets ? PASSWORD_SECRET_FIELD_SELECTOR : undefined
  let next: string | undefined
  do {
    const query = { limit: PAGE, continue: next, labelSelector, fieldSelector }
    const page: KubernetesList<ApiObject> = await client.list<ApiObject>(resource, { namespace, query })
    objects.push(...(page.items ?? []))
    next = page.metadata?.continue || undefined
  } while (next)
  return objects
}

const NOISE = ['kubectl.kubernetes.io/last-applied-configuration']
/** Stands for a password: that there is one is all that the commands want to know. */
const HIDDEN = Buffer.from('hidden').toString('base64')

function cut(kind: SnapshotKind, object: ApiObject): ApiObject {
  const { metadata = {}, ...rest } = object
  const { managedFields, annotations = {}, ...kept } = metadata as typeof metadata & { managedFields?: unknown }
  const wanted = Object.entries(annotations).filter(([name]) => !NOISE.includes(name))
  const slim = { ...rest, metadata: { ...kept, ...(wanted.length > 0 && { annotations: Object.fromEntries(wanted) }) } }
  if (kind !== 'Secret') return slim
  const { type, data } = object as { type?: string; data?: Record<string, string> | null }
  return { metadata: { name: nameOf(object) }, ...{ type, data: data?.password ? { password: HIDDEN } : {} } }
}

function reasonOf(error: ApiError, { plural }: Resource): string {
  return error.code === 'forbidden' ? `you may not list ${plural}` : `the API server does not know ${plural}`
}
