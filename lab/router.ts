import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startDaemon } from './daemons.ts'
import type { Lab } from './lab.ts'
import { inNamespace } from './network.ts'
import { run } from './process.ts'
import { routerAddresses, type Topology } from './topology.ts'

export const routerAs = 64512
/** Autonomous system that the router expects speakers to be in. */
export const speakerAs = 64513

export const crashFolder = '/var/tmp/frr'

/** Folder of the sockets that `vtysh --vty_socket` takes. */
export const vtySockets = (lab: Lab) => join(lab.folder, 'router')

/**
 * Starts FRR in the router's namespace: zebra, which writes routes into the kernel, bgpd, which knows every node on both
 * segments and waits for it to call, and bfdd, which watches those for which bgpd asks. They go before everything else on the machine: a
 * router sends its BFD packets in time, whatever the API server has to do.
 */
export async function startRouter(lab: Lab): Promise<void> {
  const folder = vtySockets(lab)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'zebra.conf'), 'hostname router\n')
  await writeFile(join(folder, 'bgpd.conf'), bgpConfig(lab.topology))
  await writeFile(join(folder, 'bfdd.conf'), 'hostname router\n')
  // The daemons give up root for the user that the package made, and insist on its group for their sockets.
  await run(['chown', '-R', 'frr:frr', folder])
  // They keep notes for crash reports in a fixed folder; a mount namespace makes it their own and lets it go with them.
  const privately = `mkdir -p ${crashFolder}; mount -t tmpfs -o mode=0777 tmpfs ${crashFolder}; exec "$@"`
  const enter = [
    ...inNamespace(lab.topology.router.namespace),
    ...['nice', '-n', '-15', 'unshare', '--mount', '--propagation', 'private', 'sh', '-ec', privately, 'sh'],
  ]
  for (const daemon of ['zebra', 'bfdd', 'bgpd']) {
    const options = ['--config_file', join(folder, `${daemon}.conf`), '--pid_file', join(folder, `${daemon}.pid`)]
    const sockets = ['--vty_socket', folder, '--vty_port', '0', '--socket', join(folder, 'zserv.api')]
    const more = daemon === 'bfdd' ? ['--bfdctl', join(folder, 'bfdd.sock')] : []
    startDaemon(lab, daemon, [...enter, `/usr/lib/frr/${daemon}`, ...options, ...sockets, ...more, '--log', 'stdout'])
  }
}

/** bgpd's configuration; exported for its test. */
export function bgpConfig(topology: Topology): string {
  const peers = topology.nodes.flatMap(node =>
    node.interfaces.flatMap(({ addresses }) => addresses.map(address => address.split('/')[0]!)),
  )
  const family = (name: string, members: string[]) => [
    ` address-family ${name} unicast`,
    ...members.map(peer => `  neighbor ${peer} activate`),
    '  maximum-paths 8',
    ' exit-address-family',
  ]
  return [
    'hostname router',
    `router bgp ${routerAs}`,
    ` bgp router-id ${routerAddresses.a[0]}`,
    ' no bgp default ipv4-unicast',
    ' no bgp ebgp-requires-policy',
    ' bgp bestpath as-path multipath-relax',
    ...peers.flatMap(peer => [
      ` neighbor ${peer} remote-as ${speakerAs}`,
      ` neighbor ${peer} passive`,
      ` neighbor ${peer} timers connect 1`,
    ]),
    ...family(
      'ipv4',
      peers.filter(peer => !peer.includes(':')),
    ),
    ...family(
      'ipv6',
      peers.filter(peer => peer.includes(':')),
    ),
    '',
  ].join('\n')
}
