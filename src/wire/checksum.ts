/**
 * The Internet checksum (RFC 1071) of the bytes from `start` up to `end`, which may be odd in number. Over data that holds its own
 * checksum it is 0 if that is right, and over data whose checksum field is still zero it is what to write there.
 *
 * @param sum what else is counted in, such as fields of a pseudo-header: numbers of 16 bits, added up
 */
export function internetChecksum(bytes: Uint8Array, start: number, end: number, sum = 0): number {
  const even = end - ((end - start) & 1)
  for (let index = start; index < even; index += 2) sum += (bytes[index]! << 8) | bytes[index + 1]!
  if (even < end) sum += bytes[even]! << 8
  // What the additions carried over goes back in at the bottom. Divided, not shifted: large input exceeds 32 bits.
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000)
  return 0xffff - sum
}
