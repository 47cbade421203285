import type { Family } from '../ip/address.ts'

export type Protocol = 'TCP' | 'UDP' | 'SCTP'

export interface ServicePort {
  readonly protocol: Protocol
  readonly port: number
}

export interface LoadBalancerIngress {
  readonly ip?: string
  readonly ipMode?: string
  readonly hostname?: string
}

/** metav1.Condition, cut to what Herald compares and writes. */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
  readonly observedGeneration?: number
}

/**
 * A core/v1 Service, cut to the fields that Herald decides by; 50,000 of these must fit in memory. Of a Service of another
 * type than LoadBalancer only what Herald may have left on it is kept: metadata, type, ingress and conditions.
 */
export interface ServiceView {
  /** `namespace/name` */
  readonly key: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly createdAtMs: number
  readonly labels: Readonly<Record<string, string>>
  /** only those under `metallb.io/`, `metallb.universe.tf/` and `herald.io/` */
  readonly annotations: Readonly<Record<string, string>>
  readonly type: string
  readonly loadBalancerClass?: string
  readonly loadBalancerIP?: string
  readonly loadBalancerSourceRanges: readonly string[]
  readonly clusterIPs: readonly string[]
  readonly ipFamilies: readonly Family[]
  readonly ipFamilyPolicy?: string
  readonly externalTrafficPolicy: 'Cluster' | 'Local'
  /** the selector in canonical form: `key=value` pairs, sorted, joined by commas; empty without selector */
  readonly selector: string
  readonly ports: readonly ServicePort[]
  readonly ingress: readonly LoadBalancerIngress[]
  /** only those under `herald.io/` */
  readonly conditions: readonly Condition[]
  /** true: it has a deletionTimestamp, and goes when its last finalizer is removed */
  readonly deleting?: true
  /** true: it has the finalizer service.kubernetes.io/load-balancer-cleanup, whoever added it */
  readonly finalized?: true
}

const OUR_PREFIXES = ['metallb.io/', 'metallb.universe.tf/', 'herald.io/']

interface ServiceObject {
  metadata?: {
    namespace?: string
    name?: string
    uid?: string
    resourceVersion?: string
    creationTimestamp?: string | Date
    deletionTimestamp?: string | Date
    finalizers?: string[]
    labels?: Record<string, string>
    annotations?: Record<string, string>
  }
  spec?: {
    type?: string
    loadBalancerClass?: string
    loadBalancerIP?: string
    loadBalancerSourceRanges?: string[]
    clusterIP?: string
    clusterIPs?: string[]
    ipFamilies?: string[]
    ipFamilyPolicy?: string
    externalTrafficPolicy?: string
    selector?: Record<string, string>
    ports?: { protocol?: string; port?: number }[]
  }
  status?: { loadBalancer?: { ingress?: LoadBalancerIngress[] }; conditions?: Condition[] }
}

/** Cuts a Service as the API server sends it to the fields that Herald uses. */
export function viewService(object: ServiceObject): ServiceView {
  const { metadata = {}, spec = {}, status = {} } = object
  const { namespace = '', name = '' } = metadata
  const used = spec.type === 'LoadBalancer' ? spec : NOTHING
  const view: ServiceView = {
    key: `${namespace}/${name}`,
    namespace,
    name,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    createdAtMs: Date.parse(String(metadata.creationTimestamp ?? '')) || 0,
    labels: (used === spec && metadata.labels) || NO_ENTRIES,
    annotations: ours(metadata.annotations),
    type: spec.type ?? 'ClusterIP',
    loadBalancerSourceRanges: orNone(used.loadBalancerSourceRanges ?? []),
    clusterIPs: orNone(clusterIPsOf(used)),
    ipFamilies: orNone((used.ipFamilies ?? []).map(family => (family === 'IPv6' ? 6 : 4))),
    externalTrafficPolicy: used.externalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
    selector: Object.entries(used.selector ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(','),
    ports: orNone(
      (used.ports ?? []).map(({ protocol = 'TCP', port = 0 }) => ({ protocol: protocol as Protocol, port })),
    ),
    ingress: orNone((status.loadBalancer?.ingress ?? []).map(viewIngress)),
    conditions: orNone((status.conditions ?? []).filter(({ type }) => type.startsWith('herald.io/'))),
    ...(used.loadBalancerClass !== undefined && { loadBalancerClass: used.loadBalancerClass }),
    ...(used.loadBalancerIP && { loadBalancerIP: used.loadBalancerIP }),
    ...(used.ipFamilyPolicy !== undefined && { ipFamilyPolicy: used.ipFamilyPolicy }),
    ...(metadata.deletionTimestamp && { deleting: true }),
    ...(metadata.finalizers?.includes('service.kubernetes.io/load-balancer-cleanup') && { finalized: true }),
  }
  return view
}

const NOTHING: NonNullable<ServiceObject['spec']> = {}
// One for all: most Services of a cluster have nothing in most of these fields.
const NO_ENTRIES: Readonly<Record<string, string>> = Object.freeze({})
const NO_ITEMS: readonly never[] = Object.freeze([])

function orNone<T>(list: readonly T[]): readonly T[] {
  return list.length > 0 ? list : NO_ITEMS
}

function clusterIPsOf({ clusterIP, clusterIPs }: NonNullable<ServiceObject['spec']>): string[] {
  return (clusterIPs ?? (clusterIP ? [clusterIP] : [])).filter(ip => ip !== '' && ip !== 'None')
}

function viewIngress({ ip, ipMode, hostname }: LoadBalancerIngress): LoadBalancerIngress {
  return {
    ...(ip !== undefined && { ip }),
    ...(ipMode !== undefined && { ipMode }),
    ...(hostname !== undefined && { hostname }),
  }
}

function ours(annotations: Record<string, string> = {}): Readonly<Record<string, string>> {
  const entries = Object.entries(annotations).filter(([key]) => OUR_PREFIXES.some(prefix => key.startsWith(prefix)))
  return entries.length > 0 ? Object.fromEntries(entries) : NO_ENTRIES
}
