import type { AddressCounters } from '../arp/responder.ts'
import { isUnicastMacAt, macAt, storeMac } from '../wire/in-place.ts'
import type { MacAddress } from '../wire/mac-address.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { storeChecksum } from './icmpv6-frame.ts'
import { Ipv6Map } from './ipv6-map.ts'
import { Flag, isUnspecifiedAt, LINK_LAYER_OPTION_LENGTH, Offset } from './layout.ts'
import { ALL_NODES_ADDRESS, ALL_NODES_MAC } from './multicast.ts'
import { encodeNdpFrame } from './packet.ts'
import { isSolicitation, NDP_VALIDITY_RULES, type NdpProblem, senderMacOffset } from './validity.ts'

/** bytes of an answer: an advertisement with one option, the target link-layer address */
export const NDP_ANSWER_LENGTH = Offset.options + LINK_LAYER_OPTION_LENGTH

/** What all answers have in common; addressed to all nodes. */
const TEMPLATE = encodeNdpFrame({
  destination: ALL_NODES_MAC,
  source: 0,
  sourceAddress: 0n,
  destinationAddress: ALL_NODES_ADDRESS,
  message: {
    type: 'advertisement',
    router: false,
    solicited: false,
    override: true,
    target: 0n,
    targetLinkLayerAddress: 0,
  },
})

/** Why a frame is not answered. */
export type NdpDropReason =
  | NdpProblem
  | 'notSolicitation'
  | 'otherDestination'
  | 'ownFrame'
  | 'senderNotUnicast'
  | 'notAnnounced'
  | 'claimedByOther'

interface ReceiveRule {
  readonly reason: NdpDropReason
  readonly drops: (frame: Uint8Array, responder: NdpResponder) => boolean
}

/**
 * When a frame is answered: when no rule drops it; the first that does names the reason. The rules read the bytes in place and create
 * nothing, because a flood of solicitations passes through them.
 */
export const NDP_RECEIVE_RULES: readonly ReceiveRule[] = [
  ...NDP_VALIDITY_RULES,
  { reason: 'notSolicitation', drops: frame => !isSolicitation(frame) },
  {
    reason: 'otherDestination',
    drops: (frame, { mac }) => !isSolicitedNodeMac(frame) && macAt(frame, Offset.destinationMac) !== mac,
  },
  {
    reason: 'ownFrame',
    drops: (frame, { mac }) => macAt(frame, Offset.sourceMac) === mac || macAt(frame, senderMacOffset(frame)) === mac,
  },
  // The answer goes there: a group would make this node repeat one frame to all.
  {
    reason: 'senderNotUnicast',
    drops: frame => !isUnicastMacAt(frame, Offset.sourceMac) || !isUnicastMacAt(frame, senderMacOffset(frame)),
  },
  { reason: 'notAnnounced', drops: (frame, { addresses }) => addresses.find(frame, Offset.target) === undefined },
  // Another host asks in the name of the address. That is a conflict to settle, not a question to answer.
  { reason: 'claimedByOther', drops: frame => isSameAddress(frame, Offset.source, Offset.target) },
]

/** Answers neighbour solicitations on one interface, those to the solicited-node group and those to this node alone. */
export class NdpResponder {
  /** the interface's own address; set anew when the interface changes it */
  mac: MacAddress
  /** the addresses answered for on this interface, as unsigned 128-bit numbers */
  readonly addresses = new Ipv6Map<AddressCounters>()
  #linkLocal: Uint8Array
  /** dropped frames by the position of the rule in NDP_RECEIVE_RULES */
  readonly #dropped = new Float64Array(NDP_RECEIVE_RULES.length)

  constructor(init: { mac: MacAddress; linkLocal: bigint }) {
    this.mac = init.mac
    this.#linkLocal = addressBytes(init.linkLocal)
  }

  /** The interface's link-local address, from which answers come; set anew when the interface changes it. */
  get linkLocal(): bigint {
    return new Reader(this.#linkLocal).uint128()
  }

  set linkLocal(address: bigint) {
    this.#linkLocal = addressBytes(address)
  }

  /** Frames dropped so far, by reason; reasons that never occurred are left out. */
  get dropped(): Partial<Record<NdpDropReason, number>> {
    const counts: Partial<Record<NdpDropReason, number>> = {}
    for (const [index, { reason }] of NDP_RECEIVE_RULES.entries()) {
      const count = this.#dropped[index]!
      if (count > 0) counts[reason] = count
    }
    return counts
  }

  /** Judges one received frame: gives the counters of the address that it asks for, or undefined when there is nothing to answer. */
  accept(frame: Uint8Array): AddressCounters | undefined {
    for (let index = 0; index < NDP_RECEIVE_RULES.length; index++) {
      if (NDP_RECEIVE_RULES[index]!.drops(frame, this)) {
        this.#dropped[index]!++
        return undefined
      }
    }
    const counters = this.addresses.find(frame, Offset.target)!
    counters.requestsReceived++
    return counters
  }

  /**
   * Writes the answer to an accepted frame into all 86 bytes of `reply`: to the asker (RFC 4861 §7.2.4), or, when the asker has no
   * address yet, to all (§7.2.4 again, RFC 4862 §5.4.4).
   */
  answer(request: Uint8Array, reply: Uint8Array): void {
    reply.set(TEMPLATE)
    storeMac(reply, Offset.sourceMac, this.mac)
    reply.set(this.#linkLocal, Offset.source)
    copy(request, Offset.target, reply, Offset.target, 16)
    storeMac(reply, Offset.options + 2, this.mac)
    if (!isUnspecifiedAt(request, Offset.source)) {
      copy(request, senderMacOffset(request), reply, Offset.destinationMac, 6)
      copy(request, Offset.source, reply, Offset.destination, 16)
      reply[Offset.flags]! |= Flag.solicited
    }
    storeChecksum(reply)
  }
}

/** True if the frame goes to 33:33:ff, the MACs of solicited-node groups. */
function isSolicitedNodeMac(frame: Uint8Array): boolean {
  return frame[0] === 0x33 && frame[1] === 0x33 && frame[2] === 0xff
}

function isSameAddress(frame: Uint8Array, a: number, b: number): boolean {
  for (let index = 0; index < 16; index++) if (frame[a + index] !== frame[b + index]) return false
  return true
}

function copy(from: Uint8Array, fromOffset: number, to: Uint8Array, toOffset: number, length: number): void {
  for (let index = 0; index < length; index++) to[toOffset + index] = from[fromOffset + index]!
}

function addressBytes(address: bigint): Uint8Array {
  return new Writer({ capacity: 16 }).uint128(address).finish()
}
