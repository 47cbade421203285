import type { CancelTimer, Clock } from './clock.ts'

export interface PauseDetectorInit {
  /** a longer time without a turn of the event loop is a pause */
  toleratedMs: number
}

/**
 * Notices that this thread has not run for a while: stopped by a signal, frozen with its container, or kept from the processor. What is in its
 * sockets then was meant for a moment that is over. After a pause the event loop reads sockets before it runs timers, so whoever takes packets asks
 * first.
 */
export class PauseDetector {
  readonly #clock: Clock
  readonly #toleratedMs: number
  #lastMs: number
  #cancelTimer: CancelTimer = () => {}

  constructor({ clock }: { clock: Clock }, init: PauseDetectorInit) {
    this.#clock = clock
    this.#toleratedMs = init.toleratedMs
    this.#lastMs = clock.monotonicMs()
  }

  /** `onPause` hears of a pause that no call of pausedMs() has told of, when no packet came first. */
  start(onPause: (pausedMs: number) => void): void {
    const everyMs = this.#toleratedMs / 2
    const tick = (): void => {
      this.#cancelTimer = this.#clock.setTimer(tick, everyMs)
      const pausedMs = this.pausedMs()
      if (pausedMs > 0) onPause(pausedMs)
    }
    this.#lastMs = this.#clock.monotonicMs()
    this.#cancelTimer = this.#clock.setTimer(tick, everyMs)
  }

  stop(): void {
    this.#cancelTimer()
  }

  /** How long this thread had not run until now; 0 if that was no pause. Tells of each pause once. */
  pausedMs(): number {
    const nowMs = this.#clock.monotonicMs()
    const gapMs = nowMs - this.#lastMs
    this.#lastMs = nowMs
    return gapMs > this.#toleratedMs ? gapMs : 0
  }
}
