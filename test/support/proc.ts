import { readdirSync, readFileSync } from 'node:fs'

/** What the kernel tells of a process, proc(5). */
export interface ProcessFigures {
  readonly residentMb: number
  /** processor time since its start, user and system */
  readonly processorMs: number
  readonly descriptors: number
  readonly threads: number
}

// Linux: clock ticks of /proc/PID/stat are hundredths of a second.
const TICK_MS = 10

/** @throws Error when there is no such process, or none any more: one that its parent has not looked after yet has no memory */
export function readProcess(pid: number): ProcessFigures {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const number = (field: string) => {
    const [, digits] = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status) ?? []
    if (digits === undefined) throw new Error(`process ${pid} has no ${field}`)
    return Number(digits)
  }
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field may hold blanks, in parentheses; utime and stime are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return {
    residentMb: number('VmRSS') / 1_000,
    processorMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: number('Threads'),
  }
}
