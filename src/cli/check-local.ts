import { type Check, judged, unknown } from './check-result.ts'
import type { Cluster } from './cluster.ts'
import type { Finding } from './finding.ts'

/** What only the node itself knows. */
export interface LocalFacts {
  readonly node: string
  /** `net.ipv4.conf.*.rp_filter` by interface; `all` among them */
  readonly reversePathFilters: Readonly<Record<string, number>>
  /** by interface, in octets */
  readonly mtus: Readonly<Record<string, number>>
  /** addresses on which somebody listens for BGP, TCP port 179 */
  readonly bgpListeners: readonly string[]
}

/** Linux, ip-sysctl: 1 drops what would be answered through another interface (RFC 3704 §2.2). */
const STRICT = 1

/** Looks at the node that the command runs on, if it does. */
export function checkLocal(local: LocalFacts | undefined, { snapshot, speakers, settings }: Cluster): Check[] {
  if (!local) {
    const speaker = settings.speaker?.name ?? 'herald-speaker'
    const how = `kubectl exec -n ${snapshot.namespace} daemonset/${speaker} -- node /herald/herald.js check --local`
    return [unknown('rp_filter, MTU, TCP port 179', `only the node itself knows: ${how}`)]
  }
  const { node, reversePathFilters: filters, mtus, bgpListeners } = local
  const subject = `Node ${node}`
  const interfaces = (speakers.get(node)?.interfaces ?? []).map(({ name }) => name)
  // The kernel takes the greater of the interface's own value and that of `all`.
  const strict = interfaces.filter(name => Math.max(filters.all ?? 0, filters[name] ?? 0) === STRICT)
  const ofFilters: Finding[] =
    interfaces.length > 1 && strict.length > 0
      ? [
          {
            level: 'warning',
            subject,
            message: `rp_filter is strict on ${strict.join(', ')}: what comes in by one interface and would be answered by another is dropped`,
            advice:
              'Set net.ipv4.conf.*.rp_filter to 2 (loose), unless every client is reached by the interface it comes from.',
          },
        ]
      : []
  const own = interfaces.map(name => mtus[name]).filter(mtu => mtu !== undefined)
  const larger = Object.entries(mtus).filter(
    ([name, mtu]) => !interfaces.includes(name) && isPodInterface(name) && own.some(one => mtu > one),
  )
  const ofMtus = larger.map(
    ([name, mtu]): Finding => ({
      level: 'warning',
      subject,
      message: `${name} takes packets of ${mtu} octets, and an interface to the clients ${Math.min(...own)}: large answers are dropped or cut`,
      advice: 'Give the pods’ network an MTU no greater than that of the nodes’ network, less what an overlay adds.',
    }),
  )
  const ofListeners = bgpListeners.map(
    (address): Finding => ({
      level: 'note',
      subject,
      message: `somebody listens for BGP on ${address}`,
      advice:
        'Nothing to do unless Herald shall listen too (chart value speaker.bgp.listenPort), or has the same router.',
    }),
  )
  return [
    judged(
      'rp_filter',
      ofFilters,
      interfaces.length > 1 ? 'not strict on any interface' : 'the node has one interface: it matters not',
    ),
    judged('MTU', ofMtus, 'the pods’ interfaces take no larger packets than the node’s'),
    judged('TCP port 179', ofListeners, 'nobody listens for BGP on the node'),
  ]
}

/** Names that network plugins give to the bridge or device of the pods. */
function isPodInterface(name: string): boolean {
  return /^(cni|cbr|flannel|cali|tunl|vxlan|cilium|weave|antrea)/.test(name)
}
