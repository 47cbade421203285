import { describeProblem } from '../config/problem.ts'
import type { RefusedObject } from '../config/refused-object.ts'
import { shortList } from '../controller/announced-text.ts'
import { Cluster } from './cluster.ts'
import { type Finding, sortFindings } from './finding.ts'
import { servicesByAddress } from './nodes.ts'
import { type Outcome, type ServiceOutcome, settle } from './outcome.ts'
import type { Snapshot } from './snapshot.ts'

/** A Service whose addresses are others afterwards. */
export interface AddressChange {
  readonly service: string
  readonly before: readonly string[]
  readonly after: readonly string[]
  /** the pool afterwards */
  readonly pool?: string
  /** reason of AddressAllocated afterwards */
  readonly reason: string
}

/** An address that another node announces on layer 2 afterwards; without `to` nobody does, without `from` nobody did. */
export interface Layer2Move {
  readonly address: string
  readonly services: readonly string[]
  readonly from?: string
  readonly to?: string
}

/** What routers are told otherwise afterwards of one address. */
export interface BgpChange {
  readonly address: string
  readonly services: readonly string[]
  readonly withdrawn: readonly NodePeers[]
  readonly announced: readonly NodePeers[]
}

export interface NodePeers {
  readonly node: string
  readonly peers: readonly string[]
}

export interface PlanReport {
  /** what would be done */
  readonly changes: readonly string[]
  /** parts of the files that say nothing to Herald */
  readonly ignored: readonly string[]
  readonly addresses: readonly AddressChange[]
  readonly layer2: readonly Layer2Move[]
  readonly bgp: readonly BgpChange[]
  /** how many Services are as before in every respect, and how many there are */
  readonly unchanged: number
  readonly total: number
  /** what is worse afterwards, and what is better */
  readonly findings: readonly Finding[]
}

/** Compares what a cluster comes to as it is with what it comes to after a change. */
export function planChange(
  before: Snapshot,
  after: Snapshot,
  said: Pick<PlanReport, 'changes' | 'ignored'>,
): PlanReport {
  const [was, is] = [settle(before), settle(after)]
  const reports = new Cluster(before)
  const addresses = addressChanges(was, is)
  const layer2 = layer2Moves(was, is, address => reports.reports.of(address).announcing.map(({ node }) => node))
  const bgp = bgpChanges(was, is)
  const touched = new Set([
    ...addresses.map(({ service }) => service),
    ...[...layer2, ...bgp].flatMap(({ services }) => services),
  ])
  return {
    ...said,
    ...{ addresses, layer2, bgp },
    unchanged: [...is.services.keys()].filter(key => !touched.has(key)).length,
    total: is.services.size,
    findings: sortFindings([
      ...serviceFindings(was, is),
      ...keptFindings(was.cluster, is),
      ...refusedFindings(was.cluster, is.cluster),
    ]),
  }
}

function addressChanges(was: Outcome, is: Outcome): AddressChange[] {
  return [...is.services].flatMap(([service, { addresses: after, pool, allocation: reason }]) => {
    const before = was.services.get(service)?.addresses ?? []
    if (String(before) === String(after)) return []
    return [{ service, before, after, ...(pool && { pool }), reason }]
  })
}

/** @param announcing the nodes that say that they announce an address now: the wire decides, whoever is elected */
function layer2Moves(was: Outcome, is: Outcome, announcing: (address: string) => readonly string[]): Layer2Move[] {
  const holders = { before: servicesByAddress(was.cluster), after: servicesByAddress(is.cluster) }
  const moves: Layer2Move[] = []
  for (const address of allOf(holders.before.keys(), holders.after.keys())) {
    const [elected, to] = [was.ownerOf(address), is.ownerOf(address)]
    const now = elected === undefined ? [] : announcing(address)
    const from = now[0] ?? elected
    if (from === to || (to !== undefined && now.includes(to))) continue
    const services = holders.after.get(address) ?? holders.before.get(address) ?? []
    moves.push({ address, services, ...(from && { from }), ...(to && { to }) })
  }
  return moves
}

function bgpChanges(was: Outcome, is: Outcome): BgpChange[] {
  const holders = { before: servicesByAddress(was.cluster), after: servicesByAddress(is.cluster) }
  const [before, after] = [bgpByAddress(was), bgpByAddress(is)]
  return allOf(before.keys(), after.keys()).flatMap(address => {
    const [old, next] = [before.get(address) ?? new Map(), after.get(address) ?? new Map()]
    const [withdrawn, announced] = [missingIn(next, old), missingIn(old, next)]
    if (withdrawn.length === 0 && announced.length === 0) return []
    const services = holders.after.get(address) ?? holders.before.get(address) ?? []
    return [{ address, services, withdrawn, announced }]
  })
}

