import assert from 'node:assert/strict'
import { BASIC_OPTIONS, type CodecOptions } from '../../../../src/bgp/codec/codec-options.ts'
import { decodeMessage } from '../../../../src/bgp/codec/decode-message.ts'
import type { UpdateSubcode } from '../../../../src/bgp/error-codes.ts'
import type { UpdateMessage } from '../../../../src/bgp/message.ts'
import { fromDump } from './dump.ts'

// What UPDATEs with faults are made of, in hexadecimal digits.

export const external: CodecOptions = { ...BASIC_OPTIONS, fourOctetAs: true }
export const internal: CodecOptions = { ...external, internal: true }
export const twoOctets: CodecOptions = BASIC_OPTIONS

export const ORIGIN = '40 01 01 00'
export const AS_PATH = '40 02 06 0201 0000fbf4'
export const AS_PATH_2 = '40 02 04 0201 fbf4'
export const NEXT_HOP = '40 03 04 c0000201'
export const LOCAL_PREF = '40 05 04 00000064'
export const REACH = '80 0e 1a 0002 01 10 20010db8000000000000000000000001 00 20 20010db8'
export const GOOD = `${ORIGIN} ${AS_PATH} ${NEXT_HOP}`
export const GOOD_2 = `${ORIGIN} ${AS_PATH_2} ${NEXT_HOP}`
export const PREFIX = '18 cb0071'

/** An UPDATE with one faulty attribute, which the session survives. */
export interface Row {
  name: string
  /** where the RFC says so; RFC 7606 if no other is named */
  section: string
  attributes: string
  options?: CodecOptions
  /** prefixes behind the attributes; 203.0.113.0/24 if not given */
  announced?: string
  /** the type code of the attribute at fault */
  attribute: number
  /** what a NOTIFICATION would say */
  subcode: UpdateSubcode
}

/** Reads the body of an UPDATE that does not end the session. */
export function decode(body: string, options: CodecOptions) {
  const decoded = decodeMessage({ type: 2, body: fromDump(body) }, options)
  assert.ok('message' in decoded, 'error' in decoded ? decoded.error.reason : '')
  return { message: decoded.message as UpdateMessage, problems: decoded.problems ?? [] }
}

/** The body of an UPDATE, its lengths added. */
export function update(attributes: string, announced = '', withdrawnPrefixes = ''): string {
  const length = (hex: string) => fromDump(hex).length.toString(16).padStart(4, '0')
  return `${length(withdrawnPrefixes)} ${withdrawnPrefixes} ${length(attributes)} ${attributes} ${announced}`
}
