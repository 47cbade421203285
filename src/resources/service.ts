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

/** A core/v1 Service, cut to the fields that Herald decides by; 50,000 of these must fit in memory. */
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
}

const OUR_PREFIXES = ['metallb.io/', 'metallb.universe.tf/', 'herald.io/']

interface ServiceObject {
  metadata?: {
    namespace?: string
    name?: string
    uid?: string
    resourceVersion?: string
    creationTimestamp?: string | Date
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
  const view: ServiceView = {
    key: `${namespace}/${name}`,
    namespace,
    name,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    createdAtMs: Date.parse(String(metadata.creationTimestamp ?? '')) || 0,
    labels: metadata.labels ?? {},
    annotations: ours(metadata.annotations),
    type: spec.type ?? 'ClusterIP',
    loadBalancerSourceRanges: spec.loadBalancerSourceRanges ?? [],
    clusterIPs: clusterIPsOf(spec),
    ipFamilies: (spec.ipFamilies ?? []).map(family => (family === 'IPv6' ? 6 : 4)),
    externalTrafficPolicy: spec.externalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
    selector: Object.entries(spec.selector ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(','),
    ports: (spec.ports ?? []).map(({ protocol = 'TCP', port = 0 }) => ({ protocol: protocol as Protocol, port })),
    ingress: (status.loadBalancer?.ingress ?? []).map(viewIngress),
    conditions: (status.conditions ?? []).filter(({ type }) => type.startsWith('herald.io/')),
    ...(spec.loadBalancerClass !== undefined && { loadBalancerClass: spec.loadBalancerClass }),
    ...(spec.loadBalancerIP && { loadBalancerIP: spec.loadBalancerIP }),
    ...(spec.ipFamilyPolicy !== undefined && { ipFamilyPolicy: spec.ipFamilyPolicy }),
  }
  return view
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

function ours(annotations: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).filter(([key]) => OUR_PREFIXES.some(prefix => key.startsWith(prefix))),
  )
}
