import { formatAddress, sameAddress } from '../ip/address.ts'
import type { RouterSessionConfig } from './router-session.ts'
import type { Arrival } from './session-set.ts'

/** Where a router is and how packets get there. Peers that agree in its pathKey() share one session, for the router knows only one. */
export type RouterPath = Pick<RouterSessionConfig, 'address' | 'interface' | 'localAddress' | 'multihop' | 'vrf'>

/** RFC 5881 §5: what comes with it has crossed no router. Sent over several hops too, so that minimum TTLs tell something. */
export const BFD_TTL = 255

/**
 * What makes a path another one, as text. The address that packets come from does not: BGP learns it only when its connection stands, and what
 * was up before has to stay up.
 */
export function pathKey({ address, interface: name, multihop, vrf }: RouterPath): string {
  const parts = [multihop ? 'multihop' : 'singleHop', formatAddress(address)]
  if (name !== undefined) parts.push(`interface ${name}`)
  if (vrf !== undefined) parts.push(`vrf ${vrf}`)
  return parts.join(' ')
}

/** The socket that a path's packets come by: one for each family, port and VRF (RFC 5881 §4, RFC 5883 §5). */
export function receiverName({ address, multihop, vrf }: RouterPath): string {
  return `${multihop ? 'multihop' : 'singleHop'} ${address.family}${vrf === undefined ? '' : ` ${vrf}`}`
}

/** RFC 5881 §4: a session is bound to its interface, if it has one. The socket tells single hop from multihop, and the VRF. */
export function isOnPath(path: RouterPath, arrival: Arrival, interfaces: ReadonlyMap<string, number>): boolean {
  if (arrival.socket !== receiverName(path)) return false
  return path.interface === undefined || arrival.interfaceIndex === interfaces.get(path.interface)
}

/** Whether a packet that names no session comes from the router at the end of the path (RFC 5881 §4, RFC 5883 §4). */
export function comesFrom(path: RouterPath, arrival: Arrival, interfaces: ReadonlyMap<string, number>): boolean {
  if (!sameAddress(path.address, arrival.source) || !isOnPath(path, arrival, interfaces)) return false
  return !path.localAddress || !arrival.destination || sameAddress(path.localAddress, arrival.destination)
}
