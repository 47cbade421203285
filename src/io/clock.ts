/** Cancels the timer; harmless after it fired and when called twice. */
export type CancelTimer = () => void

/**
 * Time as the rest of Herald sees it. Nothing else reads a clock or sets a timer, so that tests and the simulation decide
 * what time it is.
 */
export interface Clock {
  /** wall clock, in milliseconds since 1970; it may jump: for timestamps only, never for intervals */
  now(): number
  /** milliseconds since some fixed moment, with fractions; never goes back */
  monotonicMs(): number
  /**
   * Calls back once, not before `delayMs` have passed. The timer keeps the process alive until it fires or is cancelled: no timer
   * outlives the `stop()` of what set it, and one that does should be seen, not hidden.
   */
  setTimer(callback: () => void, delayMs: number): CancelTimer
}

// setTimeout takes a longer delay for 1 ms
const longestTimeoutMs = 2 ** 31 - 1

/** The system's clock and Node's timers. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now()
  }

  monotonicMs(): number {
    return performance.now()
  }

  setTimer(callback: () => void, delayMs: number): CancelTimer {
    let timeout: NodeJS.Timeout
    const wait = (remainingMs: number): void => {
      timeout =
        remainingMs > longestTimeoutMs
          ? setTimeout(() => wait(remainingMs - longestTimeoutMs), longestTimeoutMs)
          : setTimeout(callback, remainingMs)
    }
    wait(Math.max(0, delayMs))
    return () => clearTimeout(timeout)
  }
}
