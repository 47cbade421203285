import type { PeerConfig } from '../../../bgp/peer-config.ts'
import type { TcpConnectInit, TcpOptions } from '../../../io/tcp.ts'
import type { Address, Family } from '../../../ip/address.ts'
import type { UnnumberedNeighbour } from '../link/link-messages.ts'

/** RFC 4594 §3.1: routing protocols are of class CS6. */
const NETWORK_CONTROL = 48
export const MAX_TTL = 255

/** The family that a session's own packets are of; an unnumbered peer is reached by its link-local address. */
export function transportFamily({ location }: PeerConfig): Family {
  return location.type === 'address' ? location.address.family : 6
}

/** Whether both ends are to be in one AS, as far as configuration tells. */
export function isInternal({ peerAs, localAs }: PeerConfig): boolean {
  return peerAs === 'internal' || peerAs === localAs
}

/**
 * TTL of what is sent, and the least of what is taken. RFC 5082 §3: with TTL security 255 is sent, and as many hops fewer taken. A peer of another AS is on
 * the same link (RFC 4271 §5.1.3) unless multihop says otherwise: TTL 1 keeps the session from ever leaving it.
 */
export function tcpOptionsOf(config: PeerConfig): TcpOptions {
  const { ttlSecurityHops, multihop } = config
  if (ttlSecurityHops !== undefined) {
    return { ttl: MAX_TTL, minTtl: MAX_TTL + 1 - ttlSecurityHops, dscp: NETWORK_CONTROL }
  }
  return { ttl: multihop || isInternal(config) ? MAX_TTL : 1, dscp: NETWORK_CONTROL }
}

/** How to call a peer; undefined while nobody is known on the interface of an unnumbered one. */
export function connectOptionsOf(
  config: PeerConfig,
  neighbour: UnnumberedNeighbour | undefined,
): Omit<TcpConnectInit, 'signal'> | undefined {
  const { location, sourceAddress, password, vrf, port } = config
  const remoteAddress: Address | undefined = location.type === 'address' ? location.address : neighbour?.address
  if (!remoteAddress) return undefined
  return {
    ...tcpOptionsOf(config),
    remoteAddress,
    remotePort: port,
    ...(location.type === 'interface' && { interfaceIndex: neighbour!.interfaceIndex }),
    ...(sourceAddress && sourceAddress.family === remoteAddress.family && { localAddress: sourceAddress }),
    ...(vrf !== undefined && { device: vrf }),
    ...(password !== undefined && { md5Password: password }),
  }
}
