import { formatAddress, parseAddress } from '../ip/address.ts'
import { ALLOCATED_FROM } from '../resources/annotations.ts'
import type { ServiceEndpoints } from '../resources/endpoint-slice.ts'
import type { ServiceView } from '../resources/service.ts'
import { type Appraisal, appraise } from '../speaker/appraise.ts'
import { appraiseBgp, type BgpAppraisal } from '../speaker/bgp/appraise-bgp.ts'
import type { AdvertisedPool } from '../speaker/candidate-index.ts'
import type { WithholdReason } from '../speaker/withhold-reason.ts'
import type { BgpTexts } from './announced-bgp.ts'
import { type L2World, l2StateOf } from './announced-l2.ts'
import { ANNOUNCED_REASONS, type AnnouncedReason } from './announced-reasons.ts'
import { type ProtocolState, shortList } from './announced-text.ts'
import type { BgpSituation, BgpSituations } from './bgp-situations.ts'
import type { ConditionState } from './conditions.ts'
import { describeRefused, type RefusedAdvertising, refusedFor } from './refused-advertising.ts'

/** What the condition `herald.io/Announced` of a Service is made from. */
export interface AnnouncedWorld {
  readonly loadBalancerClass: string
  readonly endpoints: ServiceEndpoints
  readonly layer2: L2World
  readonly bgp: { readonly situations: BgpSituations; readonly texts: BgpTexts }
  readonly refused: RefusedAdvertising
}

/** What the condition of a Service should say. */
export interface Announced {
  readonly condition?: ConditionState & { reason: AnnouncedReason }
  /** the message without what changes often and on many Services at once; the same as the message where it is left out */
  readonly outline?: string
  /** who announces it by BGP, when a BGPAdvertisement applies */
  readonly situation?: BgpSituation
}

/** `untouched`: the condition, if there is one, is not ours; no condition: there should be none. */
export type AnnouncedJudgement = 'untouched' | Announced

/** Of several addresses, which state names the whole: what needs a person goes first. */
const PRECEDENCE: readonly AnnouncedReason[] = [
  'AddressConflict',
  'ConflictingAdvertisements',
  'NoPeer',
  'NoSession',
  'NoEligibleNode',
  'SharedAddressWithServiceSelector',
  'NoMatchingAdvertisement',
  'TakeoverPending',
  'AddressContested',
  'Announced',
]

/**
 * Tells whether a Service is announced, and if not, why: the decision that all speakers make, seen for every node, and what they report. By
 * layer 2 an address that is reported counts as announced; by BGP one that a node is to announce over a session that is established. One of the
 * two is enough.
 */
export function judgeAnnouncement(service: ServiceView, world: AnnouncedWorld): AnnouncedJudgement {
  const layer2 = appraise(service, { ...world, index: world.layer2.index })
  const bgp = appraiseBgp(service, { ...world, index: world.bgp.situations.index })
  const reason = 'withhold' in layer2 && 'withhold' in bgp ? layer2.withhold : undefined
  if (reason !== undefined && reason !== 'noMatchingAdvertisement' && reason !== 'sharedIPWithServiceSelector') {
    return judgeWithheld(reason)
  }
  const situation = 'withhold' in bgp ? undefined : world.bgp.situations.of(bgp)
  const addresses = service.ingress.map(({ ip = '' }) => {
    const key = formatAddress(parseAddress(ip)!)
    const l2State = layer2State(key, service, layer2, world)
    const bgpState = bgpStateOf(key, bgp, situation, world)
    return stateOf(key, l2State, bgpState, poolOf(key, service, world)?.name ?? '')
  })
  const refused = refusedOf(service, layer2, bgp, world)
  const join = (texts: string[]) => [...texts, ...(refused ? [`refused: ${refused}`] : [])].join('; ')
  const named = PRECEDENCE.find(candidate => addresses.some(state => state.reason === candidate))!
  const condition = conditionOf(named, join(addresses.map(({ text }) => text)))
  if (!situation) return { condition }
  return { condition, situation, outline: join(addresses.map(({ text, outline = text }) => outline)) }
}

function judgeWithheld(withhold: WithholdReason): AnnouncedJudgement {
  switch (withhold) {
    case 'otherLoadBalancerClass':
      return 'untouched'
    case 'noEndpoints':
      return { condition: conditionOf('NoEndpoints', 'no endpoint of the Service serves') }
    default:
      return {}
  }
}

function conditionOf(reason: AnnouncedReason, message: string): ConditionState & { reason: AnnouncedReason } {
  return { status: ANNOUNCED_REASONS[reason].status, reason, message }
}

