import { openPacketSocket, type PacketSocket } from '../../../src/io/packet-socket.ts'
import { enterNamespace, linkOf } from '../netns.ts'
import { askFrame, type Speaking } from './frames.ts'

// linux/bpf_common.h: BPF_RET | BPF_K with 0: no frame is wanted
const hearNothing = [{ code: 0x06, jt: 0, jf: 0, k: 0 }]

/** A packet socket in a namespace that only sends. */
export function openSender(namespaceFile: string, card: string, etherType: number): PacketSocket {
  return enterNamespace(namespaceFile, () =>
    openPacketSocket({
      interfaceIndex: linkOf(namespaceFile, card).ifindex,
      etherType,
      filter: hearNothing,
      onBatch: () => {},
      onError: () => {},
    }),
  )
}

/**
 * Asks all the time who has each of many addresses, so that whoever owns one is seen to, and whoever has ceased to is too. The
 * questions leave evenly, not all at once.
 */
export class Asker {
  readonly #socket: PacketSocket
  readonly #timer: NodeJS.Timeout

  /** @param everyMs between two questions for the same address */
  constructor(init: {
    namespaceFile: string
    card: string
    from: Speaking
    addresses: readonly string[]
    everyMs?: number
  }) {
    const frames = init.addresses.map(address => askFrame(init.from, address))
    const everyMs = init.everyMs ?? 20
    const tickMs = 5
    this.#socket = openSender(init.namespaceFile, init.card, 0x0806)
    const startedMs = performance.now()
    let asked = 0
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - startedMs) / everyMs) * frames.length)
      // After a stall of this process: one round, not all that were missed.
      asked = Math.max(asked, due - frames.length)
      const batch: Uint8Array[] = []
      for (; asked < due; asked++) batch.push(frames[asked % frames.length]!)
      this.#socket.send(batch)
    }, tickMs)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#socket.close()
  }
}
