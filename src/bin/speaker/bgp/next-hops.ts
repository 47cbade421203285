import type { NextHops } from '../../../bgp/rib/export-session.ts'
import { type Address, type Family, formatAddress, parseAddress, sameAddress } from '../../../ip/address.ts'
import { prefixRange } from '../../../ip/range.ts'
import type { ReportedInterface } from '../link/link-messages.ts'

export interface NextHopInput {
  /** the socket's own address */
  readonly local: Address
  /** of the interface of an unnumbered peer */
  readonly interface?: string
  /** RFC 8950 is negotiated */
  readonly extendedNextHop: boolean
  readonly interfaces: readonly ReportedInterface[]
}

/**
 * Where a peer is to send what the routes attract: to the address that the session itself comes from, and for the other family to an
 * address of the same interface. A family without such an address is left out: its routes cannot be told.
 */
export function nextHopsOf({ local, extendedNextHop, interfaces, interface: name }: NextHopInput): NextHops {
  const own = isLinkLocal(local) ? { linkLocal: local } : { global: local }
  const other: Family = local.family === 4 ? 6 : 4
  const nextHops = { [local.family]: own }
  const holder = interfaces.find(one => (name === undefined ? holds(one, local) : one.name === name))
  // RFC 8950 §4: IPv4 prefixes by an IPv6 next hop need no IPv4 address on the link.
  if (other === 4 && extendedNextHop) return { ...nextHops, 4: own }
  const global = holder && addressesOf(holder).find(address => address.family === other && !isLinkLocal(address))
  return global ? { ...nextHops, [other]: { global } } : nextHops
}

export function isLinkLocal(address: Address): boolean {
  // RFC 4291 §2.5.6: fe80::/10
  return address.family === 6 && address.value >> 118n === 0x3fan
}

/** Whether an address is in a subnet of one of the interfaces. */
export function isConnected(address: Address, interfaces: readonly ReportedInterface[]): boolean {
  return interfaces.some(({ addresses }) =>
    addresses.some(cidr => {
      const [text = '', length = ''] = cidr.split('/')
      const own = parseAddress(text)
      if (!own || own.family !== address.family) return false
      return sameAddress(prefixRange(own, Number(length)).first, prefixRange(address, Number(length)).first)
    }),
  )
}

function addressesOf({ addresses }: ReportedInterface): Address[] {
  return addresses.map(cidr => parseAddress(cidr.split('/')[0]!)).filter(address => address !== undefined)
}

function holds({ addresses }: ReportedInterface, address: Address): boolean {
  const text = formatAddress(address)
  return addresses.some(cidr => cidr.split('/')[0] === text)
}
