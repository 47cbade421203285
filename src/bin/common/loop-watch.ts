import type { CancelTimer, Clock } from '../../io/clock.ts'

const TICK_MS = 1_000

/** A tick that comes this late has kept everything else waiting as long. */
const LATE_MS = 1_000

/** So many late ticks, one after the other, and the process does nothing in time any more. */
const LATE_TICKS = 10

/**
 * Watches how long the main thread keeps its timers waiting. A thread that stands still does not answer the kubelet's probes either;
 * this notices the one that still answers now and then.
 */
export class LoopWatch {
  readonly #clock: Clock
  #cancel: CancelTimer | undefined
  #longestDelayMs = 0
  #lateTicks = 0

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock
  }

  start(): void {
    const dueMs = this.#clock.monotonicMs() + TICK_MS
    this.#cancel = this.#clock.setTimer(() => {
      const delayMs = Math.max(0, this.#clock.monotonicMs() - dueMs)
      this.#longestDelayMs = Math.max(this.#longestDelayMs, delayMs)
      this.#lateTicks = delayMs < LATE_MS ? 0 : this.#lateTicks + 1
      this.start()
    }, TICK_MS)
  }

  stop(): void {
    this.#cancel?.()
  }

  /** false: for a while now, everything has been late */
  get healthy(): boolean {
    return this.#lateTicks < LATE_TICKS
  }

  /** The longest delay since the last call. */
  takeLongestDelayMs(): number {
    const longest = this.#longestDelayMs
    this.#longestDelayMs = 0
    return longest
  }
}
