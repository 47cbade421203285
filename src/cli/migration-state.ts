import { Cluster } from './cluster.ts'
import { reviewComponents } from './components.ts'
import { containersOf, isMetalLB } from './metallb.ts'
import { leftoversOf, type MigrationObjects } from './migration-leftovers.ts'
import { changedAddresses, NOTE_NAME, type NotedAddresses, readNote } from './migration-note.ts'
import { settle } from './outcome.ts'
import { readSettings, type Workload } from './settings.ts'
import { type ApiObject, keyOf, nameOf, objectsOf, type Snapshot } from './snapshot.ts'

/** Marks what waits, or was stopped, for the time of a migration: a label that no node has, and an annotation. */
export const MIGRATION_KEY = 'herald.io/migration'
/** The DaemonSet that brings Herald's image to the nodes. */
export const PULLER_NAME = 'herald-migration-pull'

/** A workload of MetalLB's: whether it was told to stop, and which of its pods are still there. */
export interface ForeignWorkload {
  readonly name: string
  readonly stopped: boolean
  /** those on nodes that are ready */
  readonly pods: readonly string[]
  /** how many are on nodes that are not: nobody knows when they end */
  readonly unreachable: number
  /** as `app=metallb,component=speaker` */
  readonly selector: string
}

/** How far a migration has come, as the cluster shows it: nothing is kept anywhere else. */
export interface MigrationState {
  readonly namespace: string
  /** the addresses as they were before; undefined: not noted yet */
  readonly noted?: NotedAddresses
  readonly addresses: NotedAddresses
  /** Services that do not have what was noted, in words */
  readonly changed: readonly string[]
  readonly allocator?: ForeignWorkload
  readonly announcers: readonly ForeignWorkload[]
  /** nodes that are not ready: nothing starts there, and nothing ends */
  readonly deadNodes: number
  /** MetalLB's webhooks that turn writes away while nobody answers: places in their configuration */
  readonly failing: readonly { readonly configuration: string; readonly places: readonly number[] }[]
  readonly herald: {
    readonly controller?: Workload
    readonly isLed: boolean
    readonly speaker?: Workload
    readonly speakerObject?: ApiObject
    /** the speakers are kept from the nodes */
    readonly waits: boolean
    /** the release still says so */
    readonly marked: boolean
    readonly puller?: Workload
  }
  /** Services that Herald ought to announce and does not, as far as it has told */
  readonly silent: readonly string[]
  /** as `kubectl delete` takes them */
  readonly leftovers: readonly string[]
  /** Secrets that MetalLB made for itself */
  readonly secrets: readonly string[]
  /** the Helm release that MetalLB belongs to; undefined: none */
  readonly release?: string
}

interface PodObject extends ApiObject {
  readonly spec?: { readonly nodeName?: string }
  readonly metadata?: ApiObject['metadata'] & { readonly ownerReferences?: readonly { kind?: string; name?: string }[] }
}

interface WorkloadSpec {
  readonly replicas?: number
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> }
  readonly template?: { readonly spec?: { readonly nodeSelector?: Readonly<Record<string, string>> } }
}

/** @param objects what a snapshot does not hold; undefined where only a snapshot is looked at */
export function viewMigration(snapshot: Snapshot, objects: MigrationObjects = {}): MigrationState {
  const { namespace } = snapshot
  const isHere = (object: ApiObject) => object.metadata?.namespace === namespace
  const note = objectsOf(snapshot, 'ConfigMap').find(object => isHere(object) && nameOf(object) === NOTE_NAME)
  const noted = note && readNote(note)
  const addresses = new Map(objectsOf(snapshot, 'Service').map(object => [keyOf(object), ingressOf(object)] as const))
  const workloads = {
    Deployment: objectsOf(snapshot, 'Deployment').filter(isHere),
    DaemonSet: objectsOf(snapshot, 'DaemonSet').filter(isHere),
  }
  const theirs = [...workloads.Deployment, ...workloads.DaemonSet].filter(object => isMetalLB(object))
  const allocator = workloads.Deployment.find(object => isMetalLB(object, 'controller'))
  const release = theirs.map(({ metadata }) => metadata?.annotations?.['meta.helm.sh/release-name']).find(Boolean)
  const leftovers = leftoversOf(snapshot, objects)
  const deadNodes = objectsOf(snapshot, 'Node')
    .filter(object => !isReady(object))
    .map(nameOf)
  return {
    ...{ namespace, addresses, leftovers },
    ...(noted && { noted }),
    changed: noted ? changedAddresses(noted, addresses) : [],
    ...(allocator && { allocator: foreignWorkload(allocator, snapshot, deadNodes) }),
    announcers: workloads.DaemonSet.filter(announces).map(object => foreignWorkload(object, snapshot, deadNodes)),
    deadNodes: deadNodes.length,
    secrets: secretsOf(theirs),
    failing: failingWebhooks(objects),
    herald: viewHerald(snapshot),
    silent: silentServices(snapshot),
    ...(release && { release }),
  }
}

