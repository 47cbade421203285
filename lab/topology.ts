/**
 * Who has which address. Everything lives in network namespaces, so only documentation ranges are needed outside the
 * cluster and no address can clash with the machine's own.
 *
 *   segment A 192.0.2.0/24   2001:db8:a::/64   eth0 of every node, control plane, client, router
 *   segment B 198.51.100.0/24 2001:db8:b::/64  eth1 of every node, router
 *   outside   203.0.113.0/24 2001:db8:c::/64   behind the router
 *
 * On segment A .100 to .199 are free for pools.
 */
export interface Interface {
  /** Name inside the namespace, e.g. "eth0". */
  name: string
  segment: Segment
  mac: string
  /** With prefix length, e.g. "192.0.2.11/24"; the first of each family is the main one. */
  addresses: readonly string[]
}

export const Segment = { a: 'a', b: 'b', outside: 'c' } as const
export type Segment = (typeof Segment)[keyof typeof Segment]

export interface Host {
  /** e.g. "node1" */
  name: string
  /** e.g. "herald-node1" */
  namespace: string
  interfaces: readonly Interface[]
  /** Routes as `ip route` takes them, e.g. "default via 192.0.2.254". */
  routes: readonly string[]
  forwards: boolean
}

export interface NodeHost extends Host {
  /** Main addresses on segment A, IPv4 then IPv6. */
  addresses: readonly [string, string]
  podCidrs: readonly [string, string]
}

export interface Topology {
  /** Namespace with the bridges that make the segments. */
  switchNamespace: string
  control: Host
  nodes: readonly NodeHost[]
  client: Host
  router: Host
  outside: Host
}

export const maximumNodes = 20

export const IpFamily = { ipv4: 'ipv4', ipv6: 'ipv6' } as const
export type IpFamily = (typeof IpFamily)[keyof typeof IpFamily]
export const bothFamilies: readonly IpFamily[] = [IpFamily.ipv4, IpFamily.ipv6]

/** Of a pair of IPv4 and IPv6 those of the families, in their order. */
export function ofFamilies(families: readonly IpFamily[], [ipv4, ipv6]: readonly [string, string]): string[] {
  return families.map(family => (family === IpFamily.ipv4 ? ipv4 : ipv6))
}

/** Both of a pair of IPv4 and IPv6, that of the family first. */
export function primaryFirst(family: IpFamily, [ipv4, ipv6]: readonly [string, string]): [string, string] {
  return family === IpFamily.ipv4 ? [ipv4, ipv6] : [ipv6, ipv4]
}

export const apiServerAddress = '192.0.2.10'
export const apiServerPort = 6443
/** The API server's by each family, IPv4 first, as in the pairs below. */
export const apiServerAddresses = [apiServerAddress, '2001:db8:a::10'] as const
export const serviceCidrs = ['10.96.0.0/16', '2001:db8:96::/112'] as const
export const kubernetesServiceAddresses = ['10.96.0.1', '2001:db8:96::1'] as const
/** Where kubelet sends Pods for names; a cluster that resolves names has a Service there. */
export const dnsServiceAddress = '10.96.0.10'
export const clusterCidrs = ['10.244.0.0/16', '2001:db8:f::/48'] as const
/** Addresses of the client: two of each family, for tests that depend on the source. */
export const clientAddresses = ['192.0.2.201', '192.0.2.202', '2001:db8:a::201', '2001:db8:a::202'] as const
export const routerAddresses = {
  a: ['192.0.2.254', '2001:db8:a::254'],
  b: ['198.51.100.254', '2001:db8:b::254'],
} as const

const prefixes: Record<Segment, { ipv4: string; ipv6: string; mac: string }> = {
  a: { ipv4: '192.0.2.', ipv6: '2001:db8:a::', mac: '02:00:00:00:0a:' },
  b: { ipv4: '198.51.100.', ipv6: '2001:db8:b::', mac: '02:00:00:00:0b:' },
  c: { ipv4: '203.0.113.', ipv6: '2001:db8:c::', mac: '02:00:00:00:0c:' },
}

/** The last part of the IPv6 address repeats the decimal digits of the IPv4 one: 192.0.2.11 goes with 2001:db8:a::11. */
function networkInterface(name: string, segment: Segment, ...numbers: number[]): Interface {
  const { ipv4, ipv6, mac } = prefixes[segment]
  return {
    name,
    segment,
    mac: mac + numbers[0]!.toString(16).padStart(2, '0'),
    addresses: numbers.flatMap(number => [`${ipv4}${number}/24`, `${ipv6}${number}/64`]),
  }
}

const defaultRoutes = (segment: Segment, router: number) => [
  `default via ${prefixes[segment].ipv4}${router}`,
  `default via ${prefixes[segment].ipv6}${router}`,
]

/** @param labName prefix of all namespaces, e.g. "herald" */
export function topologyOf(labName: string, nodeCount: number): Topology {
  const host = (name: string, interfaces: Interface[], routes: string[], forwards = false): Host => ({
    ...{ name, namespace: `${labName}-${name}`, interfaces, routes, forwards },
  })
  const nodeNumbers = Array.from({ length: nodeCount }, (_, index) => index + 1)
  const podCidrs = (node: number) => [`10.244.${node}.0/24`, `2001:db8:f:${node.toString(16)}::/64`] as const
  const podRoutes = (nodes: number[]) =>
    nodes.flatMap(node => [
      `${podCidrs(node)[0]} via 192.0.2.${10 + node}`,
      `${podCidrs(node)[1]} via 2001:db8:a::${10 + node}`,
    ])

  return {
    switchNamespace: `${labName}-switch`,
    control: host(
      'control',
      [networkInterface('eth0', Segment.a, 10)],
      [...defaultRoutes(Segment.a, 254), ...podRoutes(nodeNumbers)],
    ),
    nodes: nodeNumbers.map(node => ({
      ...host(
        `node${node}`,
        [networkInterface('eth0', Segment.a, 10 + node), networkInterface('eth1', Segment.b, 10 + node)],
        [...defaultRoutes(Segment.a, 254), ...podRoutes(nodeNumbers.filter(other => other !== node))],
        true,
      ),
      addresses: [`192.0.2.${10 + node}`, `2001:db8:a::${10 + node}`] as const,
      podCidrs: podCidrs(node),
    })),
    client: host('client', [networkInterface('eth0', Segment.a, 201, 202)], defaultRoutes(Segment.a, 254)),
    router: host(
      'router',
      [
        networkInterface('eth0', Segment.a, 254),
        networkInterface('eth1', Segment.b, 254),
        networkInterface('eth2', Segment.outside, 254),
      ],
      [],
      true,
    ),
    outside: host(
      'outside',
      [networkInterface('eth0', Segment.outside, 201, 202)],
      defaultRoutes(Segment.outside, 254),
    ),
  }
}

export function hostsOf(topology: Topology): Host[] {
  return [topology.control, ...topology.nodes, topology.client, topology.router, topology.outside]
}
