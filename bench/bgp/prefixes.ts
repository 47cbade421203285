/** What is announced: host routes of the range for benchmarks (RFC 2544), because those for documentation hold too few. No packet goes there. */
export const POOL = '198.18.0.0/15'

const FIRST = 0xc6120000

export function announcedValue(index: number): number {
  return FIRST + index
}

export function announcedAddress(index: number): string {
  return `198.${18 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`
}
