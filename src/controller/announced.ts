import { formatAddress, parseAddress } from '../ip/address.ts'
import type { Candidates } from '../layer2/election.ts'
import { ALLOCATED_FROM } from '../resources/annotations.ts'
import type { ServiceEndpoints } from '../resources/endpoint-slice.ts'
import type { ServiceView } from '../resources/service.ts'
import { type Appraisal, type AppraisedAddress, appraise } from '../speaker/appraise.ts'
import type { CandidateIndex } from '../speaker/candidate-index.ts'
import { decideAppraised } from '../speaker/decide.ts'
import type { WithholdReason } from '../speaker/withhold-reason.ts'
import { ANNOUNCED_REASONS, type AnnouncedReason } from './announced-reasons.ts'
import type { ConditionState } from './conditions.ts'
import type { AddressReports, AnnouncingNode, ReportedConflict } from './report-index.ts'

/** What the condition `herald.io/Announced` of a Service is made from. */
export interface AnnouncedWorld {
  readonly loadBalancerClass: string
  readonly index: CandidateIndex
  readonly endpoints: ServiceEndpoints
  /** all nodes of the cluster by name */
  readonly nodeNames: Iterable<string>
  /** what the speakers report of an address in canonical form */
  reportsOf(address: string): AddressReports
  /** the node elected for an address, when it is known */
  ownerOf(address: string): string | undefined
  /** keeps what was found out about nodes that are no candidates; to be new for each index */
  readonly nodeReasons: WeakMap<Candidates, string>
}

/** `untouched`: the condition, if there is one, is not ours; no condition: there should be none. */
export type AnnouncedJudgement = 'untouched' | { readonly condition?: ConditionState & { reason: AnnouncedReason } }

interface AddressState {
  readonly reason: AnnouncedReason
  readonly message: string
}

/** Of several addresses, which state names the whole: what needs a person goes first. */
const PRECEDENCE: readonly AnnouncedReason[] = [
  'AddressConflict',
  'NoEligibleNode',
  'NoMatchingAdvertisement',
  'TakeoverPending',
  'AddressContested',
  'Announced',
]

/**
 * Tells whether a Service is announced, and if not, why: the decision that all speakers make, seen for every node, and what they
 * report. An address that is reported counts as announced, whoever should announce it, unless nobody should. (A node that announces by other means than
 * layer 2 will be one more report, and an advertisement of another kind one more in the index.)
 */
export function judgeAnnouncement(service: ServiceView, world: AnnouncedWorld): AnnouncedJudgement {
  const appraisal = appraise(service, world)
  if ('withhold' in appraisal) return judgeWithheld(service, appraisal.withhold, world)
  const states = service.ingress.map(({ ip = '' }) =>
    stateOf(formatAddress(parseAddress(ip)!), service, appraisal, world),
  )
  const reason = PRECEDENCE.find(candidate => states.some(state => state.reason === candidate))!
  return { condition: conditionOf(reason, states.map(({ message }) => message).join('; ')) }
}

function judgeWithheld(service: ServiceView, withhold: WithholdReason, world: AnnouncedWorld): AnnouncedJudgement {
  switch (withhold) {
    case 'otherLoadBalancerClass':
      return 'untouched'
    case 'noEndpoints':
      return { condition: conditionOf('NoEndpoints', 'no endpoint of the Service serves') }
    case 'noMatchingAdvertisement': {
      const addresses = service.ingress.map(({ ip = '' }) => unadvertised(ip, service, world))
      return { condition: conditionOf('NoMatchingAdvertisement', addresses.join('; ')) }
    }
    case 'sharedIPWithServiceSelector': {
      const message = `the Service shares its address, and ${selecting(service, world)} Services by label`
      return { condition: conditionOf('SharedAddressWithServiceSelector', message) }
    }
    default:
      return {}
  }
}

function conditionOf(reason: AnnouncedReason, message: string): ConditionState & { reason: AnnouncedReason } {
  return { status: ANNOUNCED_REASONS[reason].status, reason, message }
}

