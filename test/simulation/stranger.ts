import type { Context } from './context.ts'
import type { Frame, FrameReceiver, Heal, Network } from './network.ts'
import type { Referee } from './referee.ts'

/** No node has it. */
export const STRANGER_MAC = 0x02feed000001

/** A host on the segment that knows nothing of Herald, and uses addresses that are not its own. */
export class Stranger implements FrameReceiver {
  readonly #context: Context
  readonly #network: Network
  readonly #referee: Referee
  /** by segment × address */
  readonly #holds: Uint8Array
  readonly #answered: Uint8Array

  constructor(context: Context, network: Network, referee: Referee) {
    const claims = context.links.length * context.addresses.length
    this.#context = context
    this.#network = network
    this.#referee = referee
    this.#holds = new Uint8Array(claims)
    this.#answered = new Uint8Array(claims)
  }

  receive({ kind, segment, address, from }: Frame): void {
    const claim = segment * this.#context.addresses.length + address
    if (kind === 'claim' || kind === 'answer') this.#answered[claim] = 1
    else if (this.#holds[claim]) this.#send('answer', segment, address, from)
  }

  /** Takes an address without asking, and announces it, again and again. */
  take(segment: number, address: number, everyMs: number): Heal {
    const claim = segment * this.#context.addresses.length + address
    if (this.#holds[claim]) return () => {}
    this.#context.trace?.(`the foreign host takes ${this.#context.addresses[address]!.key}`)
    this.#set(segment, address, true)
    const announce = (): void => {
      if (!this.#holds[claim]) return
      this.#send('claim', segment, address)
      this.#context.queue.in(everyMs, announce)
    }
    announce()
    return () => this.#leave(segment, address)
  }

  /** Asks for an address as a well-behaved host does (RFC 5227 §2.1.1), and takes it if nobody answers. */
  probe(segment: number, address: number): Heal {
    const claim = segment * this.#context.addresses.length + address
    const { queue, trace } = this.#context
    if (this.#holds[claim]) return () => {}
    this.#answered[claim] = 0
    trace?.(`the foreign host asks for ${this.#context.addresses[address]!.key}`)
    let gone = false
    for (let probe = 0; probe < 3; probe++) {
      queue.in(probe * 200, () => {
        if (!gone) this.#send('probe', segment, address)
      })
    }
    queue.in(600, () => {
      if (gone || this.#answered[claim] || this.#holds[claim]) return
      this.#set(segment, address, true)
      this.#send('claim', segment, address)
    })
    return () => {
      gone = true
      this.#leave(segment, address)
    }
  }

  /** Asks all the time whether an address is free, and never takes it. */
  askOnAndOn(segment: number, address: number, everyMs: number): Heal {
    const { queue, trace, addresses } = this.#context
    trace?.(`the foreign host asks for ${addresses[address]!.key} every ${everyMs} ms`)
    let gone = false
    const ask = (): void => {
      if (gone) return
      this.#send('probe', segment, address)
      queue.in(everyMs, ask)
    }
    ask()
    return () => {
      gone = true
    }
  }

  #leave(segment: number, address: number): void {
    if (!this.#holds[segment * this.#context.addresses.length + address]) return
    this.#context.trace?.(`the foreign host leaves ${this.#context.addresses[address]!.key}`)
    this.#set(segment, address, false)
  }

  #set(segment: number, address: number, holds: boolean): void {
    this.#holds[segment * this.#context.addresses.length + address] = Number(holds)
    this.#referee.strangerChanged(segment, address, holds)
  }

  #send(kind: Frame['kind'], segment: number, address: number, to?: number): void {
    this.#network.send({ kind, segment, address, mac: STRANGER_MAC, from: this.#network.stranger }, to)
  }
}
