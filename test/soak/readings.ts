import { activeResources } from '../chaos/inspector.ts'
import { readProcess } from '../support/proc.ts'
import type { Sample } from './judge.ts'

/** What is looked at in a process. */
export const SERIES = ['memory', 'descriptors', 'threads', 'timers', 'processor'] as const
export type SeriesName = (typeof SERIES)[number]

export interface ProcessReadings {
  readonly name: string
  readonly pid: number
  readonly series: Record<SeriesName, Sample[]>
}

/** Samples of processes over a run. One that ends is no more of use: it is told of. */
export class Readings {
  readonly processes: ProcessReadings[]
  readonly ended = new Set<string>()
  #lastMs = new Map<number, { atMs: number; processorMs: number }>()

  constructor(processes: readonly { name: string; pid: number }[]) {
    this.processes = processes.map(({ name, pid }) => ({
      ...{ name, pid },
      series: { memory: [], descriptors: [], threads: [], timers: [], processor: [] },
    }))
  }

  /** @param withTimers asks the process itself, through its inspector, which costs it something */
  async sample({ withTimers = false } = {}): Promise<void> {
    for (const { name, pid, series } of this.processes) {
      if (this.ended.has(name)) continue
      const atMs = performance.now()
      try {
        const { residentMb, descriptors, threads, processorMs } = readProcess(pid)
        const last = this.#lastMs.get(pid)
        this.#lastMs.set(pid, { atMs, processorMs })
        series.memory.push({ atMs, value: residentMb })
        series.descriptors.push({ atMs, value: descriptors })
        series.threads.push({ atMs, value: threads })
        if (last) series.processor.push({ atMs, value: ((processorMs - last.processorMs) / (atMs - last.atMs)) * 100 })
      } catch {
        this.ended.add(name)
        continue
      }
      if (!withTimers) continue
      const resources = await activeResources(pid).catch(() => undefined)
      if (resources)
        series.timers.push({ atMs, value: Object.values(resources).reduce((sum, count) => sum + count, 0) })
    }
  }
}
