import { macAt, storeMac, uint16At, uint32At } from '../wire/in-place.ts'
import { BROADCAST_MAC, type MacAddress } from '../wire/mac-address.ts'
import {
  ADDRESS_LENGTHS,
  ARP_FRAME_LENGTH,
  ArpOperation,
  ETHERTYPE_ARP,
  HARDWARE_TYPE_ETHERNET,
  PROTOCOL_TYPE_IPV4,
} from './packet.ts'

/** What happened for one address; shared by all interfaces that announce it. */
export interface AddressCounters {
  requestsReceived: number
  responsesSent: number
  gratuitousSent: number
}

/** Why a frame is not answered. */
export type ArpDropReason =
  | 'truncated'
  | 'otherDestination'
  | 'notArp'
  | 'unknownHardwareType'
  | 'unknownProtocolType'
  | 'wrongAddressLengths'
  | 'notRequest'
  | 'senderNotUnicast'
  | 'ownFrame'
  | 'notAnnounced'
  | 'claimedByOther'

interface ReceiveRule {
  readonly reason: ArpDropReason
  readonly drops: (frame: Uint8Array, responder: ArpResponder) => boolean
}

/**
 * When a frame is answered: when no rule drops it; the first that does names the reason. The rules read the bytes in place and create
 * nothing, because a flood of requests passes through them.
 */
export const ARP_RECEIVE_RULES: readonly ReceiveRule[] = [
  { reason: 'truncated', drops: frame => frame.length < ARP_FRAME_LENGTH },
  {
    reason: 'otherDestination',
    drops: (frame, { mac }) => {
      const destination = macAt(frame, 0)
      return destination !== BROADCAST_MAC && destination !== mac
    },
  },
  { reason: 'notArp', drops: frame => uint16At(frame, 12) !== ETHERTYPE_ARP },
  // RFC 826, "Packet Reception": hardware type, protocol type, lengths, in this order.
  { reason: 'unknownHardwareType', drops: frame => uint16At(frame, 14) !== HARDWARE_TYPE_ETHERNET },
  { reason: 'unknownProtocolType', drops: frame => uint16At(frame, 16) !== PROTOCOL_TYPE_IPV4 },
  { reason: 'wrongAddressLengths', drops: frame => uint16At(frame, 18) !== ADDRESS_LENGTHS },
  { reason: 'notRequest', drops: frame => uint16At(frame, 20) !== ArpOperation.request },
  // The answer goes to the sender hardware address: a group there would make this node repeat one frame to all.
  { reason: 'senderNotUnicast', drops: frame => (frame[22]! & 1) === 1 || macAt(frame, 22) === 0 },
  { reason: 'ownFrame', drops: (frame, { mac }) => macAt(frame, 22) === mac },
  { reason: 'notAnnounced', drops: (frame, { addresses }) => !addresses.has(uint32At(frame, 38)) },
  // RFC 5227 §2.4: another host announces the address. That is a conflict to settle, not a question to answer.
  { reason: 'claimedByOther', drops: frame => uint32At(frame, 28) === uint32At(frame, 38) },
]

/** Answers ARP requests on one interface. */
export class ArpResponder {
  /** the interface's own address; set anew when the interface changes it */
  mac: MacAddress
  /** the addresses answered for on this interface, as unsigned 32-bit numbers */
  readonly addresses = new Map<number, AddressCounters>()
  /** dropped frames by the position of the rule in ARP_RECEIVE_RULES */
  readonly #dropped = new Float64Array(ARP_RECEIVE_RULES.length)

  constructor(init: { mac: MacAddress }) {
    this.mac = init.mac
  }

  /** Frames dropped so far, by reason; reasons that never occurred are left out. */
  get dropped(): Partial<Record<ArpDropReason, number>> {
    const counts: Partial<Record<ArpDropReason, number>> = {}
    for (const [index, { reason }] of ARP_RECEIVE_RULES.entries()) {
      const count = this.#dropped[index]!
      if (count > 0) counts[reason] = count
    }
    return counts
  }

  /**
   * Judges one received frame: gives the counters of the address that it asks for, or undefined when there is nothing to answer. RFC
   * 5227 §2.1.1: a probe, a request from 0.0.0.0, is answered like any other.
   */
  accept(frame: Uint8Array): AddressCounters | undefined {
    for (let index = 0; index < ARP_RECEIVE_RULES.length; index++) {
      if (ARP_RECEIVE_RULES[index]!.drops(frame, this)) {
        this.#dropped[index]!++
        return undefined
      }
    }
    const counters = this.addresses.get(uint32At(frame, 38))!
    counters.requestsReceived++
    return counters
  }

  /**
   * Writes the answer to an accepted frame into all 42 bytes of `reply`. RFC 826: sender and target change places, the hardware
   * address asked for is filled in, and the answer goes to who asked.
   */
  answer(request: Uint8Array, reply: Uint8Array): void {
    for (let index = 0; index < 6; index++) {
      const asker = request[22 + index]!
      reply[index] = asker
      reply[32 + index] = asker
    }
    storeMac(reply, 6, this.mac)
    for (let index = 12; index < 20; index++) reply[index] = request[index]!
    reply[20] = 0
    reply[21] = ArpOperation.reply
    storeMac(reply, 22, this.mac)
    for (let index = 0; index < 4; index++) {
      reply[28 + index] = request[38 + index]!
      reply[38 + index] = request[28 + index]!
    }
  }
}
