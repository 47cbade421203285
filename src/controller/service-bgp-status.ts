import type { ServiceView } from '../resources/service.ts'
import type { BgpSituation } from './bgp-situations.ts'
import type { ServiceOnNode } from './service-status.ts'

/** What the ServiceBGPStatus of one Service on one node says. */
export interface DesiredBgpStatus extends ServiceOnNode {
  /** names of the BGPPeers that are told, sorted */
  readonly peers: readonly string[]
}

/** One for each node that is to announce the Service by BGP, sorted by node; none when no BGPAdvertisement applies. */
export function desiredBgpStatuses(
  { name: serviceName, namespace: serviceNamespace }: ServiceView,
  situation: Pick<BgpSituation, 'nodes'> | undefined,
): DesiredBgpStatus[] {
  return (situation?.nodes ?? []).map(({ node, peers }) => ({ node, serviceName, serviceNamespace, peers }))
}