/** Puts together what the protocols that apply to an address do for it. */
function stateOf(
  address: string,
  layer2: ProtocolState | undefined,
  bgp: ProtocolState | undefined,
  pool: string,
): ProtocolState {
  if (layer2 && bgp) return bothStates(address, layer2, bgp)
  const only = layer2 ?? bgp
  if (!only) {
    const text = `${address}: no L2Advertisement or BGPAdvertisement applies to the pool ${JSON.stringify(pool)} and this Service`
    return { reason: 'NoMatchingAdvertisement', text }
  }
  // Whoever announces follows the address as in a sentence; what is in the way is a remark.
  return prefixed(only, isGood(only) ? `${address} ` : `${address}: `)
}

function bothStates(address: string, layer2: ProtocolState, bgp: ProtocolState): ProtocolState {
  const reason = isGood(bgp) || isGood(layer2) ? (isGood(layer2) ? layer2.reason : bgp.reason) : worst(layer2, bgp)
  const write = (l2Text: string, bgpText: string) => {
    if (isGood(layer2) && isGood(bgp)) return `${address} ${l2Text} and ${bgpText}`
    if (isGood(layer2)) return `${address} ${l2Text}, but not by BGP: ${bgpText}`
    if (isGood(bgp)) return `${address} ${bgpText}, but not by layer 2: ${l2Text}`
    return `${address}: by layer 2: ${l2Text}, by BGP: ${bgpText}`
  }
  const { text: l2Text, outline: l2Outline = l2Text } = layer2
  const { text: bgpText, outline: bgpOutline = bgpText } = bgp
  return { reason, text: write(l2Text, bgpText), outline: write(l2Outline, bgpOutline) }
}

function isGood({ reason }: ProtocolState): boolean {
  return ANNOUNCED_REASONS[reason].status === 'True'
}

function worst(a: ProtocolState, b: ProtocolState): AnnouncedReason {
  return PRECEDENCE.indexOf(a.reason) <= PRECEDENCE.indexOf(b.reason) ? a.reason : b.reason
}

function prefixed({ reason, text, outline = text }: ProtocolState, prefix: string): ProtocolState {
  return { reason, text: prefix + text, outline: prefix + outline }
}

function layer2State(
  address: string,
  service: ServiceView,
  appraisal: Appraisal,
  world: AnnouncedWorld,
): ProtocolState | undefined {
  if (!('withhold' in appraisal)) return l2StateOf(address, appraisal, world.layer2)
  if (appraisal.withhold !== 'sharedIPWithServiceSelector') return undefined
  const text = `the Service shares its address, and ${selecting(service, world)} Services by label`
  return { reason: 'SharedAddressWithServiceSelector', text }
}

function bgpStateOf(
  address: string,
  appraisal: BgpAppraisal,
  situation: BgpSituation | undefined,
  { bgp }: AnnouncedWorld,
): ProtocolState | undefined {
  if ('withhold' in appraisal || !situation) return undefined
  const position = appraisal.addresses.findIndex(({ key }) => key === address)
  return position < 0 ? undefined : bgp.texts.stateOf(situation.addresses[position]!)
}

function poolOf(address: string, { annotations }: ServiceView, { layer2 }: AnnouncedWorld): AdvertisedPool | undefined {
  return layer2.index.poolOf(parseAddress(address)!, annotations[ALLOCATED_FROM])
}

/** What refused objects have to do with the Service, in words; empty when they have nothing. */
function refusedOf(service: ServiceView, layer2: Appraisal, bgp: BgpAppraisal, world: AnnouncedWorld): string {
  const { refused } = world
  if (refused.advertisements.length === 0 && refused.peers.length === 0) return ''
  const objects = service.ingress.flatMap(({ ip = '' }) => {
    const key = formatAddress(parseAddress(ip)!)
    const pool = poolOf(key, service, world)
    if (!pool) return []
    const ofBgp = 'withhold' in bgp ? undefined : bgp.addresses.find(item => item.key === key)
    const ofLayer2 = 'withhold' in layer2 ? undefined : layer2.addresses.find(item => item.key === key)
    const advertised = ofBgp !== undefined || ofLayer2 !== undefined
    const { labels } = service
    return refusedFor({ pool, labels, bgpAdvertisements: ofBgp?.advertisements ?? [], advertised }, refused)
  })
  return describeRefused(objects)
}

function selecting(service: ServiceView, world: AnnouncedWorld): string {
  const names = service.ingress.flatMap(({ ip = '' }) => {
    const pool = poolOf(ip, service, world)
    const advertisements = pool ? world.layer2.index.advertisements(pool, service.labels) : []
    return advertisements.filter(({ serviceSelectors }) => serviceSelectors.length > 0).map(({ name }) => name)
  })
  const quoted = [...new Set(names)].sort().map(name => JSON.stringify(name))
  return quoted.length > 1
    ? `the L2Advertisements ${shortList(quoted)} select`
    : `the L2Advertisement ${quoted[0]} selects`
}
