import { peersOfNode } from '../config/bgp-config.ts'
import type { Cluster } from './cluster.ts'
import type { Finding } from './finding.ts'

/** A BGP session that a node is to hold. */
export interface SessionReport {
  readonly node: string
  readonly peer: string
  readonly address?: string
  /** state of RFC 4271 §8.2.2; `Unreported`: the speaker has said nothing of it */
  readonly state: string
  readonly since?: string
  readonly prefixesSent?: number
  readonly bfd?: string
  readonly lastError?: string
}

/** The sessions that the configuration asks for, and how they are. */
export function reviewSessions(cluster: Cluster): [SessionReport[], Finding[]] {
  const { nodes, sessions, configuration } = cluster
  const reports: SessionReport[] = []
  const findings: Finding[] = []
  for (const node of nodes) {
    // What its speaker held is gone with it, and that the speaker is gone is told of the node.
    if (cluster.bgp.nodeProblem(node.name) === 'speakerNotRegistered') continue
    for (const { name: peer } of peersOfNode(configuration.bgp, node)) {
      const found = sessions.find(session => session.node === node.name && session.peer === peer)
      if (!found) {
        reports.push({ node: node.name, peer, state: 'Unreported' })
      } else {
        const { name, resourceVersion, ...report } = found
        reports.push(report)
      }
      const { established, why } = cluster.sessionOf(node.name, peer)
      if (established) continue
      findings.push({
        level: 'error',
        subject: `BGP session ${node.name} → ${peer}`,
        message: `not established: ${why}`,
        advice:
          'See that the router is reachable and has the node as neighbour; AS numbers and password on both sides.',
      })
    }
  }
  return [reports, findings]
}
