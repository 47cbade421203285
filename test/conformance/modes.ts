import { heraldNamespace } from '../../lab/herald.ts'
import { inNamespace } from '../../lab/network.ts'
import { run } from '../../lab/process.ts'
import { bgpAdvertisement, bgpPool, routerPeers, sessionsUp } from '../support/lab/bgp-lab.ts'
import type { TestLab } from '../support/lab/lab.ts'
import { pool, poolAndAdvertisement } from '../support/lab/manifests.ts'
import { LabRouter } from '../support/lab/router.ts'
import { Mode } from './options.ts'

const name = 'conformance'
const layer2Pool = ['192.0.2.100-192.0.2.199', '2001:db8:a::100-2001:db8:a::199']

/** Gives Herald the configuration of a mode, and nothing else. */
export async function configureMode(lab: TestLab, mode: Mode): Promise<void> {
  const kinds = 'bgpadvertisements,bgppeers,l2advertisements,ipaddresspools'
  await lab.kubectl(['delete', kinds, '--all', `--namespace=${heraldNamespace}`])
  if (mode === Mode.layer2) {
    await lab.apply(...poolAndAdvertisement(name, layer2Pool))
    return
  }
  await hashByAddresses(lab)
  await lab.apply(pool(name, [...bgpPool]), bgpAdvertisement(name), ...routerPeers())
  await sessionsUp(
    new LabRouter(lab),
    lab.lab.topology.nodes.map(node => node.name),
  )
}

/**
 * Lets the router choose among equal-cost paths by source and destination address alone. A Service with
 * `sessionAffinity: ClientIP` promises one endpoint for all connections of a client, and each node keeps that promise for
 * the connections that it gets: they have to reach the same node. (The kernel's own hash by addresses will not do: for IPv6
 * it takes the flow label in, of which each connection has another.)
 */
async function hashByAddresses(lab: TestLab): Promise<void> {
  const settings = ['ipv4', 'ipv6'].flatMap(family => [
    `echo 3 > /proc/sys/net/${family}/fib_multipath_hash_policy`, // by the fields below
    `echo 3 > /proc/sys/net/${family}/fib_multipath_hash_fields`, // source and destination address
  ])
  await run([...inNamespace(lab.lab.topology.router.namespace), 'sh', '-ec', settings.join('; ')])
}
