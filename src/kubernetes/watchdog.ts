import type { CancelTimer, Clock } from '../io/clock.ts'

/** Calls back when it was not fed for so long. One timer, set anew when it fires rather than with each byte. */
export class Watchdog {
  readonly #clock: Clock
  readonly #onSilence: (limitMs: number) => void
  #limitMs = 0
  #fedAtMs = 0
  #cancel: CancelTimer = () => {}

  constructor(clock: Clock, onSilence: (limitMs: number) => void) {
    this.#clock = clock
    this.#onSilence = onSilence
  }

  start(limitMs: number): void {
    this.limitMs = limitMs
  }

  /** Goes on with another limit, counted from now. */
  set limitMs(limitMs: number) {
    if (limitMs === this.#limitMs) return
    this.#limitMs = limitMs
    this.fed()
    this.#cancel()
    this.#wait(limitMs)
  }

  fed(): void {
    this.#fedAtMs = this.#clock.monotonicMs()
  }

  stop(): void {
    this.#cancel()
  }

  #wait(delayMs: number): void {
    this.#cancel = this.#clock.setTimer(() => {
      const remainingMs = this.#fedAtMs + this.#limitMs - this.#clock.monotonicMs()
      if (remainingMs > 0) this.#wait(remainingMs)
      else this.#onSilence(this.#limitMs)
    }, delayMs)
  }
}
