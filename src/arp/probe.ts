import { BROADCAST_MAC, type MacAddress } from '../wire/mac-address.ts'
import { ArpOperation, encodeArpFrame } from './packet.ts'

/**
 * Asks whether anybody uses an address, in nobody's name: RFC 5227 §2.1.1, sender protocol address zero, so that nobody's cache
 * learns from the question.
 *
 * @param address an IPv4 address as an unsigned 32-bit number
 */
export function arpProbe(mac: MacAddress, address: number): Uint8Array {
  return arpQuestion(mac, 0, address)
}

/**
 * Asks for an address as any host does that wants to send something there (RFC 826).
 *
 * @param sender an address of the one that asks
 */
export function arpQuestion(mac: MacAddress, sender: number, address: number): Uint8Array {
  return encodeArpFrame({
    destination: BROADCAST_MAC,
    source: mac,
    operation: ArpOperation.request,
    senderHardwareAddress: mac,
    senderProtocolAddress: sender,
    targetHardwareAddress: 0,
    targetProtocolAddress: address,
  })
}
