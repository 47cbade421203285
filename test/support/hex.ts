/** Bytes that a test writes as hexadecimal digits, with blanks where they help the reader. */
export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.replaceAll(/\s/g, '').match(/../g) ?? [], byte => Number.parseInt(byte, 16))
}
