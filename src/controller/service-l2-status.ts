import { createHash } from 'node:crypto'
import { formatAddress, parseAddress } from '../ip/address.ts'
import type { ServiceView } from '../resources/service.ts'
import { isHandled } from './converge.ts'
import type { AddressReports } from './report-index.ts'

/** What the ServiceL2Status of one Service on one node says. */
export interface DesiredL2Status {
  readonly node: string
  readonly serviceName: string
  readonly serviceNamespace: string
  /** sorted by name */
  readonly interfaces: readonly { readonly name: string }[]
}

/** One for each node that reports to announce an address of the Service, sorted by node. */
export function desiredL2Statuses(
  service: ServiceView | undefined,
  { loadBalancerClass, reportsOf }: { loadBalancerClass: string; reportsOf(address: string): AddressReports },
): DesiredL2Status[] {
  if (!service || !isHandled(service, loadBalancerClass)) return []
  const interfacesByNode = new Map<string, Set<string>>()
  for (const { ip = '' } of service.ingress) {
    const address = parseAddress(ip)
    if (!address) continue
    for (const { node, interfaces } of reportsOf(formatAddress(address)).announcing) {
      interfacesByNode.set(node, new Set([...(interfacesByNode.get(node) ?? []), ...interfaces]))
    }
  }
  return [...interfacesByNode]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([node, interfaces]) => ({
      node,
      serviceName: service.name,
      serviceNamespace: service.namespace,
      interfaces: [...interfaces].sort().map(name => ({ name })),
    }))
}

/** The same for the same Service and node at all times, so that no restart leaves a second one behind. */
export function l2StatusName({ node, serviceName, serviceNamespace }: DesiredL2Status): string {
  const hash = createHash('sha256').update(`${serviceNamespace}/${serviceName}#${node}`).digest('hex')
  return `l2-${hash.slice(0, 16)}`
}

/** Labels by which the objects are found. A node's name can be longer than a label may be; then its label is left out. */
export function l2StatusLabels({ node, serviceName, serviceNamespace }: DesiredL2Status): Record<string, string> {
  return {
    ...(node.length <= LONGEST_LABEL && { [L2_STATUS_LABELS.node]: node }),
    [L2_STATUS_LABELS.serviceName]: serviceName,
    [L2_STATUS_LABELS.serviceNamespace]: serviceNamespace,
  }
}

export const L2_STATUS_LABELS = {
  node: 'metallb.io/node',
  serviceName: 'metallb.io/service-name',
  serviceNamespace: 'metallb.io/service-namespace',
} as const

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const LONGEST_LABEL = 63
