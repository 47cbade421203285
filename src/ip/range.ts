import { ADDRESS_BITS, type Address, type Family, formatAddress, parseAddress } from './address.ts'

/** Addresses from `first` to `last`, both included, of one family; never empty. */
export interface AddressRange {
  readonly first: Address
  readonly last: Address
}

export type ParsedRange = { readonly range: AddressRange } | { readonly problem: string }

/**
 * Reads a CIDR (`192.0.2.0/24`; bits below the prefix length are dropped, as MetalLB drops them) or a range
 * (`192.0.2.10-192.0.2.20`; blanks around the dash are allowed).
 *
 * @returns the range, or a problem in words that quote the text
 */
export function parseRange(text: string): ParsedRange {
  const dash = text.indexOf('-')
  return dash >= 0 ? parseStartEnd(text, text.slice(0, dash), text.slice(dash + 1)) : parseCidr(text)
}

function parseStartEnd(text: string, start: string, end: string): ParsedRange {
  const first = parseAddress(start.trim())
  const last = parseAddress(end.trim())
  if (!first || !last) {
    return { problem: `"${text}": ${first ? `"${end.trim()}"` : `"${start.trim()}"`} is not an IP address` }
  }
  if (first.family !== last.family) return { problem: `"${text}" goes from one address family to the other` }
  if (first.value > last.value) return { problem: `"${text}" starts after it ends` }
  return { range: { first, last } }
}

function parseCidr(text: string): ParsedRange {
  const slash = text.indexOf('/')
  const address = slash < 0 ? undefined : parseAddress(text.slice(0, slash))
  if (!address) return { problem: `"${text}" is neither a CIDR (192.0.2.0/24) nor a range (192.0.2.10-192.0.2.20)` }
  const lengthText = text.slice(slash + 1)
  const length = Number(lengthText)
  const bits = ADDRESS_BITS[address.family]
  if (!/^(0|[1-9]\d*)$/.test(lengthText) || length > bits) {
    return { problem: `"${text}": the prefix length must be 0 to ${bits}` }
  }
  return { range: prefixRange(address, length) }
}

/** All addresses that share the first `length` bits with the address. */
export function prefixRange(address: Address, length: number): AddressRange {
  if (address.family === 4) {
    const size = 2 ** (32 - length)
    const first = Math.floor(address.value / size) * size
    return { first: { family: 4, value: first }, last: { family: 4, value: first + size - 1 } }
  }
  const hostBits = BigInt(128 - length)
  const first = (address.value >> hostBits) << hostBits
  return { first: { family: 6, value: first }, last: { family: 6, value: first + (1n << hostBits) - 1n } }
}

export function familyOf(range: AddressRange): Family {
  return range.first.family
}

/** How many addresses the range holds: up to 2^128, so always a bigint. */
export function rangeSize({ first, last }: AddressRange): bigint {
  return BigInt(last.value) - BigInt(first.value) + 1n
}

export function rangeContains({ first, last }: AddressRange, address: Address): boolean {
  return address.family === first.family && first.value <= address.value && address.value <= last.value
}

export function rangesOverlap(a: AddressRange, b: AddressRange): boolean {
  return familyOf(a) === familyOf(b) && a.first.value <= b.last.value && b.first.value <= a.last.value
}

/** The address `steps` above (or below) another; the caller stays within the family's bounds. */
export function addressAfter(address: Address, steps = 1): Address {
  return address.family === 4
    ? { family: 4, value: address.value + steps }
    : { family: 6, value: address.value + BigInt(steps) }
}

export function formatRange({ first, last }: AddressRange): string {
  return `${formatAddress(first)}-${formatAddress(last)}`
}
