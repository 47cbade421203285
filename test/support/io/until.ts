import { setImmediate } from 'node:timers/promises'

/** Waits until `condition` holds, turn by turn of the event loop; throws after `timeoutMs` with what was awaited. */
export async function until(what: string, condition: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`)
    await setImmediate()
  }
}
