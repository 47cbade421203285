import type { Candidates } from '../layer2/election.ts'
import type { Appraisal, AppraisedAddress } from '../speaker/appraise.ts'
import type { CandidateIndex } from '../speaker/candidate-index.ts'
import { decideAppraised } from '../speaker/decide.ts'
import { count, describeReasons, type ProtocolState, shortList } from './announced-text.ts'
import type { AddressReports, AnnouncingNode, ReportedConflict } from './report-index.ts'

export type AdvertisedByL2 = Exclude<Appraisal, { withhold: unknown }>

/** What there is to know of announcing by layer 2. */
export interface L2World {
  readonly index: CandidateIndex
  /** all nodes of the cluster by name */
  readonly nodeNames: Iterable<string>
  /** what the speakers report of an address in canonical form */
  reportsOf(address: string): AddressReports
  /** the node elected for an address, when it is known */
  ownerOf(address: string): string | undefined
  /** keeps what was found out about nodes that are no candidates; to be new for each index */
  readonly nodeReasons: WeakMap<Candidates, string>
}

/**
 * What layer 2 does for an address; undefined when no L2Advertisement applies to it. One that is reported counts as announced, whoever should
 * announce it.
 */
export function l2StateOf(address: string, appraisal: AdvertisedByL2, world: L2World): ProtocolState | undefined {
  const { announcing, conflicts } = world.reportsOf(address)
  if (announcing.length > 0) {
    const text = announcing.map(describeAnnouncing).join(' and ')
    if (conflicts.length === 0) return { reason: 'Announced', text }
    return { reason: 'AddressContested', text: `${text}, but ${describeConflicts(conflicts)} claims it too` }
  }
  if (conflicts.length > 0)
    return { reason: 'AddressConflict', text: `it is in use by ${describeConflicts(conflicts)}` }
  const item = appraisal.addresses.find(({ key }) => key === address)
  if (!item) return undefined
  const { size } = item.candidates
  if (size === 0) {
    return { reason: 'NoEligibleNode', text: `no node may announce it: ${describeNodes(item, appraisal, world)}` }
  }
  const owner = world.ownerOf(address)
  const who = owner === undefined ? `one of ${count(size, 'node')}` : `node ${JSON.stringify(owner)}`
  return { reason: 'TakeoverPending', text: `${who} is to announce it and has not reported so yet` }
}

function describeAnnouncing({ node, interfaces, since }: AnnouncingNode): string {
  const where = interfaces.length > 0 ? ` on ${shortList(interfaces)}` : ''
  return `from node ${JSON.stringify(node)}${where}${since ? ` since ${since}` : ''}`
}

/** Several nodes usually hear the same host: it is named once, with the one that heard it first. */
function describeConflicts(conflicts: readonly ReportedConflict[]): string {
  const hosts = Map.groupBy(conflicts, ({ mac }) => mac)
  const texts = [...hosts].map(([mac, heard]) => {
    const [first] = heard.toSorted((a, b) => ((a.since ?? '') < (b.since ?? '') ? -1 : 1))
    const { node, interface: name, since } = first!
    const others = heard.length > 1 ? ` and ${count(heard.length - 1, 'more', 'more')}` : ''
    return `the host ${mac}, heard by node ${JSON.stringify(node)} on ${name}${others}${since ? ` since ${since}` : ''}`
  })
  return shortList(texts.sort(), { separator: ', and by ', longest: 3 })
}

/** Why each node is no candidate. */
function describeNodes(item: AppraisedAddress, appraisal: AdvertisedByL2, world: L2World): string {
  const { index, nodeNames, nodeReasons } = world
  // The index gives Services in the same situation the same object.
  const known = nodeReasons.get(item.candidates)
  if (known !== undefined) return known
  const reasons = [...nodeNames].map(nodeName => {
    const decision = decideAppraised({ ...appraisal, addresses: [item] }, { nodeName, index, ownerOf: () => undefined })
    return [nodeName, 'withhold' in decision ? decision.withhold : 'notOwner'] as const
  })
  const text = describeReasons(reasons)
  nodeReasons.set(item.candidates, text)
  return text
}
