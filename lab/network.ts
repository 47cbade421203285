import { existsSync } from 'node:fs'
import { run } from './process.ts'
import { type Host, hostsOf, Segment, type Topology } from './topology.ts'

export const namespaceFile = (namespace: string) => `/run/netns/${namespace}`

/**
 * Prefix of a command that shall run in a network namespace. `ip netns exec` would mount /sys anew, which hides the
 * cgroups from kubelet and containerd.
 */
export const inNamespace = (namespace: string) => ['nsenter', `--net=${namespaceFile(namespace)}`, '--']

/** Makes all namespaces, bridges, cards, addresses and routes. */
export async function createNetwork(topology: Topology): Promise<void> {
  const hosts = hostsOf(topology)
  await Promise.all(
    [topology.switchNamespace, ...hosts.map(host => host.namespace)].map(name => run(['ip', 'netns', 'add', name])),
  )
  await createSwitch(topology.switchNamespace)
  await run(['ip', '-batch', '-'], { input: hosts.flatMap(host => cables(host, topology.switchNamespace)).join('\n') })
  await Promise.all([plugIn(topology.switchNamespace, hosts), ...hosts.map(configure)])
}

const bridge = (segment: Segment) => `segment-${segment}`
const port = (host: Host, name: string) => `${host.name}-${name}`

async function createSwitch(namespace: string): Promise<void> {
  const commands = Object.values(Segment).flatMap((segment, index) => [
    // A bridge without an address of its own takes its lowest port's, which changes as ports come and go.
    // Without multicast snooping: there is no querier, and neighbour discovery must reach every port.
    `link add ${bridge(segment)} address 02:00:00:00:ff:0${index} type bridge forward_delay 0 mcast_snooping 0`,
    `link set ${bridge(segment)} up`,
  ])
  await runInside(namespace, ['net.ipv6.conf.default.disable_ipv6=1', ...bridgeFilters], commands)
}

// Where the module br_netfilter is loaded, bridged frames would pass the namespace's firewall.
const bridgeFilters = ['iptables', 'ip6tables', 'arptables']
  .map(table => `net.bridge.bridge-nf-call-${table}=0`)
  .filter(setting => existsSync(sysctlFile(setting)))

function cables(host: Host, switchNamespace: string): string[] {
  return host.interfaces.map(
    ({ name, mac }) =>
      `link add ${name} netns ${host.namespace} address ${mac} type veth peer name ${port(host, name)} netns ${switchNamespace}`,
  )
}

async function plugIn(switchNamespace: string, hosts: Host[]): Promise<void> {
  const commands = hosts.flatMap(host =>
    host.interfaces.map(({ name, segment }) => `link set ${port(host, name)} master ${bridge(segment)} up`),
  )
  await runInside(switchNamespace, [], commands)
}

async function configure(host: Host): Promise<void> {
  const forwarding = host.forwards ? '1' : '0'
  const settings = [
    `net.ipv4.ip_forward=${forwarding}`,
    `net.ipv6.conf.all.forwarding=${forwarding}`,
    // Pods' cards come later: until its address is known to be nobody else's, 2 s, a node would not forward to a Pod.
    'net.ipv6.conf.default.accept_dad=0',
    // A router with several paths chooses one for each flow, by ports too.
    'net.ipv4.fib_multipath_hash_policy=1',
    'net.ipv6.fib_multipath_hash_policy=1',
    // Replies may leave by another card than the one that the request came in by.
    'net.ipv4.conf.all.rp_filter=0',
    ...host.interfaces.map(({ name }) => `net.ipv4.conf.${name}.rp_filter=0`),
    ...host.interfaces.flatMap(({ name }) => [
      `net.ipv6.conf.${name}.accept_ra=0`,
      `net.ipv6.conf.${name}.accept_dad=0`,
    ]),
  ]
  const commands = [
    'link set lo up',
    ...host.interfaces.flatMap(({ name, addresses }) => [
      ...addresses.map(address => `address add ${address} dev ${name}${address.includes(':') ? ' nodad' : ''}`),
      `link set ${name} up`,
    ]),
    ...host.routes.map(route => `route add ${route}`),
  ]
  await runInside(host.namespace, settings, commands)
}

/** Writes sysctls ("name=value") and runs `ip` commands inside a namespace, in one process. */
async function runInside(namespace: string, settings: string[], commands: string[]): Promise<void> {
  const writes = settings.map(setting => `echo ${setting.split('=')[1]} > ${sysctlFile(setting)}`)
  await run([...inNamespace(namespace), 'sh', '-ec', [...writes, 'exec ip -batch -'].join('\n')], {
    input: `${commands.join('\n')}\n`,
  })
}

function sysctlFile(setting: string): string {
  return `/proc/sys/${setting.split('=')[0]!.replaceAll('.', '/')}`
}
