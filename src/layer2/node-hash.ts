import { hash } from 'node:crypto'

/**
 * sha256(`node#address`): the order of nodes for an address on which all agree. One character a byte: half the memory of
 * hexadecimal digits, and strings compare as the bytes do.
 */
export function nodeHash(node: string, address: string): string {
  return sha256(`${node}#${address}`)
}

export function sha256(text: string): string {
  return hash('sha256', text, 'binary')
}
