import { markAsUntransferable } from 'node:worker_threads'
import type { NativeBuffers } from './native.ts'
import { systemError } from './system-error.ts'

// struct message_info of native/batch_socket.h, in 32-bit words
const infoWords = 14
const sourceWord = 6
const destinationWord = 10
// struct batch_counters: truncated, send_failures, send_error
const counterWords = 3
const sendErrorWord = 2

// A sender that varies the length of its frames must not make us keep a view of each length for ever.
const viewsPerSlot = 4

/** What a batching socket has counted since it was opened. */
export interface BatchCounters {
  /** messages that did not fit a slot and were dropped */
  truncated: number
  /** messages that the kernel refused to send */
  sendFailures: number
}

// Views on equal slots of one buffer, made once per slot and length: no garbage per message.
class SlotViews {
  readonly #bytes: Uint8Array
  readonly #slotSize: number
  readonly #views: Uint8Array[][]

  constructor(bytes: Uint8Array, slots: number, slotSize: number) {
    this.#bytes = bytes
    this.#slotSize = slotSize
    this.#views = Array.from({ length: slots }, () => [])
  }

  view(slot: number, length: number): Uint8Array {
    const views = this.#views[slot]!
    for (let i = 0; i < views.length; i++) {
      const view = views[i]!
      if (view.length === length) return view
    }
    const start = slot * this.#slotSize
    const view = this.#bytes.subarray(start, start + length)
    if (views.length === viewsPerSlot) views.shift()
    views.push(view)
    return view
  }
}

/**
 * The memory that a batching socket shares with the addon: allocated once, reused for every batch. Message i of a batch is only
 * valid during the callback.
 */
export class BatchBuffers {
  readonly slots: number
  readonly slotSize: number
  /** passed to the addon, which holds it while the socket is open */
  readonly native: NativeBuffers
  readonly #info: Int32Array
  readonly #infoBytes: Uint8Array
  readonly #counters: Uint32Array
  readonly #txLengths: Uint32Array
  readonly #rxViews: SlotViews
  readonly #txViews: SlotViews | undefined
  #replies = 0

  constructor(init: { slots: number; slotSize: number; replies: boolean }) {
    const { slots, slotSize } = init
    this.slots = slots
    this.slotSize = slotSize
    const rx = allocate(slots * slotSize)
    this.#infoBytes = allocate(slots * infoWords * 4)
    const counters = allocate(counterWords * 4)
    const tx = init.replies ? allocate(slots * slotSize) : undefined
    const txLengths = allocate(slots * 4)
    this.#info = new Int32Array(this.#infoBytes.buffer)
    this.#counters = new Uint32Array(counters.buffer)
    this.#txLengths = new Uint32Array(txLengths.buffer)
    this.#rxViews = new SlotViews(rx, slots, slotSize)
    this.#txViews = tx && new SlotViews(tx, slots, slotSize)
    this.native = { slots, slotSize, rx, info: this.#infoBytes, counters, tx, txLengths: tx && txLengths }
  }

  message(i: number): Uint8Array {
    return this.#rxViews.view(this.#word(i, 0), this.#word(i, 1))
  }

  /** -1 when the kernel did not say */
  ttl(i: number): number {
    return this.#word(i, 2)
  }

  interfaceIndex(i: number): number {
    return this.#word(i, 3)
  }

  sourcePort(i: number): number {
    return this.#word(i, 4)
  }

  /** -1 when the kernel did not say */
  trafficClass(i: number): number {
    return this.#word(i, 5)
  }

  /** 16 bytes, of which IPv4 uses the first four */
  source(i: number): Uint8Array {
    const start = (i * infoWords + sourceWord) * 4
    return this.#infoBytes.subarray(start, start + 16)
  }

  destination(i: number): Uint8Array {
    const start = (i * infoWords + destinationWord) * 4
    return this.#infoBytes.subarray(start, start + 16)
  }

  /** A slot for a reply, zero-filled by nobody: the caller writes every byte. Undefined when none is left. */
  reply(length: number): Uint8Array | undefined {
    if (!this.#txViews || this.#replies === this.slots || length > this.slotSize || length < 0) return undefined
    const slot = this.#replies++
    this.#txLengths[slot] = length
    return this.#txViews.view(slot, length)
  }

  /** The number of replies reserved since the last call. */
  takeReplies(): number {
    const replies = this.#replies
    this.#replies = 0
    return replies
  }

  counters(): BatchCounters {
    return { truncated: this.#counters[0]!, sendFailures: this.#counters[1]! }
  }

  /** Why the kernel refused a message of the last send, undefined if it refused none but for lack of room. */
  sendError(): Error | undefined {
    const number = this.#counters[sendErrorWord]!
    if (number === 0) return undefined
    return systemError(number, 'sendmmsg')
  }

  #word(i: number, word: number): number {
    return this.#info[i * infoWords + word]!
  }
}

// Someone who posts a view to another thread must not be able to take the memory away from the addon.
function allocate(bytes: number): Uint8Array<ArrayBuffer> {
  const buffer = new ArrayBuffer(bytes)
  markAsUntransferable(buffer)
  return new Uint8Array(buffer)
}
