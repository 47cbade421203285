import type { ApiObject, Snapshot } from '../../../src/cli/snapshot.ts'

/** The moment of all snapshots made here. */
export const NOW = '2026-01-01T12:00:00.000Z'
export const SINCE = '2026-01-01T09:00:00Z'
const NAMESPACE = 'herald-system'

type Parts = Record<string, unknown>

function object(kind: string, name: string, parts: Parts = {}, metadata: Parts = {}): ApiObject {
  return { kind, metadata: { name, creationTimestamp: '2025-12-01T00:00:00Z', ...metadata }, ...parts }
}

/** An object in Herald's own namespace. */
export function own(kind: string, name: string, parts: Parts = {}, metadata: Parts = {}): ApiObject {
  return object(kind, name, parts, { namespace: NAMESPACE, ...metadata })
}

export function namespaceObject(name: string, labels: Record<string, string> = {}): ApiObject {
  return object('Namespace', name, {}, { labels })
}

/** @param number the last part of its address */
export function node(
  name: string,
  number: number,
  { spec = {}, ...metadata }: Parts & { spec?: Parts } = {},
): ApiObject {
  const status = { addresses: [{ type: 'InternalIP', address: `203.0.113.${number}` }] }
  return object('Node', name, { spec: { podCIDRs: [`10.244.${number}.0/24`], ...spec }, status }, metadata)
}

export function speaker(name: string, number: number, status: Parts = {}): ApiObject {
  const addresses = [`203.0.113.${number}/24`, `2001:db8::${number}/64`]
  const interfaces = [{ name: 'eth0', mac: `02:00:5e:10:00:${number}`, addresses }]
  return own('SpeakerStatus', name, { status: { interfaces, ...status } })
}

export const announcement = (address: string) => ({ address, interfaces: ['eth0'], since: SINCE })
export const session = (node: string, state = 'Up') => ({ node, state, since: SINCE })

export interface ServiceInit {
  addresses?: string[]
  pool?: string
  spec?: Parts
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

/** A Service as the controller leaves it, with conditions but for those that the test is about. */
export function service(namespace: string, name: string, init: ServiceInit = {}): ApiObject {
  const { addresses = [], pool, spec = {}, labels, annotations } = init
  const clusterIPs = ['10.96.0.10']
  const ports = [{ protocol: 'TCP', port: 80 }]
  return object(
    'Service',
    name,
    {
      spec: { type: 'LoadBalancer', clusterIPs, ipFamilies: ['IPv4'], ports, ...spec },
      status: { loadBalancer: { ingress: addresses.map(ip => ({ ip, ipMode: 'VIP' })) } },
    },
    {
      namespace,
      labels,
      annotations: { ...(pool && { 'metallb.io/ip-allocated-from-pool': pool }), ...annotations },
    },
  )
}

/** One slice with an endpoint on each of the nodes. */
export function slice(
  namespace: string,
  serviceName: string,
  nodes: string[],
  conditions: Parts = { ready: true },
): ApiObject {
  return object(
    'EndpointSlice',
    `${serviceName}-x1`,
    { addressType: 'IPv4', endpoints: nodes.map(nodeName => ({ nodeName, conditions })) },
    { namespace, labels: { 'kubernetes.io/service-name': serviceName } },
  )
}

export function lease(name: string, renewTime: string, holderIdentity = 'herald-controller-abc'): ApiObject {
  return own('Lease', name, { spec: { holderIdentity, leaseDurationSeconds: 15, renewTime } })
}

/** Deployment or DaemonSet of a component. */
export function workload(
  component: 'controller' | 'speaker',
  ready: number,
  desired: number,
  args: string[] = [],
): ApiObject {
  const containers = [{ name: component, image: 'registry.example/herald:0.1.0', args }]
  const status =
    component === 'controller' ? { readyReplicas: ready } : { numberReady: ready, desiredNumberScheduled: desired }
  return own(
    component === 'controller' ? 'Deployment' : 'DaemonSet',
    `herald-${component}`,
    { spec: { replicas: desired, template: { spec: { containers } } }, status },
    { labels: { 'app.kubernetes.io/component': component } },
  )
}

export function kubeProxyConfig(mode: string, strictARP = false): ApiObject {
  const text = `apiVersion: kubeproxy.config.k8s.io/v1alpha1\nipvs:\n  strictARP: ${strictARP}\nmode: "${mode}"\n`
  return object('ConfigMap', 'kube-proxy', { data: { 'config.conf': text } }, { namespace: 'kube-system' })
}

export function kubeProxyPod(nodeName: string, ready = true): ApiObject {
  return object(
    'Pod',
    `kube-proxy-${nodeName}`,
    { spec: { nodeName }, status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] } },
    { namespace: 'kube-system', labels: { 'k8s-app': 'kube-proxy' } },
  )
}

/** A pod of Herald's own. */
export function heraldPod(
  component: 'controller' | 'speaker',
  nodeName: string,
  tag = '0.1.0',
  status: Parts = {},
): ApiObject {
  const containers = [{ name: component, image: `registry.example/herald:${tag}` }]
  const labels = { 'app.kubernetes.io/component': component }
  const parts = { spec: { nodeName, containers }, status: { phase: 'Running', ...status } }
  return own('Pod', `herald-${component}-${nodeName}`, parts, { labels })
}

/** Sorts objects into a snapshot by their kinds. */
export function snapshotOf(objects: readonly ApiObject[], unread: Snapshot['unread'] = []): Snapshot {
  const kinds = Object.groupBy(objects, ({ kind = '' }) => kind) as Snapshot['objects']
  return { takenAt: NOW, server: 'api.example:6443', namespace: NAMESPACE, objects: kinds, unread }
}
