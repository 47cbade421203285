import { formatAddress, parseAddress } from '../ip/address.ts'
import type { ServiceView } from '../resources/service.ts'
import { isHandled } from './converge.ts'
import type { AddressReports } from './report-index.ts'
import type { ServiceOnNode } from './service-status.ts'

/** What the ServiceL2Status of one Service on one node says. */
export interface DesiredL2Status extends ServiceOnNode {
  /** sorted by name */
  readonly interfaces: readonly { readonly name: string }[]
}

/** One for each node that reports to announce an address of the Service, sorted by node. */
export function desiredL2Statuses(
  service: ServiceView,
  { loadBalancerClass, reportsOf }: { loadBalancerClass: string; reportsOf(address: string): AddressReports },
): DesiredL2Status[] {
  if (!isHandled(service, loadBalancerClass)) return []
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
