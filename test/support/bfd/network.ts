import type { Address } from '../../../src/ip/address.ts'

/** What a simulated network needs of an end: the sessions under test, behind one shape. */
export interface NetworkEnd {
  readonly address: Address
  readonly dueMs: number | undefined
  receive(payload: Uint8Array, source: Address, nowMs: number): readonly unknown[]
  timer(nowMs: number): readonly unknown[]
}

interface InFlight {
  readonly from: NetworkEnd
  readonly to: NetworkEnd
  readonly payload: Uint8Array
  readonly arrivesMs: number
}

interface Sent {
  readonly type: 'send'
  readonly address: Address
  readonly payload: Uint8Array
}

export interface FakeNetworkInit {
  readonly ends: readonly NetworkEnd[]
  readonly delayMs?: number
  /** whether a packet is lost; default: none is */
  loses?(from: NetworkEnd, to: NetworkEnd, nowMs: number): boolean
  /** everything that an end does besides sending */
  onAction?(end: NetworkEnd, action: { type: string }, nowMs: number): void
}

/** Ends that speak UDP with each other on a simulated clock; what the ends say at the same time arrives in the order in which it was said. */
export class FakeNetwork {
  nowMs = 0
  packets = 0
  readonly #init: FakeNetworkInit
  readonly #inFlight: InFlight[] = []

  constructor(init: FakeNetworkInit) {
    this.#init = init
  }

  /** Carries out what an end wants done. */
  take(from: NetworkEnd, actions: readonly unknown[]): void {
    for (const action of actions as readonly ({ type: string } | Sent)[]) {
      if (action.type !== 'send') {
        this.#init.onAction?.(from, action, this.nowMs)
        continue
      }
      const { address, payload } = action as Sent
      this.packets++
      const to = this.#init.ends.find(
        end => end.address.family === address.family && end.address.value === address.value,
      )
      if (!to || this.#init.loses?.(from, to, this.nowMs)) continue
      this.#inFlight.push({ from, to, payload, arrivesMs: this.nowMs + (this.#init.delayMs ?? 0.2) })
    }
  }

  /** Lets time pass up to and including `untilMs`. */
  run(untilMs: number): void {
    for (;;) {
      let nextMs = this.#inFlight[0]?.arrivesMs ?? Number.POSITIVE_INFINITY
      let due: NetworkEnd | undefined
      for (const end of this.#init.ends) {
        const { dueMs } = end
        if (dueMs === undefined || dueMs >= nextMs) continue
        nextMs = dueMs
        due = end
      }
      if (nextMs > untilMs) break
      this.nowMs = Math.max(this.nowMs, nextMs)
      if (due) {
        this.take(due, due.timer(this.nowMs))
      } else {
        const { from, to, payload } = this.#inFlight.shift()!
        this.take(to, to.receive(payload, from.address, this.nowMs))
      }
    }
    this.nowMs = Math.max(this.nowMs, untilMs)
  }
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
