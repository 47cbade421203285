import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../kubernetes/logger.ts'

/** A node without a processor to spare stalls several times a second: then one line in this time tells of all. */
const QUIET_MS = 10_000

/** Logs that the link thread did not run for a while: the first time at once, and then what has come together. */
export class StallLog {
  readonly #clock: Clock
  readonly #logger: Logger
  #toldAtMs = Number.NEGATIVE_INFINITY
  #untold = { stalls: 0, longestMs: 0 }

  constructor({ clock, logger }: { clock: Clock; logger: Logger }) {
    this.#clock = clock
    this.#logger = logger
  }

  /** @param gapMs how long the thread did not run */
  note(gapMs: number): void {
    const { stalls, longestMs } = this.#untold
    this.#untold = { stalls: stalls + 1, longestMs: Math.max(longestMs, Math.round(gapMs)) }
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#toldAtMs < QUIET_MS) return
    this.#logger.warn(this.#untold, 'did not run for a while: asking for every address again')
    this.#toldAtMs = nowMs
    this.#untold = { stalls: 0, longestMs: 0 }
  }
}
