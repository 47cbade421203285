import { readdirSync, readFileSync } from 'node:fs'
import type { TestLab } from '../../support/lab/lab.ts'
import type { Span } from '../spans.ts'

const EVERY_MS = 500
/** A thread that waits less than this in a sample is not what makes Herald late. */
const LEAST_MS = 60
const KEEP_MS = 600_000

/**
 * Tells for how long Herald's own threads waited for a processor, by the kernel's account (/proc/PID/task/TID/schedstat). A speaker that may not run answers nobody: on a
 * machine that is too busy that is no defect of Herald's.
 */
export class WaitWatch {
  readonly #lab: TestLab
  readonly #timer: NodeJS.Timeout
  #pids: number[] = []
  #waited = new Map<string, number>()
  #spans: Span[] = []
  #samples = 0
  #totalMs = 0

  constructor(lab: TestLab) {
    this.#lab = lab
    this.#timer = setInterval(() => this.#sample(), EVERY_MS)
  }

  /** Times in which some thread of Herald waited; each is as long as the longest wait within its sample. */
  get waits(): readonly Span[] {
    return this.#spans
  }

  get totalMs(): number {
    return this.#totalMs
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #sample(): void {
    // Looking through all of /proc costs more than the rest.
    if (this.#samples++ % 4 === 0) this.#pids = this.#lab.heraldProcesses('speaker')
    const nowMs = Date.now()
    const waited = new Map<string, number>()
    let longestMs = 0
    for (const pid of this.#pids) {
      for (const [thread, ms] of runDelays(pid)) {
        waited.set(thread, ms)
        longestMs = Math.max(longestMs, ms - (this.#waited.get(thread) ?? ms))
      }
    }
    this.#waited = waited
    if (longestMs >= LEAST_MS) {
      this.#spans.push({ fromMs: nowMs - Math.max(EVERY_MS, longestMs), toMs: nowMs })
      this.#totalMs += longestMs
    }
    if ((this.#spans[0]?.toMs ?? nowMs) < nowMs - KEEP_MS) this.#spans.shift()
  }
}

function runDelays(pid: number): [string, number][] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(thread => {
      const [, delayNs] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
      return [thread, Number(delayNs) / 1e6]
    })
  } catch {
    return []
  }
}
