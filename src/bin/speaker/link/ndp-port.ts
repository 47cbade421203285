import type { AddressCounters } from '../../../arp/responder.ts'
import type { GroupMembership } from '../../../io/multicast.ts'
import type { OpenPacketSocket, PacketSocket } from '../../../io/packet-socket.ts'
import type { Address } from '../../../ip/address.ts'
import type { Link } from '../../../layer2/link.ts'
import { unsolicitedAdvertisement } from '../../../ndp/announcement.ts'
import { NDP_FILTER } from '../../../ndp/filter.ts'
import { heardNdpOffset, hearNdp } from '../../../ndp/hear.ts'
import { Ipv6Map } from '../../../ndp/ipv6-map.ts'
import { ETHERTYPE_IPV6, Offset } from '../../../ndp/layout.ts'
import { solicitedNodeAddress } from '../../../ndp/multicast.ts'
import { probeFrame, questionFrame } from '../../../ndp/probe.ts'
import { NDP_ANSWER_LENGTH, NdpResponder } from '../../../ndp/responder.ts'
import { isSolicitation, ndpProblem, senderMacOffset } from '../../../ndp/validity.ts'
import { macAt } from '../../../wire/in-place.ts'
import { Reader } from '../../../wire/reader.ts'
import { type AddressPort, type AddressPortInit, kindOf, serveBatch } from './address-port.ts'
import { AnnouncementQueue } from './announcement-queue.ts'

type Ipv6Address = Extract<Address, { family: 6 }>

export interface NdpPortComponents {
  openPacketSocket: OpenPacketSocket
  groups: GroupMembership
}

/** Neighbour discovery on one interface. */
export class NdpPort implements AddressPort {
  readonly link: Link
  readonly #responder: NdpResponder
  readonly #socket: PacketSocket
  readonly #groups: GroupMembership
  readonly #heard = new Ipv6Map<true>()
  /** how many of the addresses listened for are in each solicited-node group: those with the same last 24 bits share one */
  readonly #groupUses = new Map<bigint, number>()
  readonly #announcements: AnnouncementQueue<bigint>
  readonly #linkLocal: bigint
  #leaving = false

  /** @throws what opening the socket throws */
  constructor(
    { openPacketSocket, groups }: NdpPortComponents,
    { link, linkLocal, onHeard, isStale, onError }: AddressPortInit & { readonly linkLocal: bigint },
  ) {
    this.link = link
    this.#linkLocal = linkLocal
    this.#groups = groups
    const responder = new NdpResponder({ mac: link.mac, linkLocal })
    const listened = this.#heard
    this.#responder = responder
    this.#announcements = new AnnouncementQueue({
      frames: address => [unsolicitedAdvertisement(link.mac, linkLocal, address)],
    })
    const hear = (frame: Uint8Array): void => {
      const offset = heardNdpOffset(frame)
      if (this.#leaving && offset >= 0 && isSolicitation(frame) && responder.addresses.find(frame, Offset.target)) {
        const value = new Reader(frame, Offset.target).uint128()
        if (!ndpProblem(frame)) onHeard('probe', { family: 6, value }, macAt(frame, senderMacOffset(frame)))
        return
      }
      if (offset < 0 || !listened.find(frame, offset)) return
      const heard = hearNdp(frame)
      if (heard) onHeard(kindOf(heard.kind, frame, link), { family: 6, value: heard.address }, heard.mac)
    }
    this.#socket = openPacketSocket({
      interfaceIndex: link.index,
      etherType: ETHERTYPE_IPV6,
      filter: NDP_FILTER,
      onBatch: batch => {
        if (!isStale()) serveBatch(batch, hear, responder, NDP_ANSWER_LENGTH)
      },
      onError,
    })
  }

  get dropped(): Readonly<Record<string, number>> {
    return this.#responder.dropped
  }

  listen({ value }: Ipv6Address): void {
    if (this.#heard.has(value)) return
    this.#heard.set(value, true)
    const group = solicitedNodeAddress(value)
    const uses = this.#groupUses.get(group) ?? 0
    this.#groupUses.set(group, uses + 1)
    if (uses === 0) this.#groups.join({ family: 6, value: group }, this.link.index)
  }

  ignore({ value }: Ipv6Address): void {
    if (!this.#heard.delete(value)) return
    const group = solicitedNodeAddress(value)
    const uses = (this.#groupUses.get(group) ?? 1) - 1
    if (uses > 0) {
      this.#groupUses.set(group, uses)
      return
    }
    this.#groupUses.delete(group)
    this.#groups.leave({ family: 6, value: group }, this.link.index)
  }

  answer({ value }: Ipv6Address, counters: AddressCounters): void {
    this.#responder.addresses.set(value, counters)
  }

  silence({ value }: Ipv6Address): void {
    this.#responder.addresses.delete(value)
    this.#announcements.delete(value)
  }

  probe({ value }: Ipv6Address): void {
    this.#socket.send([probeFrame(this.link.mac, value)])
  }

  inquire({ value }: Ipv6Address): void {
    this.#socket.send([questionFrame(this.link.mac, this.#linkLocal, value)])
  }

  announce({ value }: Ipv6Address, counters: AddressCounters): void {
    this.#announcements.add(value, counters)
  }

  flush(): boolean {
    return this.#announcements.flush(this.#socket)
  }

  leave(): void {
    this.#leaving = true
  }

  discard(): void {
    this.#socket.discard()
  }

  close(): void {
    for (const group of this.#groupUses.keys()) this.#groups.leave({ family: 6, value: group }, this.link.index)
    this.#groupUses.clear()
    this.#socket.close()
  }
}
