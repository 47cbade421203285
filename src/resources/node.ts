/** A core/v1 Node, cut to the fields that Herald decides by. */
export interface NodeView {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly labels: Readonly<Record<string, string>>
  /** condition NetworkUnavailable is True: the node's routes are not set up */
  readonly networkUnavailable: boolean
  /** cordoned */
  readonly unschedulable: boolean
  /** annotation DRAIN_ANNOTATION: it is to hand its addresses over */
  readonly drainRequested: boolean
  /** sorted, each once */
  readonly taintKeys: readonly string[]
  /** its internal addresses, the main one first */
  readonly addresses: readonly string[]
}

/** On a Node, with the value "true": it hands its addresses over, and takes none while others can. */
export const DRAIN_ANNOTATION = 'herald.io/drain'

export interface NodeObject {
  metadata?: {
    name?: string
    uid?: string
    resourceVersion?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
  }
  spec?: { unschedulable?: boolean; taints?: { key?: string }[] | null }
  status?: { conditions?: { type?: string; status?: string }[]; addresses?: { type?: string; address?: string }[] }
}

/** Cuts a Node as the API server sends it to the fields that Herald uses. */
export function viewNode({ metadata = {}, spec = {}, status = {} }: NodeObject): NodeView {
  return {
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    labels: metadata.labels ?? {},
    networkUnavailable: (status.conditions ?? []).some(
      condition => condition.type === 'NetworkUnavailable' && condition.status === 'True',
    ),
    unschedulable: spec.unschedulable ?? false,
    drainRequested: metadata.annotations?.[DRAIN_ANNOTATION] === 'true',
    addresses: (status.addresses ?? []).flatMap(({ type, address }) =>
      type === 'InternalIP' && address ? [address] : [],
    ),
    taintKeys: [...new Set((spec.taints ?? []).map(({ key = '' }) => key))].sort(),
  }
}

/**
 * Whether two views of a node lead to the same decisions. Kubelets write their Node every few minutes, and most of that is nothing to
 * Herald.
 */
export function sameNode(a: NodeView, b: NodeView): boolean {
  return (
    a.name === b.name &&
    a.uid === b.uid &&
    a.networkUnavailable === b.networkUnavailable &&
    a.unschedulable === b.unschedulable &&
    a.drainRequested === b.drainRequested &&
    String(a.taintKeys) === String(b.taintKeys) &&
    sameLabels(a.labels, b.labels)
  )
}

function sameLabels(a: NodeView['labels'], b: NodeView['labels']): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && a[key] === b[key])
}
