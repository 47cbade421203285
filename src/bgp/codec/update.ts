import type { ProtocolError } from '../error-codes.ts'
import type { UpdateMessage } from '../message.ts'
import type { AttributeProblem } from './attribute-problem.ts'
import type { CodecOptions } from './codec-options.ts'

/** Reads the body of an UPDATE. */
export function decodeUpdate(
  _body: Uint8Array,
  _options: CodecOptions,
): { message: UpdateMessage; problems?: readonly AttributeProblem[] } | { error: ProtocolError } {
  throw new Error('not yet written')
}

/** Writes the body of an UPDATE. */
export function encodeUpdate(_message: UpdateMessage, _options: CodecOptions): Uint8Array {
  throw new Error('not yet written')
}