type PeersByNode = ReadonlyMap<string, readonly string[]>

/** By address; Services that share one are told of together. */
function bgpByAddress({ services }: Outcome): Map<string, Map<string, readonly string[]>> {
  const found = new Map<string, Map<string, readonly string[]>>()
  for (const { bgp } of services.values()) {
    for (const [address, peersByNode] of bgp) {
      const nodes = found.get(address) ?? new Map<string, readonly string[]>()
      for (const [node, peers] of peersByNode)
        nodes.set(node, [...new Set([...(nodes.get(node) ?? []), ...peers])].sort())
      found.set(address, nodes)
    }
  }
  return found
}

/** What the other one has and this one has not. */
function missingIn(here: PeersByNode, there: PeersByNode): NodePeers[] {
  return [...there].flatMap(([node, peers]) => {
    const missing = peers.filter(peer => !here.get(node)?.includes(peer))
    return missing.length > 0 ? [{ node, peers: missing }] : []
  })
}

function serviceFindings(was: Outcome, is: Outcome): Finding[] {
  return [...is.services].flatMap(([key, after]): Finding[] => {
    const before = was.services.get(key)
    const subject = `Service ${key}`
    const lost = (before?.addresses ?? []).filter(address => !after.addresses.includes(address))
    if (lost.length > 0 && after.addresses.length === 0) {
      return [
        { level: 'error', subject, message: `loses ${lost.join(', ')} and gets nothing instead (${after.allocation})` },
      ]
    }
    const found: Finding[] = []
    if (lost.length > 0) {
      const message = `loses ${lost.join(', ')}: clients must learn ${after.addresses.join(', ')}`
      found.push({ level: 'error', subject, message })
    }
    return [...found, ...announcingFindings(subject, before, after)]
  })
}

function announcingFindings(subject: string, before: ServiceOutcome | undefined, after: ServiceOutcome): Finding[] {
  if (before?.isAnnounced && !after.isAnnounced) {
    return [{ level: 'error', subject, message: `is announced by nobody (${after.announcing})` }]
  }
  if (!before?.isAnnounced && after.isAnnounced) {
    return [{ level: 'note', subject, message: 'is announced, which it was not before' }]
  }
  return []
}

/** What a node that is to be drained does not hand over: no other node could announce it. */
function keptFindings(was: Cluster, is: Outcome): Finding[] {
  const holders = servicesByAddress(is.cluster)
  const bgp = bgpByAddress(is)
  const drained = is.cluster.nodeNames.filter(name => is.cluster.bgp.isDraining(name) && !was.bgp.isDraining(name))
  return drained.flatMap((node): Finding[] => {
    const kept = [...holders].filter(([address]) => is.ownerOf(address) === node || bgp.get(address)?.has(node))
    if (kept.length === 0) return []
    const addresses = kept.map(([address, services]) => `${address} (${services.join(', ')})`)
    return [
      {
        level: 'error',
        subject: `Node ${node}`,
        message: `keeps ${shortList(addresses)}, which no other node could announce: that goes down with the node`,
        advice: 'See why: kubectl herald explain SERVICE',
      },
    ]
  })
}

function refusedFindings(before: Cluster, after: Cluster): Finding[] {
  const text = ({ kind, name, problem }: RefusedObject) => `${kind} ${name}: ${describeProblem(problem)}`
  const [was, is] = [before.refused, after.refused]
  const fresh = is.filter(object => !was.some(one => text(one) === text(object)))
  const gone = was.filter(object => !is.some(one => one.kind === object.kind && one.name === object.name))
  return [
    ...fresh.map(({ kind, name, problem, partly }): Finding => {
      const what = partly ? 'not all of it is in force' : 'is refused'
      return {
        level: partly ? 'warning' : 'error',
        subject: `${kind} ${name}`,
        message: `${what}: ${describeProblem(problem)}`,
      }
    }),
    ...gone.map(
      ({ kind, name }): Finding => ({ level: 'note', subject: `${kind} ${name}`, message: 'is no longer refused' }),
    ),
  ]
}

function allOf(a: Iterable<string>, b: Iterable<string>): string[] {
  return [...new Set([...a, ...b])]
}
