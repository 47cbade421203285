import type { PathAttributes } from '../message.ts'
import type { CodecOptions } from './codec-options.ts'

/**
 * Writes path attributes as they stand in an UPDATE, MP_REACH_NLRI and MP_UNREACH_NLRI first (RFC 7606 §5.1).
 *
 * @throws RangeError when a field does not fit
 */
export function encodePathAttributes(_attributes: PathAttributes, _options: CodecOptions): Uint8Array {
  throw new Error('not yet written')
}
