import type { RouterSessionConfig } from '../../../bfd/router-session.ts'
import type { PeerConfig } from '../../../bgp/peer-config.ts'
import { parseAddress } from '../../../ip/address.ts'
import type { ReportedInterface, UnnumberedNeighbour } from '../link/link-messages.ts'
import { isConnected } from './next-hops.ts'
import { isInternal } from './transport-options.ts'

export interface BfdContext {
  /** the node's own address on the established BGP session */
  readonly localAddress: string | undefined
  readonly neighbour: UnnumberedNeighbour | undefined
  readonly interfaces: readonly ReportedInterface[]
}

/**
 * The BFD session that a peer wants (RFC 5882 §4.3, §10.1), between the addresses of its BGP session; undefined when it wants none, or nobody is known on its
 * interface yet. It is single hop (RFC 5881) where the peer is on a link, multihop (RFC 5883) where it may not be: as routers decide it.
 */
export function wantedBfdSession(config: PeerConfig, context: BfdContext): RouterSessionConfig | undefined {
  const { bfd, location, name, vrf, sourceAddress } = config
  if (!bfd) return undefined
  const common = { id: name, ...bfd, ...(vrf !== undefined && { vrf }) }
  if (location.type === 'interface') {
    const { neighbour } = context
    return neighbour && { ...common, address: neighbour.address, interface: location.interface, multihop: false }
  }
  const { address } = location
  const multihop = config.multihop || (isInternal(config) && !isConnected(address, context.interfaces))
  // A session over several hops is told by both addresses; the one that BGP uses is the one that the router expects.
  const local = sourceAddress ?? (multihop ? parseAddress(context.localAddress ?? '') : undefined)
  return { ...common, address, multihop, ...(local && { localAddress: local }) }
}
