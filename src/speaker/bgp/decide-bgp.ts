import { advertisesFromNode } from '../../config/advertisement.ts'
import type { Prefix } from '../../ip/prefix.ts'
import { formatPrefix, prefixOf } from '../../ip/prefix.ts'
import type { WithholdReason } from '../withhold-reason.ts'
import type { AnnouncementPlan, Conflict } from './announcement-plan.ts'
import type { BgpAddress, BgpAppraisal } from './appraise-bgp.ts'
import { type BgpIndex, unfitness } from './bgp-index.ts'

/** A prefix that a node announces for a Service. */
export interface AnnouncedPrefix {
  /** formatPrefix() of it */
  readonly key: string
  readonly prefix: Prefix
  readonly plan: AnnouncementPlan
  /** ready endpoints behind it; where an advertisement wants it told, and the speaker has counted them */
  readonly weight?: number
}

export interface BgpAnnouncement {
  readonly announce: readonly AnnouncedPrefix[]
  /** with the community GRACEFUL_SHUTDOWN: routers prefer all others */
  readonly draining: boolean
}

export interface BgpWithholding {
  readonly withhold: WithholdReason
  /** with the reason conflictingAdvertisements */
  readonly conflict?: Conflict
}

/** What a node announces for a Service by BGP, or why nothing. */
export type BgpDecision = BgpAnnouncement | BgpWithholding

export interface BgpNode {
  readonly nodeName: string
  readonly index: BgpIndex
  /** it has been draining for so long that it announces only what no other node would */
  readonly drained: boolean
}

/** The part of the decision that is different on every node. */
export function decideBgp(appraisal: BgpAppraisal, node: BgpNode): BgpDecision {
  if ('withhold' in appraisal) return appraisal
  const nodeProblem = node.index.nodeProblem(node.nodeName)
  if (nodeProblem) return { withhold: nodeProblem }
  const announce: AnnouncedPrefix[] = []
  let withheld: BgpWithholding | undefined
  for (const item of appraisal.addresses) {
    const problem = addressProblem(item, appraisal, node)
    if (problem) {
      withheld ??= { withhold: problem }
      continue
    }
    const { address, standings } = item
    for (const plan of standings.get(node.nodeName)!.plans) {
      if (plan.conflict) return { withhold: 'conflictingAdvertisements', conflict: plan.conflict }
      const prefix = prefixOf(address, plan.length)
      announce.push({ key: formatPrefix(prefix), prefix, plan })
    }
  }
  return withheld && announce.length === 0 ? withheld : { announce, draining: node.index.isDraining(node.nodeName) }
}

function addressProblem(
  { advertisements, standings, leastUnfit }: BgpAddress,
  { local, endpoints }: Exclude<BgpAppraisal, { withhold: unknown }>,
  { nodeName, index, drained }: BgpNode,
): WithholdReason | undefined {
  if (!standings.has(nodeName)) {
    const labels = index.nodeLabels(nodeName)
    const selected = advertisements.some(advertisement => advertisesFromNode(advertisement, labels))
    return selected ? 'noPeer' : 'noMatchingAdvertisement'
  }
  if (local && !endpoints.nodes.includes(nodeName)) return 'noLocalEndpoints'
  const own = unfitness(standings, nodeName, local ? endpoints : {})!
  if (own === leastUnfit) return undefined
  // Routers are first told to prefer others, and only then that the route is gone (RFC 8326).
  if (own === 1) return drained ? 'nodeDraining' : undefined
  return 'endpointsTerminating'
}

export function sameBgpDecision(a: BgpDecision, b: BgpDecision): boolean {
  if ('withhold' in a || 'withhold' in b) return 'withhold' in a && 'withhold' in b && a.withhold === b.withhold
  return (
    a.draining === b.draining &&
    a.announce.length === b.announce.length &&
    a.announce.every(({ key, plan }, index) => {
      const other = b.announce[index]!
      return key === other.key && String(plan.peers) === String(other.plan.peers)
    })
  )
}
