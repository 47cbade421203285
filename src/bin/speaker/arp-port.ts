import { gratuitousFrames } from '../../arp/announcement.ts'
import { ARP_FRAME_LENGTH, ETHERTYPE_ARP } from '../../arp/packet.ts'
import { type AddressCounters, ArpResponder } from '../../arp/responder.ts'
import type { OpenPacketSocket, PacketSocket } from '../../io/packet-socket.ts'
import type { Link } from '../../layer2/link.ts'

/** An ARP socket on one interface, and what is answered and announced on it. */
export class ArpPort {
  readonly link: Link
  readonly responder: ArpResponder
  readonly #socket: PacketSocket
  readonly #pending: Uint8Array[] = []

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

  /** Puts both gratuitous frames down for flush(). */
  announce(address: number, counters: AddressCounters): void {
    this.#pending.push(...gratuitousFrames(this.link.mac, address))
    counters.gratuitousSent += 2
  }

  /** Sends what was put down, with as few system calls as there may be. */
  flush(): void {
    if (this.#pending.length === 0) return
    this.#socket.send(this.#pending)
    this.#pending.length = 0
  }

  close(): void {
    this.#socket.close()
  }
}
