import { Address4, Address6 } from 'ip-address'

export type Family = 4 | 6

/** An IP address with its family: IPv4 as an unsigned 32-bit number, IPv6 as an unsigned 128-bit bigint. */
export type Address = { readonly family: 4; readonly value: number } | { readonly family: 6; readonly value: bigint }

export const ADDRESS_BITS = { 4: 32, 6: 128 } as const

/**
 * Reads an address as Kubernetes writes it: dotted quad without leading zeros (RFC 6943 §3.1.1 tells why), or any IPv6
 * text form of RFC 4291 §2.2. Zones, prefix lengths and IPv4-mapped IPv6 are refused, because no Service may have them.
 *
 * @returns undefined when the text is no such address
 */
export function parseAddress(text: string): Address | undefined {
  if (text.includes('/') || text.includes('%') || text !== text.trim()) return undefined
  if (!text.includes(':')) {
    if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text) || !Address4.isValid(text)) return undefined
    return { family: 4, value: Number(new Address4(text).bigInt()) }
  }
  if (!Address6.isValid(text)) return undefined
  const value = new Address6(text).bigInt()
  return value >> 32n === 0xffffn ? undefined : { family: 6, value }
}

/** Prints an address in its canonical form: dotted quad, or RFC 5952. */
export function formatAddress(address: Address): string {
  if (address.family === 4) {
    const { value } = address
    return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
  }
  return Address6.fromBigInt(address.value).correctForm()
}

/** The order in which addresses are dealt out and listed: IPv4 before IPv6, then by value. */
export function compareAddresses(a: Address, b: Address): number {
  if (a.family !== b.family) return a.family - b.family
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.family === b.family && a.value === b.value
}
