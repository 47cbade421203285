import { performance } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { NativeAddonError, native } from './native.ts'

/** The JavaScript heap of a thread. */
export interface Heap {
  /** memory that the heap holds now, used or not */
  bytes(): number
  /** the share of the time since the last call in which the thread was busy, 0 to 1 */
  busyShare(): number
  /** Frees at once all that can be freed; the thread does nothing else meanwhile. */
  collect(): void
}

/**
 * V8's heap of this thread; collect() gives back what the process holds besides, too, if the native addon is there. Without Node's flag
 * --expose-gc there is no heap to be had: V8 frees what it must, and keeps the rest for later.
 */
export function exposedHeap(): Heap | undefined {
  const { gc } = globalThis
  if (!gc) return undefined
  const releaseMemory = releaseByAddon()
  let since = performance.eventLoopUtilization()
  return {
    bytes: () => getHeapStatistics().total_heap_size,
    busyShare() {
      const now = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(now, since)
      since = now
      return utilization
    },
    collect() {
      // Any other flavor keeps the pages that it has emptied.
      gc({ type: 'major', flavor: 'last-resort' })
      releaseMemory?.()
    },
  }
}

function releaseByAddon(): (() => void) | undefined {
  try {
    const addon = native()
    return () => addon.releaseMemory()
  } catch (error) {
    if (error instanceof NativeAddonError) return undefined
    throw error
  }
}
