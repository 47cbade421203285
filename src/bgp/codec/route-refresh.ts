import { Reader } from '../../wire/reader.ts'
import type { Writer } from '../../wire/writer.ts'
import { ErrorCode, HeaderSubcode, type ProtocolError, RouteRefreshSubcode } from '../error-codes.ts'
import type { RouteRefreshMessage } from '../message.ts'
import { HEADER_LENGTH, MARKER_LENGTH, MAX_NOTIFICATION_DATA_LENGTH, MessageType } from './layout.ts'

// RFC 2918 §3, RFC 7313 §3.2: AFI (2), subtype (1), SAFI (1).
const bodyLength = 4

/** RFC 7313 §3.2: 0 asks for all routes of the family again, 1 and 2 enclose them. Others are to be ignored. */
export const RouteRefreshSubtype = { request: 0, begin: 1, end: 2 } as const
export type RouteRefreshSubtype = (typeof RouteRefreshSubtype)[keyof typeof RouteRefreshSubtype]

/** Reads the body of a ROUTE-REFRESH. */
export function decodeRouteRefresh(body: Uint8Array): { message: RouteRefreshMessage } | { error: ProtocolError } {
  const reader = new Reader(body)
  const afi = reader.uint16()
  const subtype = reader.uint8()
  const safi = reader.uint8()
  if (body.length !== bodyLength) return { error: lengthError(body, subtype) }
  return { message: { type: 'routeRefresh', afi, safi, subtype } }
}

/** Writes the body of a ROUTE-REFRESH. */
export function writeRouteRefresh(writer: Writer, { afi, safi, subtype }: RouteRefreshMessage): void {
  writer.uint16(afi).uint8(subtype).uint8(safi)
}

function lengthError(body: Uint8Array, subtype: number): ProtocolError {
  const length = HEADER_LENGTH + body.length
  const reason = `a ROUTE-REFRESH of ${length} octets instead of ${HEADER_LENGTH + bodyLength}`
  const lengthField = Uint8Array.of(length >>> 8, length)
  // RFC 7313 §5: of a marker of begin or end the whole message is sent back.
  if (subtype === RouteRefreshSubtype.begin || subtype === RouteRefreshSubtype.end) {
    const message = new Uint8Array(length).fill(0xff, 0, MARKER_LENGTH)
    message.set(lengthField, MARKER_LENGTH)
    message[HEADER_LENGTH - 1] = MessageType.routeRefresh
    message.set(body, HEADER_LENGTH)
    const data = message.subarray(0, MAX_NOTIFICATION_DATA_LENGTH)
    return { code: ErrorCode.routeRefresh, subcode: RouteRefreshSubcode.invalidMessageLength, data, reason }
  }
  return { code: ErrorCode.messageHeader, subcode: HeaderSubcode.badMessageLength, data: lengthField, reason }
}
