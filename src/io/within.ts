import type { Clock } from './clock.ts'

/** Resolves when this is done, or after this time if that comes first; rejects as it does. Leaves no timer behind. */
export async function within(clock: Clock, limitMs: number, done: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = clock.setTimer(resolve, limitMs)
  try {
    await Promise.race([done, promise])
  } finally {
    cancel()
  }
}
