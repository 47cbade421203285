import type { Span } from '../spans.ts'

const TICK_MS = 50
/** A tick that comes later than this is a stall; less is how timers are. */
const LATE_MS = 150
/** Stalls older than this concern no round that is still to be judged. */
const KEEP_MS = 600_000

/** Tells when this process, and so what it observes by, stood still because the machine was busy. */
export class LoadWatch {
  readonly #timer: NodeJS.Timeout
  #stalls: Span[] = []
  #totalMs = 0

  constructor() {
    let dueMs = Date.now() + TICK_MS
    this.#timer = setInterval(() => {
      const nowMs = Date.now()
      if (nowMs - dueMs > LATE_MS) {
        this.#stalls.push({ fromMs: dueMs, toMs: nowMs })
        this.#totalMs += nowMs - dueMs
      }
      dueMs = nowMs + TICK_MS
      if ((this.#stalls[0]?.toMs ?? nowMs) < nowMs - KEEP_MS) this.#stalls.shift()
    }, TICK_MS)
  }

  get stalls(): readonly Span[] {
    return this.#stalls
  }

  /** ms since the start */
  get totalMs(): number {
    return this.#totalMs
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
