import type { CancelTimer, Clock } from '../../../src/io/clock.ts'

interface FakeTimer {
  dueMs: number
  /** timers due at the same moment fire in the order in which they were set */
  order: number
  callback: () => void
}

/** A clock that stands still until the test moves it. */
export class FakeClock implements Clock {
  #elapsedMs = 0
  #order = 0
  #wallAtStartMs: number
  readonly #timers = new Set<FakeTimer>()

  constructor(init: { nowMs?: number } = {}) {
    this.#wallAtStartMs = init.nowMs ?? Date.UTC(2026, 0, 1)
  }

  now(): number {
    return this.#wallAtStartMs + this.#elapsedMs
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  setTimer(callback: () => void, delayMs: number): CancelTimer {
    const timer = { dueMs: this.#elapsedMs + Math.max(0, delayMs), order: this.#order++, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** timers that wait; 0 after a clean stop() */
  get pendingTimers(): number {
    return this.#timers.size
  }

  /** milliseconds until the next timer, undefined when none waits */
  get nextTimerInMs(): number | undefined {
    const next = this.#next(Number.POSITIVE_INFINITY)
    return next && next.dueMs - this.#elapsedMs
  }

  /** Moves time on and fires what falls due, in order; also timers set meanwhile. Only synchronous work runs. */
  advance(byMs: number): void {
    const endMs = this.#elapsedMs + byMs
    for (let timer = this.#next(endMs); timer; timer = this.#next(endMs)) this.#fire(timer)
    this.#elapsedMs = endMs
  }

  /** As advance(), but lets promises settle after each timer. */
  async advanceAsync(byMs: number): Promise<void> {
    const endMs = this.#elapsedMs + byMs
    await settle()
    for (let timer = this.#next(endMs); timer; timer = this.#next(endMs)) {
      this.#fire(timer)
      await settle()
    }
    this.#elapsedMs = endMs
  }

  /** The wall clock jumps (someone set it); timers and monotonicMs() do not notice. */
  jumpWallClock(byMs: number): void {
    this.#wallAtStartMs += byMs
  }

  #fire(timer: FakeTimer): void {
    this.#timers.delete(timer)
    this.#elapsedMs = Math.max(this.#elapsedMs, timer.dueMs)
    timer.callback()
  }

  #next(untilMs: number): FakeTimer | undefined {
    let next: FakeTimer | undefined
    for (const timer of this.#timers) {
      if (timer.dueMs > untilMs) continue
      if (!next || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.order < next.order)) next = timer
    }
    return next
  }
}

// one turn of the event loop: every promise that can settle has settled
const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
