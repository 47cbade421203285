import type { CancelTimer, Clock } from '../io/clock.ts'

/** Calls back when it was not fed for so long. One timer, set anew when it fires rather than with each byte. */
export class Watchdog {
  /** may be changed while it runs; counts from the next look */
  limitMs = 0
  readonly #clock: Clock
  readonly #onSilence: (limitMs: number) => void
  #fedAtMs = 0
  #cancel: CancelTimer = () => {}

  constructor(clock: Clock, onSilence: (limitMs: number) => void) {
    this.#clock = clock
    this.#onSilence = onSilence
  }

  start(limitMs: number): void {
    this.limitMs = limitMs
    this.fed()
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
      const remainingMs = this.#fedAtMs + this.limitMs - this.#clock.monotonicMs()
      if (remainingMs > 0) this.#wait(remainingMs)
      else this.#onSilence(this.limitMs)
    }, delayMs)
  }
}
