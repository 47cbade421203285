import type { MacAddress } from '../wire/mac-address.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'

// An ARP packet for IPv4 over Ethernet (RFC 826), as it stands in a frame. Offsets in bytes:
//
//    0  destination MAC (6)          22  sender hardware address (6)
//    6  source MAC (6)               28  sender protocol address (4)
//   12  ethertype 0x0806 (2)         32  target hardware address (6)
//   14  hardware type 1 (2)          38  target protocol address (4)
//   16  protocol type 0x0800 (2)     42  padding up to 60, ignored
//   18  lengths 6 and 4 (2)
//   20  operation (2)

export const ETHERTYPE_ARP = 0x0806
export const HARDWARE_TYPE_ETHERNET = 1
export const PROTOCOL_TYPE_IPV4 = 0x0800
/** hardware address length 6 and protocol address length 4, read as one 16-bit number */
export const ADDRESS_LENGTHS = 0x0604
/** bytes of a frame that carries an ARP packet; the network card pads it to Ethernet's minimum */
export const ARP_FRAME_LENGTH = 42

export const ArpOperation = { request: 1, reply: 2 } as const

/** An Ethernet frame with an ARP packet. IPv4 addresses are unsigned 32-bit numbers. */
export interface ArpFrame {
  readonly destination: MacAddress
  readonly source: MacAddress
  /** 1 request, 2 reply; other numbers exist (RFC 903, RFC 2390) and are kept as they came */
  readonly operation: number
  readonly senderHardwareAddress: MacAddress
  readonly senderProtocolAddress: number
  readonly targetHardwareAddress: MacAddress
  readonly targetProtocolAddress: number
}

/** Why bytes are no ARP packet for IPv4 over Ethernet. */
export type ArpProblem = 'truncated' | 'notArp' | 'unknownHardwareType' | 'unknownProtocolType' | 'wrongAddressLengths'

/** Reads a frame. What follows the packet is padding and is ignored, as Ethernet's minimum length demands. */
export function decodeArpFrame(bytes: Uint8Array): { frame: ArpFrame } | { problem: ArpProblem } {
  const reader = new Reader(bytes)
  const destination = reader.uint48()
  const source = reader.uint48()
  const etherType = reader.uint16()
  const hardwareType = reader.uint16()
  const protocolType = reader.uint16()
  const addressLengths = reader.uint16()
  const operation = reader.uint16()
  const senderHardwareAddress = reader.uint48()
  const senderProtocolAddress = reader.uint32()
  const targetHardwareAddress = reader.uint48()
  const targetProtocolAddress = reader.uint32()
  if (reader.truncated) return { problem: 'truncated' }
  if (etherType !== ETHERTYPE_ARP) return { problem: 'notArp' }
  // RFC 826, "Packet Reception": these questions in this order.
  if (hardwareType !== HARDWARE_TYPE_ETHERNET) return { problem: 'unknownHardwareType' }
  if (protocolType !== PROTOCOL_TYPE_IPV4) return { problem: 'unknownProtocolType' }
  if (addressLengths !== ADDRESS_LENGTHS) return { problem: 'wrongAddressLengths' }
  return {
    frame: {
      destination,
      source,
      operation,
      senderHardwareAddress,
      senderProtocolAddress,
      targetHardwareAddress,
      targetProtocolAddress,
    },
  }
}

/**
 * Writes a frame of 42 bytes.
 *
 * @throws RangeError when a field does not fit
 */
export function encodeArpFrame(frame: ArpFrame): Uint8Array {
  return new Writer({ capacity: ARP_FRAME_LENGTH })
    .uint48(frame.destination)
    .uint48(frame.source)
    .uint16(ETHERTYPE_ARP)
    .uint16(HARDWARE_TYPE_ETHERNET)
    .uint16(PROTOCOL_TYPE_IPV4)
    .uint16(ADDRESS_LENGTHS)
    .uint16(frame.operation)
    .uint48(frame.senderHardwareAddress)
    .uint32(frame.senderProtocolAddress)
    .uint48(frame.targetHardwareAddress)
    .uint32(frame.targetProtocolAddress)
    .finish()
}
