/** An object as the API server or a file gave it; nothing in it is trusted. */
export interface ApiObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: {
    readonly name?: string
    readonly namespace?: string
    readonly uid?: string
    readonly resourceVersion?: string
    readonly generation?: number
    readonly creationTimestamp?: string
    readonly labels?: Record<string, string>
    readonly annotations?: Record<string, string>
  }
  readonly spec?: object
}

/** The kinds that the commands look at. */
export const SNAPSHOT_KINDS = [
  'Service',
  'EndpointSlice',
  'Node',
  'Namespace',
  'IPAddressPool',
  'AddressReservation',
  'L2Advertisement',
  'BGPAdvertisement',
  'BGPPeer',
  'BFDProfile',
  'Community',
  'Secret',
  'SpeakerStatus',
  'BGPSessionStatus',
  'Lease',
  'Deployment',
  'DaemonSet',
  'Pod',
  'ConfigMap',
  'ServiceCIDR',
] as const
export type SnapshotKind = (typeof SNAPSHOT_KINDS)[number]

/** A kind that could not be read, and why. */
export interface UnreadKind {
  readonly kind: SnapshotKind
  readonly why: string
}

/** The cluster at one moment, as far as the commands look at it. It is plain JSON, so that one can be recorded and sent. */
export interface Snapshot {
  /** RFC 3339 */
  readonly takenAt: string
  /** host and port of the API server */
  readonly server: string
  /** Herald's own namespace */
  readonly namespace: string
  /** Pods, DaemonSets and ConfigMaps are those of Herald's namespace and kube-system; Secrets are without what they keep. */
  readonly objects: Partial<Record<SnapshotKind, readonly ApiObject[]>>
  readonly unread: readonly UnreadKind[]
}

const NONE: readonly ApiObject[] = []

export function objectsOf({ objects }: Pick<Snapshot, 'objects'>, kind: SnapshotKind): readonly ApiObject[] {
  return objects[kind] ?? NONE
}

/** The snapshot with other objects of some kinds: the cluster as it would be. */
export function withObjects(snapshot: Snapshot, changed: Snapshot['objects']): Snapshot {
  return { ...snapshot, objects: { ...snapshot.objects, ...changed } }
}

export function nameOf({ metadata }: ApiObject): string {
  return metadata?.name ?? ''
}

/** `namespace/name`, or `name` for an object of the cluster. */
export function keyOf({ metadata: { namespace, name = '' } = {} }: ApiObject): string {
  return namespace ? `${namespace}/${name}` : name
}
