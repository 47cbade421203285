import type { CancelTimer, Clock } from '../io/clock.ts'
import { backoffDelayMs } from './backoff.ts'

export interface WorkQueueComponents {
  clock: Clock
  /** in [0, 1) */
  random: () => number
}

export interface WorkQueueInit {
  /** delay after a key's first failure, doubled with each further one */
  initialBackoffMs?: number
  maximumBackoffMs?: number
}

/**
 * Keys that wait for work. A key stands in the queue once, however often it was added, and is never taken twice at once:
 * one that is added while it is being worked on comes again after `done()`. First in, first out.
 */
export class WorkQueue {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #initialBackoffMs: number
  readonly #maximumBackoffMs: number
  readonly #ready = new Set<string>()
  readonly #running = new Set<string>()
  /** keys added while they run */
  readonly #again = new Set<string>()
  readonly #delayed = new Map<string, { dueMs: number; cancel: CancelTimer }>()
  readonly #failures = new Map<string, number>()
  readonly #takers: ((key: string | undefined) => void)[] = []
  #stopped = false

  constructor(
    { clock, random }: WorkQueueComponents,
    { initialBackoffMs = 50, maximumBackoffMs = 60_000 }: WorkQueueInit = {},
  ) {
    this.#clock = clock
    this.#random = random
    this.#initialBackoffMs = initialBackoffMs
    this.#maximumBackoffMs = maximumBackoffMs
  }

  /** keys that could be taken now, or once they are no longer being worked on */
  get size(): number {
    return this.#ready.size + this.#again.size
  }

  /** keys that wait for their time */
  get delayed(): number {
    return this.#delayed.size
  }

  get running(): number {
    return this.#running.size
  }

  /** Adds a key; nothing happens when it waits already. After stop() nothing is taken any more. */
  add(key: string): void {
    if (this.#stopped) return
    if (this.#running.has(key)) {
      this.#again.add(key)
      return
    }
    const taker = this.#takers.shift()
    if (taker) taker(this.#begin(key))
    else this.#ready.add(key)
  }

  /** Adds a key once this time has passed; of two times the earlier counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#stopped) return
    if (delayMs <= 0) {
      this.add(key)
      return
    }
    const dueMs = this.#clock.monotonicMs() + delayMs
    const waiting = this.#delayed.get(key)
    if (waiting && waiting.dueMs <= dueMs) return
    waiting?.cancel()
    const cancel = this.#clock.setTimer(() => {
      this.#delayed.delete(key)
      this.add(key)
    }, delayMs)
    this.#delayed.set(key, { dueMs, cancel })
  }

  /** Adds a key that failed: after a delay that grows with each failure, and not before `atLeastMs`. Returns the delay. */
  addAfterFailure(key: string, atLeastMs = 0): number {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    const backoffMs = backoffDelayMs(failures, this.#initialBackoffMs, this.#maximumBackoffMs, this.#random)
    const delayMs = Math.max(backoffMs, atLeastMs)
    this.addAfter(key, delayMs)
    return delayMs
  }

  /** how often the key failed since the last forgetFailures() */
  failuresOf(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  forgetFailures(key: string): void {
    this.#failures.delete(key)
  }

  /**
   * The next key, as soon as there is one; undefined after stop(). A time for which the key also waited is dropped: whoever
   * takes it sees the world as it is, and says anew when to look again.
   */
  take(): Promise<string | undefined> {
    if (this.#stopped) return Promise.resolve(undefined)
    for (const key of this.#ready) return Promise.resolve(this.#begin(key))
    return new Promise(resolve => this.#takers.push(resolve))
  }

  /** The work on a key that was taken has ended. */
  done(key: string): void {
    this.#running.delete(key)
    if (this.#again.delete(key)) this.add(key)
  }

  /** Empties the queue for good and lets those who wait in take() go. */
  stop(): void {
    this.#stopped = true
    this.#ready.clear()
    this.#again.clear()
    this.#failures.clear()
    for (const { cancel } of this.#delayed.values()) cancel()
    this.#delayed.clear()
    for (const taker of this.#takers.splice(0)) taker(undefined)
  }

  #begin(key: string): string {
    this.#ready.delete(key)
    this.#delayed.get(key)?.cancel()
    this.#delayed.delete(key)
    this.#running.add(key)
    return key
  }
}
