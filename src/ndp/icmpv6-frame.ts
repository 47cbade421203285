import type { MacAddress } from '../wire/mac-address.ts'
import { Writer } from '../wire/writer.ts'
import { ETHERTYPE_IPV6, HOP_LIMIT, ICMPV6, messageChecksum, Offset } from './layout.ts'

/** From whom a frame comes and to whom it goes. IPv6 addresses are unsigned 128-bit numbers. */
export interface FrameAddresses {
  readonly destination: MacAddress
  readonly source: MacAddress
  readonly sourceAddress: bigint
  readonly destinationAddress: bigint
}

/**
 * An Ethernet frame with a message of neighbour discovery: hop limit 255, checksum worked out.
 *
 * @param message from the ICMPv6 type on, with zeros for its checksum
 * @throws RangeError when a field does not fit
 */
export function encodeIcmpv6Frame(addresses: FrameAddresses, message: Uint8Array): Uint8Array {
  const bytes = new Writer({ capacity: Offset.type + message.length })
    .uint48(addresses.destination)
    .uint48(addresses.source)
    .uint16(ETHERTYPE_IPV6)
    .uint32(0x6000_0000)
    .uint16(message.length)
    .uint8(ICMPV6)
    .uint8(HOP_LIMIT)
    .uint128(addresses.sourceAddress)
    .uint128(addresses.destinationAddress)
    .bytes(message)
    .finish()
  storeChecksum(bytes)
  return bytes
}

/** Works the checksum out anew, whatever stands there. */
export function storeChecksum(frame: Uint8Array): void {
  frame[Offset.checksum] = 0
  frame[Offset.checksum + 1] = 0
  const checksum = messageChecksum(frame)
  frame[Offset.checksum] = checksum >>> 8
  frame[Offset.checksum + 1] = checksum
}
