import { fromHex } from '../../../support/hex.ts'

/** Bytes written as hexadecimal digits, a field on each line, with a comment behind `//`. */
export function fromDump(text: string): Uint8Array {
  return fromHex(text.replaceAll(/\/\/.*$/gm, ''))
}

const MARKER = 'ff'.repeat(16)

/** A whole message: the header in front of the body. */
export function messageOf(type: number, body: Uint8Array): Uint8Array {
  const length = 19 + body.length
  return Uint8Array.of(...fromHex(MARKER), length >>> 8, length & 255, type, ...body)
}
