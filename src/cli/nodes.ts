import { isRegistered } from '../resources/speaker-view.ts'
import { NODE_WITHHOLD_REASONS } from '../speaker/withhold-reason.ts'
import type { Cluster } from './cluster.ts'
import type { Finding } from './finding.ts'
import { ageText } from './text.ts'

/** One node and what it does for Herald. */
export interface NodeReport {
  readonly name: string
  readonly speaker: 'registered' | 'expired' | 'missing'
  /** since when the registration counts no more */
  readonly expiredAt?: string
  /** why it announces nothing at all */
  readonly excluded?: keyof typeof NODE_WITHHOLD_REASONS
  readonly draining: boolean
  readonly interfaces: readonly string[]
  /** what it announces on layer 2, with the Services whose addresses these are */
  readonly announcements: readonly { readonly address: string; readonly services: readonly string[] }[]
  readonly liveness: readonly { readonly node: string; readonly state: string; readonly since?: string }[]
}

/** An address that a host other than the speakers holds or claims. */
export interface ConflictReport {
  readonly address: string
  readonly mac: string
  readonly node: string
  readonly interface: string
  readonly since?: string
  readonly services: readonly string[]
}

/** All nodes in order of their names. */
export function reviewNodes(cluster: Cluster): [NodeReport[], ConflictReport[], Finding[]] {
  const services = servicesByAddress(cluster)
  const findings: Finding[] = []
  const conflicts: ConflictReport[] = []
  const reports = cluster.nodes.map(({ name }): NodeReport => {
    const speaker = cluster.speakers.get(name)
    const registered = isRegistered(speaker)
    const problem = cluster.layer2.nodeProblem(name) as NodeReport['excluded']
    if (!registered) findings.push(notRegistered(name, speaker?.expiredAt, cluster))
    else if (problem) findings.push({ level: 'warning', subject: `Node ${name}`, ...explained(problem) })
    const said = registered ? speaker : undefined
    for (const { address, mac, interface: where, since } of said?.conflicts ?? []) {
      const holders = services.get(address) ?? []
      conflicts.push({ address, mac, node: name, interface: where, ...(since && { since }), services: holders })
    }
    return {
      name,
      speaker: registered ? 'registered' : speaker?.expiredAt ? 'expired' : 'missing',
      ...(!registered && speaker?.expiredAt && { expiredAt: speaker.expiredAt }),
      ...(problem && { excluded: problem }),
      draining: cluster.bgp.isDraining(name),
      interfaces: (said?.interfaces ?? []).map(one => one.name),
      announcements: (said?.announcements ?? []).map(({ address }) => ({
        address,
        services: services.get(address) ?? [],
      })),
      liveness: (said?.sessions ?? []).map(({ node, state, since }) => ({ node, state, ...(since && { since }) })),
    }
  })
  return [reports, conflicts, [...findings, ...livenessFindings(cluster), ...conflictFindings(conflicts)]]
}

/** Liveness sessions that are not up between speakers that are both registered. */
export function livenessFindings({ speakers, snapshot }: Cluster): Finding[] {
  // Of a speaker that is known to be gone nothing else is to be expected.
  const registered = [...speakers.values()].filter(isRegistered)
  return registered.flatMap(({ name, sessions }) =>
    sessions.flatMap(({ node, state, since }): Finding[] => {
      if (state === 'Up' || !isRegistered(speakers.get(node))) return []
      const lasts = since ? ` for ${ageText(since, snapshot.takenAt)}` : ''
      const message = `its liveness session with ${node} is ${state}${lasts}`
      const advice = 'Both speakers are registered: see whether UDP port 7946 passes between the nodes.'
      return [{ level: 'warning', subject: `Node ${name}`, message, advice }]
    }),
  )
}

/** Keys of the Services that show an address, by its text. */
export function servicesByAddress({ handled }: Cluster): Map<string, string[]> {
  const services = new Map<string, string[]>()
  for (const { key, ingress } of handled) {
    for (const { ip } of ingress) if (ip) services.set(ip, [...(services.get(ip) ?? []), key])
  }
  return services
}

function notRegistered(name: string, expiredAt: string | undefined, { snapshot }: Cluster): Finding {
  const since = expiredAt ? ` for ${ageText(expiredAt, snapshot.takenAt)}` : ''
  return {
    level: expiredAt ? 'error' : 'warning',
    subject: `Node ${name}`,
    message: expiredAt ? `its speaker has been gone${since}` : 'no speaker is registered',
    advice: `kubectl get pods -n ${snapshot.namespace} -l app.kubernetes.io/component=speaker --field-selector spec.nodeName=${name}`,
  }
}

function explained(reason: keyof typeof NODE_WITHHOLD_REASONS): { message: string; advice: string } {
  const { meaning, advice } = NODE_WITHHOLD_REASONS[reason]
  return { message: `announces nothing (${reason}): ${meaning}`, advice }
}

/** Several nodes usually hear the same host: it is told of once. */
function conflictFindings(conflicts: readonly ConflictReport[]): Finding[] {
  const hosts = Map.groupBy(conflicts, ({ address, mac }) => `${address} ${mac}`)
  return [...hosts.values()].map(heard => {
    const { address, mac, services } = heard[0]!
    const where = heard.map(({ node, interface: name }) => `${node} on ${name}`).join(', ')
    const whose = services.length > 0 ? ` (${services.join(', ')})` : ''
    return {
      level: 'error',
      subject: `Address ${address}${whose}`,
      message: `the host ${mac}, which is no node of the cluster, has or claims it; heard by ${where}`,
      advice: 'Give that host another address, or take the address out of the pool.',
    }
  })
}
