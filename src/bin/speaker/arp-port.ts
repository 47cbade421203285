import { gratuitousFrames } from '../../arp/announcement.ts'
import { ARP_FRAME_LENGTH, ETHERTYPE_ARP } from '../../arp/packet.ts'
import { type AddressCounters, ArpResponder } from '../../arp/responder.ts'
import type { OpenPacketSocket, PacketSocket } from '../../io/packet-socket.ts'
import type { Link } from '../../layer2/link.ts'

/** So many addresses are announced with one call. A node that takes a thousand over at once must not fill the socket and the card. */
const BURST = 50

/** An ARP socket on one interface, and what is answered and announced on it. */
export class ArpPort {
  readonly link: Link
  readonly responder: ArpResponder
  readonly #socket: PacketSocket
  /** addresses to be announced, and where that is counted */
  readonly #pending = new Map<number, AddressCounters>()

  /** @throws what opening the socket throws */
  constructor(
    { openPacketSocket }: { openPacketSocket: OpenPacketSocket },
    { link, onError }: { link: Link; onError: (error: Error) => void },
  ) {
    this.link = link
    const responder = new ArpResponder({ mac: link.mac })
    this.responder = responder
    this.#socket = openPacketSocket({
      interfaceIndex: link.index,
      etherType: ETHERTYPE_ARP,
      onBatch: batch => {
        for (let i = 0; i < batch.count; i++) {
          const frame = batch.frame(i)
          const counters = responder.accept(frame)
          if (!counters) continue
          const reply = batch.reply(ARP_FRAME_LENGTH)
          if (!reply) continue
          responder.answer(frame, reply)
          counters.responsesSent++
        }
      },
      onError,
    })
  }

  answer(address: number, counters: AddressCounters): void {
    this.responder.addresses.set(address, counters)
  }

  silence(address: number): void {
    this.responder.addresses.delete(address)
    this.#pending.delete(address)
  }

  /** Puts an address down for flush(). */
  announce(address: number, counters: AddressCounters): void {
    this.#pending.set(address, counters)
  }

  /**
   * Sends both gratuitous frames of the first addresses that were put down; true when more wait. What the kernel does not take is not
   * sent again here: its repetition is due soon.
   */
  flush(): boolean {
    const burst = [...this.#pending].slice(0, BURST)
    for (const [address] of burst) this.#pending.delete(address)
    let taken = this.#socket.send(burst.flatMap(([address]) => gratuitousFrames(this.link.mac, address)))
    for (const [, counters] of burst) {
      const sent = Math.min(taken, 2)
      counters.gratuitousSent += sent
      taken -= sent
    }
    return this.#pending.size > 0
  }

  close(): void {
    this.#socket.close()
  }
}
