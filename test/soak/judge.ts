/** A value at a moment. */
export interface Sample {
  readonly atMs: number
  readonly value: number
}

/** How much a series may grow over the part of the run that is judged: the larger of the two. */
export interface Bound {
  readonly absolute: number
  /** share of its median */
  readonly share: number
}

export interface Verdict {
  /** median of the first third, after the warm-up, and of the last */
  readonly before: number
  readonly after: number
  /** of the line through the samples, by Theil and Sen: single peaks do not move it */
  readonly perHour: number
  /** more than the bound by the line as well as by the thirds; undefined with too few samples to tell */
  readonly grows: boolean | undefined
}

/** A process fills its caches first, and its code is compiled. */
export const WARM_UP_SHARE = 0.2
const FEWEST = 6
const HOUR_MS = 3_600_000
/** Pairs of more samples would be millions. */
const MOST = 400

/** Judges one series of a run; samples in the order of their times. */
export function judge(samples: readonly Sample[], bound: Bound): Verdict {
  const startMs = samples[0]?.atMs ?? 0
  const endMs = samples.at(-1)?.atMs ?? 0
  const warm = thinned(samples.filter(({ atMs }) => atMs >= startMs + (endMs - startMs) * WARM_UP_SHARE))
  const third = Math.max(1, Math.floor(warm.length / 3))
  const valuesOf = (some: readonly Sample[]) => some.map(({ value }) => value)
  const before = median(valuesOf(warm.slice(0, third)))
  const after = median(valuesOf(warm.slice(-third)))
  const perMs = slope(warm)
  const spanMs = (warm.at(-1)?.atMs ?? 0) - (warm[0]?.atMs ?? 0)
  const allowed = Math.max(bound.absolute, bound.share * Math.abs(median(valuesOf(warm))))
  const grows = warm.length < FEWEST ? undefined : perMs * spanMs > allowed && after - before > allowed / 2
  return { before, after, perHour: perMs * HOUR_MS, grows }
}

/** The median of the slopes between all pairs. */
function slope(samples: readonly Sample[]): number {
  const slopes: number[] = []
  for (const [index, one] of samples.entries()) {
    for (const other of samples.slice(index + 1)) {
      if (other.atMs > one.atMs) slopes.push((other.value - one.value) / (other.atMs - one.atMs))
    }
  }
  return slopes.length === 0 ? 0 : median(slopes)
}

function thinned(samples: readonly Sample[]): readonly Sample[] {
  const every = Math.ceil(samples.length / MOST)
  return every <= 1 ? samples : samples.filter((_, index) => index % every === 0)
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
