/** What a process holds at one moment, at rest. */
export interface Sample {
  readonly atMs: number
  readonly residentBytes: number
  readonly descriptors: number
  /** as Node.js counts them; not known of every moment, since asking disturbs */
  readonly timers?: number
}

/** A process needs as many samples as this, so that its first and last ones tell of a trend. */
const FEWEST = 9
/** A process that has just begun fills its caches. */
const WARM_UP_MS = 60_000
const MEMORY_SHARE = 1.25
const MEMORY_BYTES = 16 * 2 ** 20
const DESCRIPTORS = 8
const TIMERS = 20

/**
 * Whether a process grows: the median of its last third against that of its first. The garbage collector lets memory swing by some megabytes and the
 * watch caches breathe with the number of Services, so a quarter and 16 MiB are no growth.
 */
export function growth(name: string, samples: readonly Sample[]): string[] {
  const startMs = samples[0]?.atMs ?? 0
  const warm = samples.filter(({ atMs }) => atMs - startMs >= WARM_UP_MS)
  if (warm.length < FEWEST) return []
  const third = Math.floor(warm.length / 3)
  const [first, last] = [warm.slice(0, third), warm.slice(-third)]
  const found: string[] = []
  const memory = [first, last].map(some => median(some.map(({ residentBytes }) => residentBytes))) as [number, number]
  if (memory[1] > memory[0] * MEMORY_SHARE && memory[1] > memory[0] + MEMORY_BYTES)
    found.push(`${name}: memory grew from ${mebibytes(memory[0])} to ${mebibytes(memory[1])}`)
  const open = [first, last].map(some => median(some.map(({ descriptors }) => descriptors))) as [number, number]
  if (open[1] > open[0] + DESCRIPTORS) found.push(`${name}: open descriptors grew from ${open[0]} to ${open[1]}`)
  const timers = warm.flatMap(sample => sample.timers ?? [])
  if (timers.at(-1)! > timers[0]! + TIMERS) found.push(`${name}: timers grew from ${timers[0]} to ${timers.at(-1)}`)
  return found
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1]!
}

export const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`
