import { DRAIN_ANNOTATION } from '../resources/node.ts'
import { type ApiObject, keyOf, nameOf, objectsOf, type Snapshot, type SnapshotKind, withObjects } from './snapshot.ts'

/** An object as it stands in a file. */
export interface FileObject {
  /** name of the file, and the number of the document in it where there are several */
  readonly source: string
  readonly object: ApiObject
}

/** Kinds that a file can change: the configuration, and what it applies to. */
const CONFIGURATION = [
  ...['IPAddressPool', 'AddressReservation', 'L2Advertisement', 'BGPAdvertisement', 'BGPPeer', 'BFDProfile'],
  ...['Community', 'Secret'],
] as const
const SURROUNDINGS = ['Service', 'Node', 'Namespace'] as const

export interface AppliedObjects {
  readonly snapshot: Snapshot
  /** in words: `IPAddressPool web: changed` */
  readonly changes: readonly string[]
  /** objects that were left out, and why */
  readonly ignored: readonly string[]
}

/** The snapshot as it would be if the objects were applied: each takes the place of the one of its kind and name, and keeps its age and status. */
export function applyObjects(snapshot: Snapshot, files: readonly FileObject[]): AppliedObjects {
  const changes: string[] = []
  const ignored: string[] = []
  let after = snapshot
  for (const { source, object } of files) {
    const { kind = '' } = object
    const isConfiguration = (CONFIGURATION as readonly string[]).includes(kind)
    const label = `${kind || 'an object without kind'} ${nameOf(object)}`
    if (!isConfiguration && !(SURROUNDINGS as readonly string[]).includes(kind)) {
      ignored.push(`${source}: ${label}: nothing that addresses depend on`)
      continue
    }
    const namespace = object.metadata?.namespace
    if (isConfiguration && namespace !== undefined && namespace !== snapshot.namespace) {
      ignored.push(`${source}: ${label}: Herald reads the namespace "${snapshot.namespace}" alone, not "${namespace}"`)
      continue
    }
    const change = replaceOne(after, kind as SnapshotKind, placed(object, snapshot, isConfiguration))
    after = change.snapshot
    changes.push(`${label}: ${change.what}`)
  }
  return { snapshot: after, changes, ignored }
}

/** The snapshot with nodes that are being drained. */
export function drainNodes(snapshot: Snapshot, names: readonly string[]): Snapshot {
  const nodes = objectsOf(snapshot, 'Node').map(node => {
    if (!names.includes(nameOf(node))) return node
    const { metadata = {} } = node
    return { ...node, metadata: { ...metadata, annotations: { ...metadata.annotations, [DRAIN_ANNOTATION]: 'true' } } }
  })
  return withObjects(snapshot, { Node: nodes })
}

/** The snapshot without the speakers of some nodes: what remains when they die. */
export function loseNodes(snapshot: Snapshot, names: readonly string[]): Snapshot {
  const remaining = objectsOf(snapshot, 'SpeakerStatus').filter(object => !names.includes(nameOf(object)))
  return withObjects(snapshot, { SpeakerStatus: remaining })
}

/** What the API server fills in, as far as it matters. */
function placed(object: ApiObject, { namespace }: Snapshot, isConfiguration: boolean): ApiObject {
  const standard = isConfiguration ? namespace : object.kind === 'Service' ? 'default' : undefined
  const metadata = { ...object.metadata, ...(standard && { namespace: object.metadata?.namespace ?? standard }) }
  return { ...object, metadata }
}

function replaceOne(
  snapshot: Snapshot,
  kind: SnapshotKind,
  object: ApiObject,
): { snapshot: Snapshot; what: 'new' | 'changed' | 'as it is' } {
  const objects = objectsOf(snapshot, kind)
  const before = objects.find(one => keyOf(one) === keyOf(object))
  if (!before) {
    // It is the youngest of all: elder ones stand where two cannot.
    const metadata = { ...object.metadata, creationTimestamp: snapshot.takenAt }
    return { snapshot: withObjects(snapshot, { [kind]: [...objects, { ...object, metadata }] }), what: 'new' }
  }
  const isSame =
    JSON.stringify([before.spec, before.metadata?.labels ?? {}]) ===
    JSON.stringify([object.spec, object.metadata?.labels ?? {}])
  const generation = (before.metadata?.generation ?? 1) + (isSame ? 0 : 1)
  const { creationTimestamp, uid } = before.metadata ?? {}
  const annotations = { ...before.metadata?.annotations, ...object.metadata?.annotations }
  const metadata = { ...object.metadata, creationTimestamp, uid, generation, annotations }
  const merged = { ...before, ...object, metadata, ...statusOf(before) }
  const others = objects.map(one => (one === before ? merged : one))
  return { snapshot: withObjects(snapshot, { [kind]: others }), what: isSame ? 'as it is' : 'changed' }
}

function statusOf(object: ApiObject): object {
  const { status } = object as { status?: object }
  return status ? { status } : {}
}
