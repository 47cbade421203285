import type { Clock } from '../io/clock.ts'

/** Resolves after this time, or at once when the signal aborts; the caller looks at the signal. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve()
    const wake = (): void => {
      cancel()
      signal.removeEventListener('abort', wake)
      resolve()
    }
    const cancel = clock.setTimer(wake, delayMs)
    signal.addEventListener('abort', wake, { once: true })
  })
}