function stateOf(
  address: string,
  service: ServiceView,
  appraisal: Extract<Appraisal, { addresses: unknown }>,
  world: AnnouncedWorld,
): AddressState {
  const { announcing, conflicts } = world.reportsOf(address)
  if (announcing.length > 0) {
    const message = `${address} ${announcing.map(describeAnnouncing).join(' and ')}`
    if (conflicts.length === 0) return { reason: 'Announced', message }
    return { reason: 'AddressContested', message: `${message}, but ${describeConflicts(conflicts)} claims it too` }
  }
  if (conflicts.length > 0) {
    return { reason: 'AddressConflict', message: `${address} is in use by ${describeConflicts(conflicts)}` }
  }
  const item = appraisal.addresses.find(({ key }) => key === address)
  if (!item) return { reason: 'NoMatchingAdvertisement', message: unadvertised(address, service, world) }
  const { size } = item.candidates
  if (size === 0) {
    const message = `${address}: no node may announce it: ${describeNodes(item, appraisal, world)}`
    return { reason: 'NoEligibleNode', message }
  }
  const owner = world.ownerOf(address)
  const who = owner === undefined ? `one of ${count(size, 'node')}` : `node ${JSON.stringify(owner)}`
  return { reason: 'TakeoverPending', message: `${address}: ${who} is to announce it and has not reported so yet` }
}

function describeAnnouncing({ node, interfaces, since }: AnnouncingNode): string {
  const where = interfaces.length > 0 ? ` on ${shortList(interfaces)}` : ''
  return `from node ${JSON.stringify(node)}${where}${since ? ` since ${since}` : ''}`
}

/** Several nodes usually hear the same host: it is named once, with the one that heard it first. */
function describeConflicts(conflicts: readonly ReportedConflict[]): string {
  const hosts = new Map<string, ReportedConflict[]>()
  for (const conflict of conflicts) hosts.set(conflict.mac, [...(hosts.get(conflict.mac) ?? []), conflict])
  const texts = [...hosts].map(([mac, heard]) => {
    const [first] = heard.toSorted((a, b) => ((a.since ?? '') < (b.since ?? '') ? -1 : 1))
    const { node, interface: name, since } = first!
    const others = heard.length > 1 ? ` and ${count(heard.length - 1, 'more', 'more')}` : ''
    return `the host ${mac}, heard by node ${JSON.stringify(node)} on ${name}${others}${since ? ` since ${since}` : ''}`
  })
  return shortList(texts.sort(), ', and by ', 3)
}

/** Why each node is no candidate, those with the same reason together. */
function describeNodes(
  item: AppraisedAddress,
  appraisal: Extract<Appraisal, { addresses: unknown }>,
  world: AnnouncedWorld,
): string {
  const { index, nodeNames, nodeReasons } = world
  // The index gives Services in the same situation the same object.
  const known = nodeReasons.get(item.candidates)
  if (known !== undefined) return known
  const nodes = new Map<string, string[]>()
  for (const nodeName of nodeNames) {
    const decision = decideAppraised({ ...appraisal, addresses: [item] }, { nodeName, index, ownerOf: () => undefined })
    const reason = 'withhold' in decision ? decision.withhold : 'notOwner'
    const list = nodes.get(reason)
    if (list) list.push(nodeName)
    else nodes.set(reason, [nodeName])
  }
  const texts = [...nodes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([reason, names]) => `${reason} (${shortList(names.sort())})`)
  const text = texts.join(', ') || 'there is no node'
  nodeReasons.set(item.candidates, text)
  return text
}

function unadvertised(ip: string, { annotations }: ServiceView, { index }: AnnouncedWorld): string {
  const address = parseAddress(ip)
  const pool = address && index.poolOf(address, annotations[ALLOCATED_FROM])
  return `${ip}: no L2Advertisement applies to the pool ${JSON.stringify(pool?.name ?? '')} and this Service`
}

function selecting({ ingress, annotations, labels }: ServiceView, { index }: AnnouncedWorld): string {
  const names = ingress.flatMap(({ ip = '' }) => {
    const address = parseAddress(ip)
    const pool = address && index.poolOf(address, annotations[ALLOCATED_FROM])
    const advertisements = pool ? index.advertisements(pool, labels) : []
    return advertisements.filter(({ serviceSelectors }) => serviceSelectors.length > 0).map(({ name }) => name)
  })
  const quoted = [...new Set(names)].sort().map(name => JSON.stringify(name))
  return quoted.length > 1
    ? `the L2Advertisements ${shortList(quoted)} select`
    : `the L2Advertisement ${quoted[0]} selects`
}

/** A message must stay readable with a thousand nodes. */
function shortList(names: readonly string[], separator = ', ', longest = 5): string {
  const more = names.length - longest
  return more > 0 ? `${names.slice(0, longest).join(separator)} and ${more} more` : names.join(separator)
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}
