import { isUnicastMacAt, macAt, uint16At, uint32At } from '../wire/in-place.ts'
import type { MacAddress } from '../wire/mac-address.ts'
import {
  ADDRESS_LENGTHS,
  ARP_FRAME_LENGTH,
  ArpOperation,
  ETHERTYPE_ARP,
  HARDWARE_TYPE_ETHERNET,
  PROTOCOL_TYPE_IPV4,
} from './packet.ts'

/** What a frame says of an IPv4 address, to everybody who hears it. */
export interface HeardArp {
  /** probe: the sender asks whether the address is free (RFC 5227 §2.1.1). claim: it says that the address is at `mac` (§2.4) */
  readonly kind: 'probe' | 'claim'
  /** as an unsigned 32-bit number */
  readonly address: number
  readonly mac: MacAddress
}

/**
 * The address that a frame says something of; 0, which is nobody's, if it says nothing. A flood of ordinary questions says only
 * something of the addresses of those who ask: look those up first, and call hearArp() for an address that matters.
 */
export function heardArpAddress(frame: Uint8Array): number {
  if (
    frame.length < ARP_FRAME_LENGTH ||
    uint16At(frame, 12) !== ETHERTYPE_ARP ||
    uint16At(frame, 14) !== HARDWARE_TYPE_ETHERNET ||
    uint16At(frame, 16) !== PROTOCOL_TYPE_IPV4 ||
    uint16At(frame, 18) !== ADDRESS_LENGTHS
  ) {
    return 0
  }
  const operation = uint16At(frame, 20)
  if (operation !== ArpOperation.request && operation !== ArpOperation.reply) return 0
  if (!isUnicastMacAt(frame, 22)) return 0
  const sender = uint32At(frame, 28)
  if (sender !== 0) return sender
  return operation === ArpOperation.request ? uint32At(frame, 38) : 0
}

/**
 * What a frame says of the address that heardArpAddress() gives: a request from 0.0.0.0, that its target is asked for; any other request
 * or reply, that its sender protocol address is at its sender hardware address. Undefined if it says nothing. Own frames speak like
 * others': compare `mac`.
 */
export function hearArp(frame: Uint8Array): HeardArp | undefined {
  const address = heardArpAddress(frame)
  if (address === 0) return undefined
  return { kind: uint32At(frame, 28) === 0 ? 'probe' : 'claim', address, mac: macAt(frame, 22) }
}
