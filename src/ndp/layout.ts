import { internetChecksum } from '../wire/checksum.ts'
import { int32At, uint16At } from '../wire/in-place.ts'

// A neighbour solicitation or advertisement (RFC 4861 §4.3, §4.4) in ICMPv6, IPv6 and Ethernet, without extension headers. Offsets in
// bytes:
//
//    0  destination MAC (6)           22  source address (16)
//    6  source MAC (6)                38  destination address (16)
//   12  ethertype 0x86dd (2)          54  type 135 or 136 (1)
//   14  version 6, traffic class,     55  code 0 (1)
//       flow label (4)                56  checksum (2)
//   18  payload length (2)            58  flags of an advertisement, reserved (4)
//   20  next header 58 (1)            62  target address (16)
//   21  hop limit 255 (1)             78  options: type (1), length in units of 8 bytes (1), content
//
// The payload length ends the options; what follows is padding.

export const Offset = {
  destinationMac: 0,
  sourceMac: 6,
  etherType: 12,
  version: 14,
  payloadLength: 18,
  nextHeader: 20,
  hopLimit: 21,
  source: 22,
  destination: 38,
  type: 54,
  code: 55,
  checksum: 56,
  flags: 58,
  target: 62,
  options: 78,
} as const

export const ETHERTYPE_IPV6 = 0x86dd
export const ICMPV6 = 58
/** what no router lets through: a packet that has it comes from this segment */
export const HOP_LIMIT = 255

export const MessageType = { solicitation: 135, advertisement: 136 } as const

/** Flags of an advertisement, in the first of its four bytes. */
export const Flag = { router: 0x80, solicited: 0x40, override: 0x20 } as const

/** Option types: RFC 4861 §4.6.1; RFC 3971 §5.3.2, used for duplicate address detection by RFC 7527. */
export const OptionType = { sourceLinkLayerAddress: 1, targetLinkLayerAddress: 2, nonce: 14 } as const

/** bytes of an option that holds an Ethernet address (RFC 2464 §6) */
export const LINK_LAYER_OPTION_LENGTH = 8

/** Where the message ends, by its payload length. */
export function endOfMessage(frame: Uint8Array): number {
  return Offset.type + uint16At(frame, Offset.payloadLength)
}

/** Where the first option of a type begins, or -1. `start`: where the options begin, in a message of another kind. */
export function optionOffset(frame: Uint8Array, type: number, start: number = Offset.options): number {
  const end = endOfMessage(frame)
  for (let offset = start; offset < end; offset += Math.max(1, frame[offset + 1]!) * 8) {
    if (frame[offset] === type) return offset
  }
  return -1
}

/** True if every option has a length, and the last ends where the message does. `start` as for optionOffset(). */
export function areOptionsWhole(frame: Uint8Array, start: number = Offset.options): boolean {
  const end = endOfMessage(frame)
  let offset = start
  while (offset + 2 <= end) {
    const length = frame[offset + 1]! * 8
    if (length === 0) return false
    offset += length
  }
  return offset === end
}

/**
 * The checksum of the message (RFC 4443 §2.3): 0 if the one in it is right; what to write there if it holds zero. Counted in are the
 * addresses, which stand right before the message, its length and the next header (RFC 8200 §8.1).
 */
export function messageChecksum(frame: Uint8Array): number {
  const payloadLength = uint16At(frame, Offset.payloadLength)
  return internetChecksum(frame, Offset.source, Offset.type + payloadLength, payloadLength + ICMPV6)
}

/** True if the address at the offset is ::. */
export function isUnspecifiedAt(frame: Uint8Array, offset: number): boolean {
  for (let index = offset; index < offset + 16; index++) if (frame[index] !== 0) return false
  return true
}

/** True if the address at the offset is a solicited-node group: ff02::1:ff00:0/104 (RFC 4291 §2.7.1). */
export function isSolicitedNodeGroupAt(frame: Uint8Array, offset: number): boolean {
  return (
    int32At(frame, offset) === 0xff020000 >> 0 &&
    int32At(frame, offset + 4) === 0 &&
    int32At(frame, offset + 8) === 1 &&
    frame[offset + 12] === 0xff
  )
}
