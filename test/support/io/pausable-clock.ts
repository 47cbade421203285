import type { CancelTimer, Clock } from '../../../src/io/clock.ts'

/** A process's view of another clock: while the process is paused its timers wait, and time goes on. */
export class PausableClock implements Clock {
  readonly #clock: Clock
  readonly #pending = new Set<object>()
  /** due while the process was paused, in the order in which they fell due */
  #late: (() => void)[] = []
  #paused = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  setTimer(callback: () => void, delayMs: number): CancelTimer {
    const timer = {}
    const fire = (): void => {
      if (this.#paused) this.#late.push(fire)
      else if (this.#pending.delete(timer)) callback()
    }
    this.#pending.add(timer)
    const cancel = this.#clock.setTimer(fire, delayMs)
    return () => {
      this.#pending.delete(timer)
      cancel()
    }
  }

  /** timers of this process that wait; 0 after a clean stop() */
  get pendingTimers(): number {
    return this.#pending.size
  }

  pause(): void {
    this.#paused = true
  }

  /** The timers that fell due meanwhile fire now. */
  resume(): void {
    this.#paused = false
    for (const fire of this.#late.splice(0)) fire()
  }
}
