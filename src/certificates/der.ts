/**
 * Writes ASN.1 values in the Distinguished Encoding Rules (ITU-T X.690), as far as a certificate has them. Nothing is read here: that is left to
 * the TLS library.
 */

const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

const CONTEXT_SPECIFIC = 0x80
const CONSTRUCTED = 0x20

/** X.690 §8.1.3: one octet up to 127, else the number of octets that follow, and they. */
function value(tag: number, content: Uint8Array): Uint8Array {
  const length: number[] = []
  for (let rest = content.length; rest > 0; rest >>>= 8) length.unshift(rest & 0xff)
  const header = content.length < 0x80 ? [tag, content.length] : [tag, 0x80 | length.length, ...length]
  return concat([Uint8Array.from(header), content])
}

export const sequence = (...parts: readonly Uint8Array[]) => value(Tag.sequence, concat(parts))
export const setOf = (part: Uint8Array) => value(Tag.set, part)
export const booleanTrue = () => value(Tag.boolean, Uint8Array.of(0xff))
export const octetString = (content: Uint8Array) => value(Tag.octetString, content)
export const utf8String = (text: string) => value(Tag.utf8String, new TextEncoder().encode(text))

/** X.690 §8.3.2: the fewest octets of two's complement. */
export function positiveInteger(bytes: Uint8Array): Uint8Array {
  let first = bytes.findIndex(byte => byte !== 0)
  if (first < 0) first = bytes.length - 1
  const digits = bytes.subarray(first)
  return value(Tag.integer, digits[0]! >= 0x80 ? concat([Uint8Array.of(0), digits]) : digits)
}

/** @param unusedBits of the last octet */
export function bitString(content: Uint8Array, unusedBits = 0): Uint8Array {
  return value(Tag.bitString, concat([Uint8Array.of(unusedBits), content]))
}

/** X.690 §8.19: the first two numbers in one, each in groups of seven bits. */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const octets = [first * 40 + second, ...rest].flatMap(number => {
    const groups = [number & 0x7f]
    for (let left = number >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80)
    return groups
  })
  return value(Tag.objectIdentifier, Uint8Array.from(octets))
}

/** RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on, in whole seconds. */
export function time(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  const isLate = new Date(ms).getUTCFullYear() >= 2050
  const text = new TextEncoder().encode(isLate ? digits : digits.slice(2))
  return value(isLate ? Tag.generalizedTime : Tag.utcTime, text)
}

/** A value under a tag of its context that replaces its own (IMPLICIT), or goes around it (EXPLICIT, constructed). */
export function contextSpecific(number: number, content: Uint8Array, { constructed = false } = {}): Uint8Array {
  return value(CONTEXT_SPECIFIC | (constructed ? CONSTRUCTED : 0) | number, content)
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.length
  }
  return bytes
}
