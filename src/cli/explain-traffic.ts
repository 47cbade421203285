import { readyEndpointsOn } from '../resources/endpoint-slice.ts'
import type { ServiceView } from '../resources/service.ts'
import type { Cluster } from './cluster.ts'
import type { Finding } from './finding.ts'
import { type KubeProxySettings, readKubeProxy } from './kube-proxy.ts'
import { objectsOf } from './snapshot.ts'

/** Where the traffic of a Service goes once it has reached a node. */
export interface TrafficExplanation {
  readonly endpoints: readonly { readonly node: string; readonly ready: number; readonly terminating: boolean }[]
  readonly externalTrafficPolicy: 'Cluster' | 'Local'
  readonly sourceRanges: readonly string[]
  /** undefined: kube-proxy's configuration was not found */
  readonly kubeProxy?: KubeProxySettings
  /** nodes without a running kube-proxy, where kube-proxy runs as pods at all */
  readonly nodesWithoutKubeProxy: readonly string[]
}

export function explainTraffic(service: ServiceView, cluster: Cluster): [TrafficExplanation, Finding[]] {
  const slices = cluster.endpointSlices(service.key)
  const nodes = new Set(slices.flatMap(({ readyNodes, terminatingNodes }) => [...readyNodes, ...terminatingNodes]))
  // A dual-stack Service has the same pods in slices of either family.
  const endpoints = [...nodes].sort().map(node => {
    const ready = Math.max(readyEndpointsOn(slices, node, 4), readyEndpointsOn(slices, node, 6))
    return { node: node || '(on no node)', ready, terminating: ready === 0 }
  })
  const kubeProxy = readKubeProxy(cluster.snapshot)
  const running = kubeProxyNodes(cluster)
  const nodesWithoutKubeProxy = running.size === 0 ? [] : cluster.nodeNames.filter(node => !running.has(node))
  const { externalTrafficPolicy, loadBalancerSourceRanges: sourceRanges } = service
  const findings: Finding[] = []
  const subject = `Service ${service.key}`
  const announcing = new Set(
    service.ingress.flatMap(({ ip = '' }) => cluster.reports.of(ip).announcing.map(({ node }) => node)),
  )
  for (const node of nodesWithoutKubeProxy) {
    if (!announcing.has(node)) continue
    const message = `${node} announces it, and no kube-proxy is ready there: nobody forwards what arrives`
    findings.push({
      level: 'error',
      subject,
      message,
      advice: `kubectl get pods -n kube-system -o wide --field-selector spec.nodeName=${node}`,
    })
  }
  if (kubeProxy?.mode === 'ipvs' && !kubeProxy.strictARP) {
    const message = 'kube-proxy runs in IPVS mode without strictARP: every node answers ARP for the address by itself'
    findings.push({
      level: 'error',
      subject,
      message,
      advice: 'Set ipvs.strictARP: true in kube-proxy’s ConfigMap, and restart it.',
    })
  }
  if (sourceRanges.length > 0) {
    const message = `loadBalancerSourceRanges lets only clients of ${sourceRanges.join(', ')} in`
    findings.push({ level: 'note', subject, message })
  }
  return [
    { endpoints, externalTrafficPolicy, sourceRanges, ...(kubeProxy && { kubeProxy }), nodesWithoutKubeProxy },
    findings,
  ]
}

interface PodObject {
  metadata?: { name?: string; labels?: Record<string, string> }
  spec?: { nodeName?: string }
  status?: { conditions?: { type?: string; status?: string }[] }
}

/** Nodes on which a pod of kube-proxy is ready, by the labels of kubeadm. */
function kubeProxyNodes({ snapshot }: Cluster): Set<string> {
  const pods = objectsOf(snapshot, 'Pod') as readonly PodObject[]
  return new Set(
    pods.flatMap(({ metadata, spec, status }) => {
      const isReady = status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True')
      return metadata?.labels?.['k8s-app'] === 'kube-proxy' && isReady && spec?.nodeName ? [spec.nodeName] : []
    }),
  )
}
