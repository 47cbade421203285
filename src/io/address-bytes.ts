import type { Address } from '../ip/address.ts'

/** An address in network order: 4 or 16 bytes. */
export function addressToBytes(address: Address): Uint8Array {
  if (address.family === 4) {
    const { value } = address
    return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
  }
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, address.value >> 64n)
  view.setBigUint64(8, address.value & 0xffff_ffff_ffff_ffffn)
  return bytes
}

/** Reads the first 4 or 16 of `bytes`, which has to be long enough. */
export function addressFromBytes(family: 4 | 6, bytes: Uint8Array): Address {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (family === 4) return { family, value: view.getUint32(0) }
  return { family, value: (view.getBigUint64(0) << 64n) | view.getBigUint64(8) }
}
