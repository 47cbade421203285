import { type AddressPool, poolContains } from '../config/address-pool.ts'
import { formatAddress, parseAddress } from '../ip/address.ts'
import { type AddressRange, formatRange, parseRange, rangeContains, rangesOverlap } from '../ip/range.ts'
import { type Check, judged, unknown } from './check-result.ts'
import type { Cluster } from './cluster.ts'
import type { Finding } from './finding.ts'
import { configMapText, scalar } from './kube-proxy.ts'
import { type ApiObject, nameOf, objectsOf } from './snapshot.ts'

/** A range that belongs to somebody else. */
interface TakenRange {
  readonly range: AddressRange
  readonly whose: string
}

/** Whether pools hold addresses that the cluster itself uses. */
export function checkRanges(cluster: Cluster): Check[] {
  const { pools } = cluster.allocation.pools
  const [ofPods, ofServices] = [podRanges(cluster), serviceRanges(cluster)]
  return [
    judged('pools and nodes', nodeFindings(cluster), 'no pool holds the address of a node, or of its network'),
    ofPods.length === 0
      ? unknown('pools and pods', 'the nodes have no podCIDRs, and there is no kubeadm-config: compare by hand')
      : judged('pools and pods', overlaps(pools, ofPods), `no pool overlaps ${listed(ofPods)}`),
    ofServices.length === 0
      ? unknown('pools and cluster IPs', 'neither a ServiceCIDR nor kubeadm-config was found: compare by hand')
      : judged('pools and cluster IPs', overlaps(pools, ofServices), `no pool overlaps ${listed(ofServices)}`),
  ]
}

function nodeFindings({ nodes, speakers, allocation }: Cluster): Finding[] {
  const findings: Finding[] = []
  const { pools } = allocation.pools
  for (const { name, addresses } of nodes) {
    const cidrs = speakers.get(name)?.interfaces.flatMap(one => one.addresses) ?? []
    const own = new Set([...addresses, ...cidrs.map(cidr => cidr.split('/', 1)[0]!)])
    for (const text of own) {
      const address = parseAddress(text)
      const pool = address && pools.find(one => poolContains(one, address))
      if (!pool) continue
      const message = `holds ${text}, which the node ${name} has: a Service that got it would take the node off the network`
      findings.push({
        level: 'error',
        subject: `IPAddressPool ${pool.name}`,
        message,
        advice: 'Take the address out of the pool.',
      })
    }
    findings.push(...edgeFindings(name, cidrs, pools))
  }
  return [...new Map(findings.map(finding => [finding.subject + finding.message, finding])).values()]
}

/** RFC 1122 §3.2.1.3: the first and the last address of an IPv4 network are nobody's. */
function edgeFindings(node: string, cidrs: readonly string[], pools: readonly AddressPool[]): Finding[] {
  return cidrs.flatMap(cidr => {
    const parsed = parseRange(cidr)
    // Networks of one or two addresses have no such (RFC 3021).
    if ('problem' in parsed || parsed.range.first.family === 6 || /\/3[12]$/.test(cidr)) return []
    const { first, last } = parsed.range
    return [first, last].flatMap(edge => {
      const pool = pools.find(one => poolContains(one, edge))
      if (!pool) return []
      const what = edge === first ? 'network' : 'broadcast'
      const message = `holds ${formatAddress(edge)}, the ${what} address of ${formatRange(parsed.range)}, the network of the node ${node}`
      const advice = 'Take the address out of the pool, or set avoidBuggyIPs.'
      return [{ level: 'error' as const, subject: `IPAddressPool ${pool.name}`, message, advice }]
    })
  })
}

function overlaps(pools: readonly AddressPool[], taken: readonly TakenRange[]): Finding[] {
  return pools.flatMap(pool =>
    taken.flatMap(({ range, whose }): Finding[] => {
      const clash = pool.ranges.find(one => rangesOverlap(one, range))
      if (!clash) return []
      const message = `${formatRange(clash)} overlaps ${formatRange(range)}, ${whose}`
      return [
        { level: 'error', subject: `IPAddressPool ${pool.name}`, message, advice: 'Give the pool other addresses.' },
      ]
    }),
  )
}

function podRanges({ snapshot }: Cluster): TakenRange[] {
  const ofNodes = objectsOf(snapshot, 'Node').flatMap(object => {
    const { podCIDRs = [] } = (object.spec ?? {}) as { podCIDRs?: string[] }
    return podCIDRs.map(cidr => [cidr, `the pods of the node ${nameOf(object)}`] as const)
  })
  const wholes = taken([...fromKubeadm(snapshot, 'podSubnet', 'the pods of the cluster')])
  // What lies in the range of the whole cluster is told once.
  const single = taken(ofNodes).filter(
    ({ range }) =>
      !wholes.some(whole => rangeContains(whole.range, range.first) && rangeContains(whole.range, range.last)),
  )
  return [...wholes, ...single]
}

function serviceRanges({ snapshot }: Cluster): TakenRange[] {
  const objects = objectsOf(snapshot, 'ServiceCIDR').flatMap((object: ApiObject) => {
    const { cidrs = [] } = (object.spec ?? {}) as { cidrs?: string[] }
    return cidrs.map(cidr => [cidr, `the cluster IPs (ServiceCIDR ${nameOf(object)})`] as const)
  })
  return taken(objects.length > 0 ? objects : fromKubeadm(snapshot, 'serviceSubnet', 'the cluster IPs'))
}

function fromKubeadm(snapshot: Cluster['snapshot'], field: string, whose: string): (readonly [string, string])[] {
  const text = configMapText(snapshot, 'kubeadm-config', 'ClusterConfiguration') ?? ''
  return (scalar(text, field) ?? '').split(',').map(cidr => [cidr.trim(), whose] as const)
}

function taken(cidrs: readonly (readonly [cidr: string, whose: string])[]): TakenRange[] {
  return cidrs.flatMap(([cidr, whose]) => {
    const parsed = parseRange(cidr)
    return 'range' in parsed ? [{ range: parsed.range, whose }] : []
  })
}

function listed(ranges: readonly TakenRange[]): string {
  const shown = ranges.slice(0, 2).map(({ range }) => formatRange(range))
  return ranges.length > 2 ? `${shown.join(', ')} and ${ranges.length - 2} more` : shown.join(', ')
}
