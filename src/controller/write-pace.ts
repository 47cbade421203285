export interface WritePaceInit {
  /** how far apart paced writes are, all of them together */
  pacedEveryMs: number
}

interface Waiting {
  readonly sinceMs: number
  /** a paced write's turn, once it has one */
  turnMs?: number
}

/**
 * How long what differs has to wait before it is written. What is as it should be again by then is never written. Paced writes, of which there
 * may be thousands at once for one cause, take their turns beside all that.
 */
export class WritePace {
  readonly #init: WritePaceInit
  readonly #waiting = new Map<string, Waiting>()
  #nextTurnMs = Number.NEGATIVE_INFINITY

  constructor(init: WritePaceInit) {
    this.#init = init
  }

  /**
   * @param delayMs how long it must have differed
   * @param nowMs monotonic
   * @returns how long it must still wait; 0 or less: write now
   */
  waitMs(key: string, nowMs: number, { delayMs, paced = false }: { delayMs: number; paced?: boolean }): number {
    let waiting = this.#waiting.get(key)
    if (!waiting) {
      waiting = { sinceMs: nowMs }
      this.#waiting.set(key, waiting)
    }
    const dueMs = waiting.sinceMs + delayMs
    if (!paced || dueMs > nowMs) return dueMs - nowMs
    if (waiting.turnMs === undefined) {
      waiting.turnMs = Math.max(nowMs, this.#nextTurnMs)
      this.#nextTurnMs = waiting.turnMs + this.#init.pacedEveryMs
    }
    return waiting.turnMs - nowMs
  }

  /** Nothing differs any more, or it was written. */
  settled(key: string): void {
    this.#waiting.delete(key)
  }
}
