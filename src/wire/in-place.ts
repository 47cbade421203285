import type { MacAddress } from './mac-address.ts'

// Big-endian fields of a received frame, read where they stand: for the paths that a flood of packets takes, where a Reader for each
// packet would cost more than the packet. The caller has checked the length; past the end there is nothing but zeros.

export function uint16At(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!
}

/** Four bytes as a signed number, for comparing and hashing. */
export function int32At(bytes: Uint8Array, offset: number): number {
  return (uint16At(bytes, offset) << 16) | uint16At(bytes, offset + 2)
}

export function uint32At(bytes: Uint8Array, offset: number): number {
  return int32At(bytes, offset) >>> 0
}

export function macAt(bytes: Uint8Array, offset: number): MacAddress {
  return uint16At(bytes, offset) * 2 ** 32 + uint32At(bytes, offset + 2)
}

/** True if the address at the offset is that of one station, see isUnicastMac(). */
export function isUnicastMacAt(bytes: Uint8Array, offset: number): boolean {
  return (bytes[offset]! & 1) === 0 && macAt(bytes, offset) !== 0
}

export function storeMac(bytes: Uint8Array, offset: number, mac: MacAddress): void {
  const high = Math.floor(mac / 2 ** 32)
  bytes[offset] = high >>> 8
  bytes[offset + 1] = high
  bytes[offset + 2] = mac >>> 24
  bytes[offset + 3] = mac >>> 16
  bytes[offset + 4] = mac >>> 8
  bytes[offset + 5] = mac
}
