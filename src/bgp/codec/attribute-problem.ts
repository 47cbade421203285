import type { UpdateSubcode } from '../error-codes.ts'

/** RFC 7606 §2: what is done about a malformed attribute, the strongest last. */
export const Handling = { attributeDiscard: 0, treatAsWithdraw: 1, sessionReset: 2 } as const
export type Handling = (typeof Handling)[keyof typeof Handling]

/** What is wrong with an attribute, and what that asks for. */
export interface AttributeFault {
  readonly handling: Handling
  /** what a NOTIFICATION would say about it */
  readonly subcode: UpdateSubcode
  readonly reason: string
}

/** A fault of an UPDATE, and where it is. */
export interface AttributeProblem extends AttributeFault {
  /** the attribute's type code; 0 when it cannot be told */
  readonly attribute: number
  /** what a NOTIFICATION would carry about it (RFC 4271 §6.3), mostly the attribute as it came */
  readonly data: Uint8Array
}
