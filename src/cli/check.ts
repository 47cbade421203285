import { describeProblem } from '../config/problem.ts'
import { isRegistered } from '../resources/speaker-view.ts'
import { checkLocal, type LocalFacts } from './check-local.ts'
import { checkPrograms } from './check-programs.ts'
import { checkRanges } from './check-ranges.ts'
import { type Check, good, judged, unknown } from './check-result.ts'
import type { Cluster } from './cluster.ts'
import type { Finding } from './finding.ts'
import { readKubeProxy } from './kube-proxy.ts'
import { livenessFindings } from './nodes.ts'

export interface CheckReport {
  readonly checks: readonly Check[]
}

/** Looks at what Herald's work depends on outside of Herald. */
export function checkSurroundings(cluster: Cluster, local?: LocalFacts): CheckReport {
  const whys = cluster.snapshot.unread.map(({ why }) => why).join('; ')
  return {
    checks: [
      checkConfiguration(cluster),
      checkStrictArp(cluster),
      ...checkRanges(cluster),
      checkLiveness(cluster),
      ...checkPrograms(cluster),
      ...checkLocal(local, cluster),
      ...(whys ? [unknown('the rest', `not all could be read: ${whys}`)] : []),
      unknown(
        'reachability',
        'gateways and peers are not pinged; kubectl herald status shows which BGP sessions stand',
      ),
    ],
  }
}

function checkConfiguration({ refused }: Cluster): Check {
  const findings = refused.map(({ kind, name, problem, partly }): Finding => {
    return { level: partly ? 'warning' : 'error', subject: `${kind} ${name}`, message: describeProblem(problem) }
  })
  return judged('configuration', findings, 'no object is refused')
}

function checkStrictArp({ snapshot }: Cluster): Check {
  const kubeProxy = readKubeProxy(snapshot)
  const name = 'strictARP'
  if (!kubeProxy)
    return unknown(name, 'there is no ConfigMap kube-proxy in kube-system; with IPVS, strictARP must be true')
  const { mode, strictARP } = kubeProxy
  if (mode !== 'ipvs') return good(name, `kube-proxy runs in mode ${mode || 'default'}, which answers no ARP`)
  if (strictARP) return good(name, 'kube-proxy runs in mode ipvs with strictARP')
  const message =
    'IPVS without strictARP: every node answers ARP for Service addresses by itself, and no speaker claims them'
  const advice = 'kubectl edit configmap -n kube-system kube-proxy: ipvs.strictARP: true, then restart kube-proxy.'
  return judged(name, [{ level: 'error', subject: 'ConfigMap kube-system/kube-proxy', message, advice }], '')
}

/** Seen from the sessions that the speakers hold with each other: whether UDP port 7946 passes cannot be tried from here. */
function checkLiveness(cluster: Cluster): Check {
  const sessions = [...cluster.speakers.values()].filter(isRegistered).flatMap(speaker => speaker.sessions)
  if (sessions.length === 0) {
    return unknown(
      'liveness between nodes',
      'no speaker watches another: nothing is known of UDP port 7946 between them',
    )
  }
  const up = sessions.filter(({ state }) => state === 'Up').length
  return judged(
    'liveness between nodes',
    livenessFindings(cluster),
    `${up} of ${sessions.length} sessions on UDP port 7946 are up`,
  )
}
