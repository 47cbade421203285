import type { ServiceEndpoints } from '../../../src/resources/endpoint-slice.ts'
import type { ServiceView } from '../../../src/resources/service.ts'
import { appraiseBgp } from '../../../src/speaker/bgp/appraise-bgp.ts'
import type { BgpIndex } from '../../../src/speaker/bgp/bgp-index.ts'
import { type BgpWithholding, decideBgp } from '../../../src/speaker/bgp/decide-bgp.ts'

export interface BgpWorld {
  readonly loadBalancerClass: string
  readonly index: BgpIndex
  readonly endpoints: ServiceEndpoints
  /** names of all nodes to be judged */
  readonly nodeNames: Iterable<string>
  /** whether a node has been draining for so long that it announces only what no other node would */
  isDrained(nodeName: string): boolean
}

/** Which nodes announce a Service by BGP, as their speakers decide it. */
export interface AnnouncingNodes {
  /** by node: names of the BGPPeers that are told, in order */
  readonly announcing: ReadonlyMap<string, readonly string[]>
  /** by node, for all others */
  readonly withheld: ReadonlyMap<string, BgpWithholding>
}

/** Tells for every node whether it announces a Service by BGP, to which peers, or why not; one reason alone when no node does for it. */
export function announcingNodes(service: ServiceView, world: BgpWorld): BgpWithholding | AnnouncingNodes {
  const { index, nodeNames, isDrained } = world
  const appraisal = appraiseBgp(service, world)
  if ('withhold' in appraisal) return appraisal
  const announcing = new Map<string, readonly string[]>()
  const withheld = new Map<string, BgpWithholding>()
  for (const nodeName of nodeNames) {
    const decision = decideBgp(appraisal, { nodeName, index, drained: isDrained(nodeName) })
    if ('withhold' in decision) withheld.set(nodeName, decision)
    else announcing.set(nodeName, [...new Set(decision.announce.flatMap(({ plan }) => plan.peers))].sort())
  }
  return { announcing, withheld }
}
