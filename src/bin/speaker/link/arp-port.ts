import { gratuitousFrames } from '../../../arp/announcement.ts'
import { hearArp, heardArpAddress } from '../../../arp/hear.ts'
import { ARP_FRAME_LENGTH, ArpOperation, ETHERTYPE_ARP } from '../../../arp/packet.ts'
import { arpProbe, arpQuestion } from '../../../arp/probe.ts'
import { type AddressCounters, ArpResponder } from '../../../arp/responder.ts'
import type { OpenPacketSocket, PacketSocket } from '../../../io/packet-socket.ts'
import type { Address } from '../../../ip/address.ts'
import type { Link } from '../../../layer2/link.ts'
import { macAt, uint16At, uint32At } from '../../../wire/in-place.ts'
import { type AddressPort, type AddressPortInit, kindOf, serveBatch } from './address-port.ts'
import { AnnouncementQueue } from './announcement-queue.ts'

type Ipv4Address = Extract<Address, { family: 4 }>

export interface ArpPortInit extends AddressPortInit {
  /** an IPv4 address of the interface, or of the node; 0 when it has none */
  ownAddress(): number
}

/** ARP on one interface. */
export class ArpPort implements AddressPort {
  readonly link: Link
  readonly #responder: ArpResponder
  readonly #socket: PacketSocket
  readonly #heard = new Set<number>()
  readonly #announcements: AnnouncementQueue<number>
  readonly #ownAddress: () => number
  #leaving = false

  /** @throws what opening the socket throws */
  constructor(
    { openPacketSocket }: { openPacketSocket: OpenPacketSocket },
    { link, ownAddress, onHeard, isStale, onError }: ArpPortInit,
  ) {
    this.link = link
    this.#ownAddress = ownAddress
    const responder = new ArpResponder({ mac: link.mac })
    const listened = this.#heard
    this.#responder = responder
    this.#announcements = new AnnouncementQueue({ frames: address => gratuitousFrames(link.mac, address) })
    const hear = (frame: Uint8Array): void => {
      if (this.#leaving && isArpRequestFor(frame, responder.addresses)) {
        onHeard('probe', { family: 4, value: uint32At(frame, 38) }, macAt(frame, 22))
        return
      }
      if (!listened.has(heardArpAddress(frame))) return
      const heard = hearArp(frame)
      if (heard) onHeard(kindOf(heard.kind, frame, link), { family: 4, value: heard.address }, heard.mac)
    }
    this.#socket = openPacketSocket({
      interfaceIndex: link.index,
      etherType: ETHERTYPE_ARP,
      onBatch: batch => {
        if (!isStale()) serveBatch(batch, hear, responder, ARP_FRAME_LENGTH)
      },
      onError,
    })
  }

  get dropped(): Readonly<Record<string, number>> {
    return this.#responder.dropped
  }

  listen({ value }: Ipv4Address): void {
    this.#heard.add(value)
  }

  ignore({ value }: Ipv4Address): void {
    this.#heard.delete(value)
  }

  answer({ value }: Ipv4Address, counters: AddressCounters): void {
    this.#responder.addresses.set(value, counters)
  }

  silence({ value }: Ipv4Address): void {
    this.#responder.addresses.delete(value)
    this.#announcements.delete(value)
  }

  probe({ value }: Ipv4Address): void {
    this.#socket.send([arpProbe(this.link.mac, value)])
  }

  inquire({ value }: Ipv4Address): void {
    this.#socket.send([arpQuestion(this.link.mac, this.#ownAddress(), value)])
  }

  announce({ value }: Ipv4Address, counters: AddressCounters): void {
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
    this.#socket.close()
  }
}

function isArpRequestFor(frame: Uint8Array, addresses: { has(address: number): boolean }): boolean {
  // What says nothing of any address is no packet that ARP would take.
  return (
    heardArpAddress(frame) !== 0 && uint16At(frame, 20) === ArpOperation.request && addresses.has(uint32At(frame, 38))
  )
}
