import type { Address } from '../../ip/address.ts'
import { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'
import type { NextHop } from '../message.ts'

/** RFC 4271 §6.3: an address that a host can have: not unspecified, not multicast, not of the reserved end of IPv4. */
export function isHostAddress(address: Address): boolean {
  if (address.family === 4) return address.value !== 0 && address.value < 0xe0000000
  return address.value !== 0n && address.value >> 120n !== 0xffn
}

/** RFC 4291 §2.5.6: fe80::/10 */
export function isLinkLocal(address: Address): boolean {
  return address.family === 6 && address.value >> 118n === 0x3fan
}

/**
 * Reads the next hop of MP_REACH_NLRI: 4 octets, or 16, or 32 where a link-local address follows (RFC 2545 §3). Some routers repeat the
 * link-local address, or put an unspecified one in front of it, and others fill up with zeros: what is no address of a host is left out.
 *
 * @param value of 4, 16 or 32 octets
 */
export function decodeNextHop(value: Uint8Array): NextHop {
  const reader = new Reader(value)
  if (value.length === 4) {
    const global: Address = { family: 4, value: reader.uint32() }
    return isHostAddress(global) ? { global } : {}
  }
  const found: { global?: Address; linkLocal?: Address } = {}
  while (reader.remaining >= 16) {
    const address: Address = { family: 6, value: reader.uint128() }
    if (!isHostAddress(address)) continue
    if (isLinkLocal(address)) found.linkLocal ??= address
    else found.global ??= address
  }
  return found
}

/** Writes the next hop of MP_REACH_NLRI. */
export function encodeNextHop({ global, linkLocal }: NextHop): Uint8Array {
  const writer = new Writer({ capacity: 32 })
  if (global?.family === 4) {
    if (linkLocal) throw new RangeError('a next hop of IPv4 has no link-local address beside it')
    return writer.uint32(global.value).finish()
  }
  if (linkLocal?.family === 4) throw new RangeError('a link-local next hop is of IPv6')
  if (global) writer.uint128(global.value)
  if (linkLocal) writer.uint128(linkLocal.value)
  return writer.finish()
}
