import type { CancelTimer, Clock } from '../../io/clock.ts'
import type { Heap } from '../../io/heap.ts'

const CHECK_EVERY_MS = 10_000

/** A thread that is busier has other things to do than to tidy up. */
const IDLE_BELOW_SHARE = 0.1

/** Less growth is not worth a pause. */
const WORTHWHILE_BYTES = 4_000_000

/** Code that was not run for six collections goes too: that of the start. V8 makes two collections of one that is the last resort. */
const ROUNDS = 3

export interface IdleMemoryComponents {
  clock: Clock
  /** none: nothing is ever done */
  heap: Heap | undefined
}

/**
 * Gives memory back when a thread has come to rest. A start leaves more on the heap than is used from then on, and V8 looks for what can go only when
 * more is wanted: where nothing happens, never. It makes a pause: nothing for a thread on which packets wait.
 */
export class IdleMemory {
  readonly #clock: Clock
  readonly #heap: Heap | undefined
  #cancel: CancelTimer | undefined
  /** what the heap held after it was tidied last */
  #tidyBytes = 0
  /** how often it is to be tidied from now on */
  #rounds = 0

  constructor({ clock, heap }: IdleMemoryComponents) {
    this.#clock = clock
    this.#heap = heap
  }

  start(): void {
    if (this.#heap) this.#cancel ??= this.#wait(this.#heap)
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #wait(heap: Heap): CancelTimer {
    return this.#clock.setTimer(() => {
      this.#cancel = this.#wait(heap)
      this.#check(heap)
    }, CHECK_EVERY_MS)
  }

  #check(heap: Heap): void {
    const idle = heap.busyShare() < IDLE_BELOW_SHARE
    if (heap.bytes() >= this.#tidyBytes + WORTHWHILE_BYTES) this.#rounds = ROUNDS
    if (!idle || this.#rounds === 0) return
    this.#rounds--
    heap.collect()
    this.#tidyBytes = heap.bytes()
  }
}
