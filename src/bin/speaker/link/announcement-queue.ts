import type { AddressCounters } from '../../../arp/responder.ts'
import type { PacketSocket } from '../../../io/packet-socket.ts'

/** So many addresses are announced with one call. A node that takes a thousand over at once must not fill the socket and the card. */
const BURST = 50

/** Addresses that are to be announced, each once however often it is put down. */
export class AnnouncementQueue<Key> {
  readonly #frames: (key: Key) => Uint8Array[]
  readonly #pending = new Map<Key, AddressCounters>()

  /** @param init.frames what announces an address */
  constructor(init: { frames: (key: Key) => Uint8Array[] }) {
    this.#frames = init.frames
  }

  add(key: Key, counters: AddressCounters): void {
    this.#pending.set(key, counters)
  }

  delete(key: Key): void {
    this.#pending.delete(key)
  }

  /**
   * Sends the frames of the first addresses; true when more wait. What the kernel does not take is not sent again here: its
   * repetition is due soon.
   */
  flush(socket: PacketSocket): boolean {
    if (this.#pending.size === 0) return false
    const burst = [...this.#pending].slice(0, BURST)
    const frames = burst.map(([key]) => this.#frames(key))
    for (const [key] of burst) this.#pending.delete(key)
    let taken = socket.send(frames.flat())
    for (const [index, [, counters]] of burst.entries()) {
      const sent = Math.min(taken, frames[index]!.length)
      counters.gratuitousSent += sent
      taken -= sent
    }
    return this.#pending.size > 0
  }
}
