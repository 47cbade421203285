import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release } from 'node:os'

/** The value below which a share of the samples lies (nearest rank). */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** Resident memory of a process now, in MB (Linux: VmRSS). */
export function residentMb(pid: number): number {
  const [, kb = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb) / 1_000
}

/** 0.42 → "0.4 ms", 65 → "65 ms", 12345 → "12.3 s". */
export function ms(value: number): string {
  if (Number.isNaN(value)) return '—'
  if (value === Number.POSITIVE_INFINITY) return '∞'
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`
}

export function mb(value: number): string {
  return Number.isNaN(value) ? '—' : `${value.toFixed(0)} MB`
}

/** The median of some runs, and the least and the most: 12.3, 10, 20 by `ms` → "12 ms (10 ms – 20 ms)". */
export function spread(samples: readonly number[], show: (value: number) => string): string {
  if (samples.length < 2 || samples.some(Number.isNaN)) return show(percentile(samples, 0.5))
  return `${show(percentile(samples, 0.5))} (${show(Math.min(...samples))} – ${show(Math.max(...samples))})`
}

/** 0.0042 → "0.4 %", 0.42 → "42 %". */
export function percent(share: number): string {
  return Number.isNaN(share) ? '—' : `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`
}

/** How many times `b` goes into `a`. */
export function times(a: number, b: number): string {
  const ratio = a / b
  return Number.isFinite(ratio) ? `${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(2)} ×` : '—'
}

/** A table for a terminal and for Markdown alike. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map(row => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(head), `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n')
}

/** What the figures were measured on, in one line. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  return `${availableParallelism()} cores (${model}), Linux ${release().split('-')[0]}, Node ${process.versions.node}`
}

/** The load average of the last minute. Figures taken beside other work say less. */
export function load(): string {
  return (loadavg()[0] ?? Number.NaN).toFixed(2)
}

/** The share of all processor time that was used, by whomever, within the next `overMs`. */
export async function busyShare(overMs = 1_000): Promise<number> {
  const before = processorTimes()
  await new Promise(resolve => setTimeout(resolve, overMs))
  const after = processorTimes()
  return (after.busy - before.busy) / (after.total - before.total)
}

/** Waits for other work on the machine to pause; gives up after `atMostMs`. Tells how busy the processors are. */
export async function quiet({ below = 0.2, atMostMs = 30_000 } = {}): Promise<number> {
  const deadline = performance.now() + atMostMs
  for (;;) {
    const share = await busyShare()
    if (share < below || performance.now() > deadline) return share
  }
}

function processorTimes(): { busy: number; total: number } {
  let busy = 0
  let total = 0
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.irq + times.idle
    busy += all - times.idle
    total += all
  }
  return { busy, total }
}
