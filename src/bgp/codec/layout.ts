import type { Family } from '../../ip/address.ts'
import { type AddressFamily, Afi, SAFI_UNICAST } from '../message.ts'

// Every BGP message (RFC 4271 §4.1). Offsets in bytes:
//
//    0  marker, all ones (16)      18  type (1)
//   16  length of all (2)          19  body

export const MARKER_LENGTH = 16
export const HEADER_LENGTH = 19
/** RFC 4271 §4.1 */
export const MAX_MESSAGE_LENGTH = 4096
/** RFC 8654 §4 */
export const MAX_EXTENDED_MESSAGE_LENGTH = 65535

/** what fits into a NOTIFICATION that is not extended */
export const MAX_NOTIFICATION_DATA_LENGTH = MAX_MESSAGE_LENGTH - HEADER_LENGTH - 2

/** RFC 4271 §4.1, RFC 2918 §3 */
export const MessageType = { open: 1, update: 2, notification: 3, keepalive: 4, routeRefresh: 5 } as const
export type MessageType = (typeof MessageType)[keyof typeof MessageType]

/** RFC 6793 §9: stands where a number of four octets does not fit. */
export const AS_TRANS = 23456

/** The IP family of a BGP address family; undefined for those that Herald does not speak. */
export function spokenFamily({ afi, safi }: AddressFamily): Family | undefined {
  if (safi !== SAFI_UNICAST) return undefined
  return afi === Afi.ipv4 ? 4 : afi === Afi.ipv6 ? 6 : undefined
}
