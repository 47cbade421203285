import type { Writer } from '../../wire/writer.ts'
import { UpdateSubcode } from '../error-codes.ts'
import type { PathAttributes } from '../message.ts'
import { type AttributeFault, Handling } from './attribute-problem.ts'
import type { CodecOptions } from './codec-options.ts'

/** The flag bits of an attribute (RFC 4271 §4.3). */
export const AttributeFlag = { optional: 0x80, transitive: 0x40, partial: 0x20, extendedLength: 0x10 } as const

/** Which of the flags optional and transitive an attribute has to have. */
export const AttributeKind = { wellKnown: 0x40, optionalTransitive: 0xc0, optionalNonTransitive: 0x80 } as const
export type AttributeKind = (typeof AttributeKind)[keyof typeof AttributeKind]

/** The attributes of an UPDATE while they are being read. */
export type AttributeDraft = {
  -readonly [Name in keyof PathAttributes]: PathAttributes[Name]
} & {
  /** RFC 6793: what speakers of two-octet AS numbers have passed on */
  as4Path?: PathAttributes['asPath']
  as4Aggregator?: PathAttributes['aggregator']
}

/** How one attribute is read and written. */
export interface AttributeCodec {
  readonly code: number
  readonly kind: AttributeKind
  /** on which sessions it means nothing: then it is dropped whatever is in it, and this tells why */
  readonly unwanted?: (options: CodecOptions) => string | undefined
  /** Reads the value into the draft; the fault if it is malformed. */
  readonly decode: (value: Uint8Array, draft: AttributeDraft, options: CodecOptions) => AttributeFault | undefined
  /**
   * Begins the attribute with the length of its value, and writes the value; does neither when the attribute is absent. Without this method
   * the attribute stays raw, once decode() has found it well-formed.
   */
  readonly encode?: (attributes: PathAttributes, begin: BeginAttribute, options: CodecOptions) => void
}

/** Writes the header of the attribute at hand; the value follows. */
export type BeginAttribute = (valueLength: number) => Writer

/** A fault that makes the UPDATE's routes withdrawn ones. */
export function withdrawFor(subcode: UpdateSubcode, reason: string): AttributeFault {
  return { handling: Handling.treatAsWithdraw, subcode, reason }
}

/** A fault that costs no more than the attribute. */
export function discardFor(subcode: UpdateSubcode, reason: string): AttributeFault {
  return { handling: Handling.attributeDiscard, subcode, reason }
}

/** A fault behind which prefixes cannot be found any more. */
export function resetFor(subcode: UpdateSubcode, reason: string): AttributeFault {
  return { handling: Handling.sessionReset, subcode, reason }
}

/** A length that the attribute cannot have. */
export function wrongLength(value: Uint8Array, handle: typeof withdrawFor): AttributeFault {
  return handle(UpdateSubcode.attributeLengthError, `it cannot have ${value.length} octets`)
}
