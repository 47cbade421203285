import type { NodeView } from '../resources/node.ts'
import type { WithholdReason } from './withhold-reason.ts'

const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers'

/** The rules of a cluster that are set by flags; all speakers must have the same. */
export interface CandidateRules {
  /** nodes with the label EXCLUDE_LABEL may announce as well */
  readonly ignoreExcludeLabel?: boolean
  /** a cordoned node is one that is being drained */
  readonly drainOnCordon?: boolean
  /** so is one with a taint of one of these keys */
  readonly drainOnTaints?: readonly string[]
}

/**
 * Why a node announces nothing at all, by whatever protocol.
 *
 * @param registered a speaker works on it
 */
export function nodeProblemOf(
  node: NodeView | undefined,
  registered: boolean,
  { ignoreExcludeLabel = false }: CandidateRules,
): WithholdReason | undefined {
  if (!node || !registered) return 'speakerNotRegistered'
  if (node.networkUnavailable) return 'nodeNetworkUnavailable'
  if (!ignoreExcludeLabel && Object.hasOwn(node.labels, EXCLUDE_LABEL)) return 'nodeLabeledExcludeBalancers'
  return undefined
}

/** Whether a node hands over what it announces. */
export function isDraining(
  { drainRequested, unschedulable, taintKeys }: NodeView,
  { drainOnCordon = false, drainOnTaints = [] }: CandidateRules,
): boolean {
  return drainRequested || (drainOnCordon && unschedulable) || taintKeys.some(key => drainOnTaints.includes(key))
}
