import { setTimeout as sleep } from 'node:timers/promises'

/** Tries again while the API server is coming back. */
export async function untilDone(work: () => Promise<unknown>, timeoutMs = 60_000): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs
  for (;;) {
    try {
      await work()
      return
    } catch (error) {
      if (Date.now() > deadlineMs) throw error
      await sleep(250)
    }
  }
}
