import { formatPrefix } from '../ip/prefix.ts'
import type { ServiceView } from '../resources/service.ts'
import { appraise } from '../speaker/appraise.ts'
import { appraiseBgp } from '../speaker/bgp/appraise-bgp.ts'
import { decideBgp } from '../speaker/bgp/decide-bgp.ts'
import { decideAppraised } from '../speaker/decide.ts'
import { NODE_WITHHOLD_REASONS, SERVICE_WITHHOLD_REASONS, type WithholdReason } from '../speaker/withhold-reason.ts'
import type { Cluster } from './cluster.ts'
import { ageText } from './text.ts'

/** What a node does for an address by one protocol. */
export interface ProtocolExplanation {
  /** `announces`: it does, by its own report. `elected`: it is to, and has not said so. `standby`: it takes over when those before it fail. */
  readonly state: 'announces' | 'elected' | 'standby' | 'conflict' | 'session-down' | 'no'
  /** one of the reasons of docs/reference/reasons.md */
  readonly reason?: WithholdReason
  readonly text: string
  /** what to do, where something can be done */
  readonly advice?: string
}

export interface NodeExplanation {
  readonly node: string
  /** undefined: no L2Advertisement applies */
  readonly layer2?: ProtocolExplanation
  /** undefined: no BGPAdvertisement applies */
  readonly bgp?: ProtocolExplanation
}

/** One address of a Service, and every node. */
export interface AddressExplanation {
  readonly address: string
  readonly pool: string
  readonly l2Advertisements: readonly string[]
  readonly bgpAdvertisements: readonly string[]
  readonly nodes: readonly NodeExplanation[]
}

export interface AnnouncingExplanation {
  /** why no node announces anything of the Service, whatever the protocol */
  readonly withheld?: { readonly reason: WithholdReason; readonly meaning: string; readonly advice: string }
  readonly addresses: readonly AddressExplanation[]
}

/** Asks of every address and every node what the speakers ask. */
export function explainAnnouncing(service: ServiceView, cluster: Cluster): AnnouncingExplanation {
  const world = cluster.worldOf(service)
  const layer2 = appraise(service, { ...world, index: cluster.layer2 })
  const bgp = appraiseBgp(service, { ...world, index: cluster.bgp })
  if ('withhold' in layer2 && 'withhold' in bgp) {
    return { withheld: { reason: layer2.withhold, ...explanationOf(layer2.withhold) }, addresses: [] }
  }
  const addresses = service.ingress.map(({ ip = '' }): AddressExplanation => {
    const ofLayer2 = 'withhold' in layer2 ? undefined : layer2.addresses.find(({ key }) => key === ip)
    const ofBgp = 'withhold' in bgp ? undefined : bgp.addresses.find(({ key }) => key === ip)
    const held = cluster.allocation.allocator.holding(service.key)
    return {
      address: ip,
      pool: held?.pool ?? '',
      l2Advertisements: (ofLayer2?.advertisements ?? []).map(({ name }) => name),
      bgpAdvertisements: (ofBgp?.advertisements ?? []).map(({ name }) => name),
      nodes: cluster.nodeNames.map(node => ({
        node,
        ...(ofLayer2 &&
          !('withhold' in layer2) && { layer2: onLayer2(ip, { ...layer2, addresses: [ofLayer2] }, node, cluster) }),
        ...(ofBgp && !('withhold' in bgp) && { bgp: byBgp({ ...bgp, addresses: [ofBgp] }, node, cluster) }),
      })),
    }
  })
  return { addresses }
}

function onLayer2(
  address: string,
  appraisal: Exclude<ReturnType<typeof appraise>, { withhold: unknown }>,
  node: string,
  cluster: Cluster,
): ProtocolExplanation {
  const { announcing, conflicts } = cluster.reports.of(address)
  const report = announcing.find(one => one.node === node)
  if (report) {
    const since = report.since ? ` for ${ageText(report.since, cluster.snapshot.takenAt)}` : ''
    return { state: 'announces', text: `announces it on ${report.interfaces.join(', ')}${since}` }
  }
  const conflict = conflicts.find(one => one.node === node)
  if (conflict) {
    const text = `hears the host ${conflict.mac} answer for it on ${conflict.interface}`
    return { state: 'conflict', text, advice: 'Find that host by its MAC address, and give it another address.' }
  }
  const order = cluster.orderOf(address)
  const decision = decideAppraised(appraisal, {
    nodeName: node,
    index: cluster.layer2,
    ownerOf: key => cluster.orderOf(key)[0],
  })
  if (!('withhold' in decision)) {
    const text =
      announcing.length > 0
        ? `is to take it over from ${announcing.map(one => one.node).join(', ')}`
        : 'is to announce it, and has not reported so yet'
    return { state: 'elected', text }
  }
  const place = order.indexOf(node)
  if (decision.withhold === 'notOwner' && place > 0) {
    const text =
      place === 1 ? `takes over when ${order[0]} fails` : `takes over when ${order.slice(0, place).join(' and ')} fail`
    return { state: 'standby', reason: 'notOwner', text }
  }
  return withheld(decision.withhold)
}

function byBgp(
  appraisal: Exclude<ReturnType<typeof appraiseBgp>, { withhold: unknown }>,
  node: string,
  cluster: Cluster,
): ProtocolExplanation {
  // Since when a node has been draining, its speaker alone knows: the longest time is assumed, as by the controller.
  const decision = decideBgp(appraisal, { nodeName: node, index: cluster.bgp, drained: cluster.bgp.isDraining(node) })
  if ('withhold' in decision) {
    if (!decision.conflict) return withheld(decision.withhold)
    const { advertisements, peer } = decision.conflict
    const text = `"${advertisements.join('" and "')}" want different values of localPref for the peer "${peer}"`
    return { ...withheld(decision.withhold), text }
  }
  const peers = [...new Set(decision.announce.flatMap(({ plan }) => plan.peers))].sort()
  const prefixes = decision.announce.map(({ prefix }) => formatPrefix(prefix)).join(', ')
  const sessions = peers.map(peer => ({ peer, ...cluster.sessionOf(node, peer) }))
  const words = sessions.map(({ peer, established, why }) => (established ? peer : `${peer} (down: ${why})`))
  const draining = decision.draining ? ', marked as draining' : ''
  const isUp = sessions.some(({ established }) => established)
  return {
    state: isUp ? 'announces' : 'session-down',
    text: `${isUp ? 'announces' : 'would announce'} ${prefixes} to ${words.join(', ')}${draining}`,
    ...(!isUp && {
      advice: `See that the router is reachable from ${node}, and has it as neighbour: kubectl herald status`,
    }),
  }
}

function withheld(reason: WithholdReason): ProtocolExplanation {
  const { meaning, advice } = explanationOf(reason)
  return { state: 'no', reason, text: meaning.replace(/\.$/, ''), ...(advice !== 'Nothing to do.' && { advice }) }
}

function explanationOf(reason: WithholdReason): { readonly meaning: string; readonly advice: string } {
  return { ...SERVICE_WITHHOLD_REASONS, ...NODE_WITHHOLD_REASONS }[reason]
}
