import type { MacAddress } from '../wire/mac-address.ts'

/** ff02::1, every node on the segment */
export const ALL_NODES_ADDRESS = (0xff02n << 112n) | 1n
export const ALL_NODES_MAC: MacAddress = 0x3333_0000_0001

/** ff02::2, every router on the segment */
export const ALL_ROUTERS_ADDRESS = (0xff02n << 112n) | 2n
export const ALL_ROUTERS_MAC: MacAddress = 0x3333_0000_0002

const SOLICITED_NODE_PREFIX = (0xff02n << 112n) | 0x1_ff00_0000n

/** The group in which neighbours ask for an address: ff02::1:ff00:0/104 and the address's last 24 bits (RFC 4291 §2.7.1). */
export function solicitedNodeAddress(address: bigint): bigint {
  return SOLICITED_NODE_PREFIX | (address & 0xff_ffffn)
}

/** The Ethernet address that carries an IPv6 group: 33:33 and the group's last 32 bits (RFC 2464 §7). */
export function multicastMac(group: bigint): MacAddress {
  return 0x3333_0000_0000 + Number(group & 0xffff_ffffn)
}

/** Where solicitations for an address arrive. Addresses that agree in their last 24 bits share it. */
export function solicitedNodeMac(address: bigint): MacAddress {
  return multicastMac(solicitedNodeAddress(address))
}
