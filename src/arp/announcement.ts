import { BROADCAST_MAC, type MacAddress } from '../wire/mac-address.ts'
import { ArpOperation, encodeArpFrame } from './packet.ts'

/**
 * The two frames that tell a segment where an address lives now. Some hosts learn from requests alone and some from replies alone,
 * so both are sent each time.
 *
 * @param address an IPv4 address as an unsigned 32-bit number
 */
export function gratuitousFrames(mac: MacAddress, address: number): [request: Uint8Array, reply: Uint8Array] {
  const common = {
    destination: BROADCAST_MAC,
    source: mac,
    senderHardwareAddress: mac,
    senderProtocolAddress: address,
    targetProtocolAddress: address,
  }
  return [
    // RFC 5227 §2.3: an announcement is a request whose sender and target address are the same; §3 says why a request.
    encodeArpFrame({ ...common, operation: ArpOperation.request, targetHardwareAddress: 0 }),
    // RFC 5944 §4.6: in a reply the target hardware address is the one to be learnt.
    encodeArpFrame({ ...common, operation: ArpOperation.reply, targetHardwareAddress: mac }),
  ]
}
