import type { CancelTimer, Clock } from '../../io/clock.ts'

/** A burst of changes is worked off together, so often at most. The first change of a burst is not delayed. */
const SETTLE_INTERVAL_MS = 20
/** With very many Services settling takes longer; then it rests for so many times as long as it took, rather than fill the processor. */
const REST_FACTOR = 3

export interface SettlerInit {
  /** whether there is enough known to settle */
  ready: () => boolean
  /**
   * Works off what has changed.
   *
   * @param nowMs of the monotonic clock
   * @returns when there will be something to do although nothing changes, on the same clock; undefined: never
   */
  settle: (nowMs: number) => number | undefined
}

/** Decides when changes are worked off: at once when they are rare, together when they are many. */
export class Settler {
  readonly #clock: Clock
  readonly #init: SettlerInit
  #nextSettleMs = Number.NEGATIVE_INFINITY
  #cancelSettle: CancelTimer | undefined
  #cancelDue: CancelTimer = () => {}
  #stopped = false

  constructor({ clock }: { clock: Clock }, init: SettlerInit) {
    this.#clock = clock
    this.#init = init
  }

  /** Something has changed. */
  schedule(): void {
    if (this.#stopped || this.#cancelSettle || !this.#init.ready()) return
    const delayMs = Math.max(0, this.#nextSettleMs - this.#clock.monotonicMs())
    this.#cancelSettle = this.#clock.setTimer(() => this.#settle(), delayMs)
  }

  stop(): void {
    this.#stopped = true
    this.#cancelSettle?.()
    this.#cancelDue()
  }

  #settle(): void {
    this.#cancelSettle = undefined
    const startedMs = this.#clock.monotonicMs()
    const dueMs = this.#init.settle(startedMs)
    const endedMs = this.#clock.monotonicMs()
    this.#cancelDue()
    if (dueMs !== undefined) this.#cancelDue = this.#clock.setTimer(() => this.schedule(), Math.max(0, dueMs - endedMs))
    this.#nextSettleMs = endedMs + Math.max(SETTLE_INTERVAL_MS, REST_FACTOR * (endedMs - startedMs))
  }
}
