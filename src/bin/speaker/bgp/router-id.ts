import { createHash } from 'node:crypto'
import type { Address } from '../../../ip/address.ts'

/**
 * The BGP identifier of a node (RFC 6286 §2.1: unique within the AS, not zero): its IPv4 address, the first in the order that the node
 * names them; without one, 32 bits of a hash of its name.
 */
export function deriveRouterId(nodeName: string, addresses: readonly Address[]): number {
  const own = addresses.find(({ family }) => family === 4)
  if (own?.family === 4 && own.value !== 0) return own.value
  return createHash('sha256').update(nodeName).digest().readUInt32BE() || 1
}
