import type { Address, Family } from '../../ip/address.ts'
import { ADDRESS_BITS } from '../../ip/address.ts'
import type { Prefix } from '../../ip/prefix.ts'

// RFC 4271 §4.3, "Network Layer Reachability Information": length in bits (1), as many octets of the address as that needs.

const none = new Uint8Array(0)

/** Octets that a prefix takes in an UPDATE. */
export function encodedPrefixLength({ length }: Prefix): number {
  return 1 + ((length + 7) >>> 3)
}

/** Reads prefixes of one family that fill `bytes`; bits behind a prefix's length are dropped. */
export function decodePrefixes(
  bytes: Uint8Array,
  family: Family,
): { readonly prefixes: readonly Prefix[] } | { readonly problem: string } {
  return family === 4 ? decodeIpv4(bytes) : decodeIpv6(bytes)
}

/**
 * Writes prefixes of one family, one after the other.
 *
 * @throws RangeError when one is of the other family, or longer than its address
 */
export function encodePrefixes(prefixes: readonly Prefix[], family: Family): Uint8Array {
  if (prefixes.length === 0) return none
  let length = 0
  for (let index = 0; index < prefixes.length; index++) length += checkedPrefixLength(prefixes[index]!, family)
  // A whole address is stored at each place and the next prefix overwrites what is too much: room for that at the end.
  const bytes = new Uint8Array(length + 16)
  const view = new DataView(bytes.buffer)
  let offset = 0
  for (let index = 0; index < prefixes.length; index++) {
    const prefix = prefixes[index]!
    bytes[offset] = prefix.length
    storeAddress(view, offset + 1, prefix.address)
    offset += encodedPrefixLength(prefix)
  }
  return bytes.subarray(0, length)
}

function storeAddress(view: DataView, offset: number, address: Address): void {
  if (address.family === 4) {
    view.setUint32(offset, address.value)
    return
  }
  view.setBigUint64(offset, address.value >> 64n)
  view.setBigUint64(offset + 8, address.value)
}

function checkedPrefixLength(prefix: Prefix, family: Family): number {
  const { address, length } = prefix
  if (address.family !== family) throw new RangeError(`a prefix of IPv${address.family} among those of IPv${family}`)
  if (!Number.isInteger(length) || length < 0 || length > ADDRESS_BITS[family])
    throw new RangeError(`a prefix of ${length} bits`)
  return encodedPrefixLength(prefix)
}

function decodeIpv4(bytes: Uint8Array): { readonly prefixes: readonly Prefix[] } | { readonly problem: string } {
  const prefixes: Prefix[] = []
  for (let offset = 0; offset < bytes.length; ) {
    const length = bytes[offset++]!
    const octets = (length + 7) >>> 3
    const problem = prefixProblem(length, 32, octets, bytes.length - offset)
    if (problem) return { problem }
    let value = 0
    for (let index = 0; index < octets; index++) value |= bytes[offset + index]! << (24 - 8 * index)
    // A shift by 32 bits would be none.
    const mask = length === 0 ? 0 : -1 << (32 - length)
    prefixes.push({ address: { family: 4, value: (value & mask) >>> 0 }, length })
    offset += octets
  }
  return { prefixes }
}

function decodeIpv6(bytes: Uint8Array): { readonly prefixes: readonly Prefix[] } | { readonly problem: string } {
  const prefixes: Prefix[] = []
  const address = new Uint8Array(16)
  const view = new DataView(address.buffer)
  for (let offset = 0; offset < bytes.length; ) {
    const length = bytes[offset++]!
    const octets = (length + 7) >>> 3
    const problem = prefixProblem(length, 128, octets, bytes.length - offset)
    if (problem) return { problem }
    for (let index = 0; index < 16; index++) address[index] = index < octets ? bytes[offset + index]! : 0
    if (length & 7) address[octets - 1]! &= 0xff00 >> (length & 7)
    const value = (view.getBigUint64(0) << 64n) | view.getBigUint64(8)
    prefixes.push({ address: { family: 6, value }, length })
    offset += octets
  }
  return { prefixes }
}

/** RFC 7606 §5.3: a length that no address has, or a prefix that is broken off. */
function prefixProblem(length: number, bits: number, octets: number, remaining: number): string | undefined {
  if (length > bits) return `a prefix of ${length} bits`
  if (octets > remaining) return `a prefix of ${length} bits is broken off`
  return undefined
}