/** The speaker, and FRR where it stands beside it (mode frr-k8s): it would go on announcing what it was told. */
function announces(object: ApiObject): boolean {
  return isMetalLB(object, 'speaker') || containersOf(object).some(({ image = '' }) => /frr-k8s/.test(image))
}

function isReady(node: ApiObject): boolean {
  const { conditions = [] } = (node as { status?: { conditions?: { type?: string; status?: string }[] } }).status ?? {}
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
}

function foreignWorkload(object: ApiObject, snapshot: Snapshot, deadNodes: readonly string[]): ForeignWorkload {
  const name = nameOf(object)
  const { replicas, selector, template } = (object.spec ?? {}) as WorkloadSpec
  const isOwned = ({ metadata }: PodObject) =>
    metadata?.namespace === snapshot.namespace &&
    (metadata.ownerReferences ?? []).some(
      // Between a Deployment and its pods stands a ReplicaSet, named after it.
      owner => owner.name === name || (owner.kind === 'ReplicaSet' && owner.name?.replace(/-[a-z0-9]+$/, '') === name),
    )
  const pods = objectsOf(snapshot, 'Pod').filter(isOwned)
  const reachable = pods.filter(({ spec }: PodObject) => !deadNodes.includes(spec?.nodeName ?? ''))
  return {
    name,
    stopped: replicas === 0 || template?.spec?.nodeSelector?.[MIGRATION_KEY] !== undefined,
    pods: reachable.map(nameOf),
    unreachable: pods.length - reachable.length,
    selector: Object.entries(selector?.matchLabels ?? {})
      .map(([label, value]) => `${label}=${value}`)
      .join(','),
  }
}

function failingWebhooks({ ValidatingWebhookConfiguration = [] }: MigrationObjects): MigrationState['failing'] {
  return ValidatingWebhookConfiguration.filter(object => /^metallb/.test(nameOf(object))).flatMap(object => {
    const { webhooks = [] } = object as { webhooks?: { failurePolicy?: string }[] }
    const places = webhooks.flatMap(({ failurePolicy }, place) => (failurePolicy === 'Ignore' ? [] : [place]))
    return places.length > 0 ? [{ configuration: nameOf(object), places }] : []
  })
}

function viewHerald(snapshot: Snapshot): MigrationState['herald'] {
  const settings = readSettings(snapshot)
  const [components] = reviewComponents(snapshot, settings)
  const { controller, speaker } = settings
  const own = (name: string) =>
    objectsOf(snapshot, 'DaemonSet').find(
      object => object.metadata?.namespace === snapshot.namespace && nameOf(object) === name,
    )
  const speakerObject = speaker && own(speaker.name)
  const puller = own(PULLER_NAME)
  const { numberReady = 0, desiredNumberScheduled = 0 } =
    (puller as { status?: DaemonSetStatus } | undefined)?.status ?? {}
  return {
    ...(controller && { controller }),
    isLed: components.leader !== undefined,
    ...(speaker && { speaker, speakerObject }),
    waits:
      (speakerObject?.spec as WorkloadSpec | undefined)?.template?.spec?.nodeSelector?.[MIGRATION_KEY] !== undefined,
    marked: speakerObject?.metadata?.annotations?.[MIGRATION_KEY] !== undefined,
    ...(puller && {
      puller: { name: PULLER_NAME, image: '', desired: desiredNumberScheduled, ready: numberReady },
    }),
  }
}

interface DaemonSetStatus {
  readonly numberReady?: number
  readonly desiredNumberScheduled?: number
}

/** Those that Herald's functions would have announced, and whose condition does not say that they are. */
function silentServices(snapshot: Snapshot): string[] {
  // As the controller has written them: a cluster that has settled in thought says nothing of what is so now.
  const now = new Cluster(snapshot).services
  return [...settle(snapshot).services].flatMap(([key, { isAnnounced }]) => {
    const condition = now.get(key)?.conditions.find(({ type }) => type === 'herald.io/Announced')
    return isAnnounced && condition?.status !== 'True' ? [key] : []
  })
}

/** By the volumes in which MetalLB's manifests and chart mount what its own processes write; an operator's have other names. */
function secretsOf(workloads: readonly ApiObject[]): string[] {
  const volumes = workloads.flatMap(object => {
    const { template } = (object.spec ?? {}) as {
      template?: { spec?: { volumes?: { name?: string; secret?: { secretName?: string } }[] } }
    }
    return template?.spec?.volumes ?? []
  })
  return volumes.flatMap(({ name = '', secret }) =>
    ['cert', 'memberlist'].includes(name) && secret?.secretName ? [secret.secretName] : [],
  )
}

export function ingressOf(object: ApiObject): string[] {
  const { status } = object as { status?: { loadBalancer?: { ingress?: { ip?: string }[] } } }
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : []))
}
