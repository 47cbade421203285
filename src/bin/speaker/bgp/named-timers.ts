import type { CancelTimer, Clock } from '../../../io/clock.ts'

/** Timers that are known by name, each at most once. */
export class NamedTimers<Name extends string> {
  readonly #clock: Clock
  readonly #onTimer: (name: Name) => void
  readonly #timers = new Map<Name, CancelTimer>()

  constructor({ clock }: { clock: Clock }, init: { onTimer(name: Name): void }) {
    this.#clock = clock
    this.#onTimer = init.onTimer
  }

  /** Starts a timer; one of the same name that runs is replaced. */
  set(name: Name, delayMs: number): void {
    this.clear(name)
    const cancel = this.#clock.setTimer(() => {
      this.#timers.delete(name)
      this.#onTimer(name)
    }, delayMs)
    this.#timers.set(name, cancel)
  }

  clear(name: Name): void {
    this.#timers.get(name)?.()
    this.#timers.delete(name)
  }

  clearAll(): void {
    for (const name of [...this.#timers.keys()]) this.clear(name)
  }
}
