import { ADDRESS_BITS, type Address, compareAddresses, formatAddress, parseAddress } from './address.ts'
import { prefixRange } from './range.ts'

/** All addresses that share the first `length` bits; the bits of `address` behind them are zero. */
export interface Prefix {
  readonly address: Address
  /** 0–32 or 0–128 */
  readonly length: number
}

/** The prefix of so many bits that an address is in. */
export function prefixOf(address: Address, length: number): Prefix {
  return { address: prefixRange(address, length).first, length }
}

/**
 * Reads `192.0.2.0/24` or `2001:db8::/32`; bits behind the length are dropped.
 *
 * @returns undefined when the text is no prefix
 */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/')
  const address = slash < 0 ? undefined : parseAddress(text.slice(0, slash))
  const lengthText = text.slice(slash + 1)
  if (!address || !/^(0|[1-9]\d{0,2})$/.test(lengthText)) return undefined
  const length = Number(lengthText)
  return length > ADDRESS_BITS[address.family] ? undefined : prefixOf(address, length)
}

/** The canonical text, which is also the key of a prefix in maps. */
export function formatPrefix({ address, length }: Prefix): string {
  return `${formatAddress(address)}/${length}`
}

/** IPv4 before IPv6, then by address, then the shorter first. */
export function comparePrefixes(a: Prefix, b: Prefix): number {
  return compareAddresses(a.address, b.address) || a.length - b.length
}
