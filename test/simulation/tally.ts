import type { Plot } from './plots.ts'
import type { Outcome } from './simulation.ts'

/** A distribution of times in little memory: buckets 5 % wide, and the greatest with the seed where it occurred. */
export interface Distribution {
  count: number
  readonly buckets: number[]
  greatestMs: number
  greatestSeed: number
}

export interface Failure {
  readonly seed: number
  readonly plot: Plot
  readonly problem: string
}

/** What many runs came to; plain data, so that it passes between threads. */
export interface Tally {
  seeds: number
  events: number
  frames: number
  claims: number
  readonly plots: Partial<Record<Plot, number>>
  readonly failures: Failure[]
  mostFramesPerSecond: number
  mostClaimsInTenSeconds: number
  readonly distributions: Record<string, Distribution>
}

const BASE = Math.log(1.05)

export function newTally(): Tally {
  return {
    seeds: 0,
    events: 0,
    frames: 0,
    claims: 0,
    plots: {},
    failures: [],
    mostFramesPerSecond: 0,
    mostClaimsInTenSeconds: 0,
    distributions: {},
  }
}

export function count(tally: Tally, { seed, plot, problem, measurements, events, frames }: Outcome): void {
  tally.seeds++
  tally.events += events
  tally.frames += frames
  tally.claims += measurements.claims
  tally.plots[plot] = (tally.plots[plot] ?? 0) + 1
  if (problem !== undefined) tally.failures.push({ seed, plot, problem })
  tally.mostFramesPerSecond = Math.max(tally.mostFramesPerSecond, measurements.mostFramesPerSecond)
  tally.mostClaimsInTenSeconds = Math.max(tally.mostClaimsInTenSeconds, measurements.mostClaimsInTenSeconds)
  for (const ms of measurements.bothMs) add(tally, `two owners, ${plot}`, ms, seed)
  for (const ms of measurements.unownedMs) add(tally, `no owner, ${plot}`, ms, seed)
  for (const ms of measurements.wantedMs) add(tally, `wanted and not owned, ${plot}`, ms, seed)
  for (const ms of measurements.takeoverMs) add(tally, 'takeover after a crash', ms, seed)
  if (plot === 'lasting' || plot === 'calm') return
  add(tally, `no owner once healed, ${plot}`, measurements.healedUnownedMs, seed)
  add(tally, `last move once healed, ${plot}`, measurements.settledAfterMs, seed)
}

export function merge(into: Tally, from: Tally): void {
  into.seeds += from.seeds
  into.events += from.events
  into.frames += from.frames
  into.claims += from.claims
  into.failures.push(...from.failures)
  into.mostFramesPerSecond = Math.max(into.mostFramesPerSecond, from.mostFramesPerSecond)
  into.mostClaimsInTenSeconds = Math.max(into.mostClaimsInTenSeconds, from.mostClaimsInTenSeconds)
  for (const [plot, seeds] of Object.entries(from.plots) as [Plot, number][]) {
    into.plots[plot] = (into.plots[plot] ?? 0) + seeds
  }
  for (const [name, { count, buckets, greatestMs, greatestSeed }] of Object.entries(from.distributions)) {
    const distribution = distributionOf(into, name)
    distribution.count += count
    for (const [bucket, times] of buckets.entries()) {
      distribution.buckets[bucket] = (distribution.buckets[bucket] ?? 0) + (times ?? 0)
    }
    if (greatestMs <= distribution.greatestMs) continue
    distribution.greatestMs = greatestMs
    distribution.greatestSeed = greatestSeed
  }
}

/** The time that the given share of all stays below, to 5 %. */
export function quantileMs({ count, buckets }: Distribution, share: number): number {
  let left = count * share
  for (let bucket = 0; bucket < buckets.length; bucket++) {
    left -= buckets[bucket] ?? 0
    if (left <= 0) return Math.expm1(bucket * BASE)
  }
  return 0
}

function add(tally: Tally, name: string, ms: number, seed: number): void {
  const distribution = distributionOf(tally, name)
  const bucket = Math.round(Math.log1p(ms) / BASE)
  distribution.count++
  distribution.buckets[bucket] = (distribution.buckets[bucket] ?? 0) + 1
  if (ms <= distribution.greatestMs) return
  distribution.greatestMs = ms
  distribution.greatestSeed = seed
}

function distributionOf(tally: Tally, name: string): Distribution {
  let distribution = tally.distributions[name]
  if (!distribution) {
    distribution = { count: 0, buckets: [], greatestMs: -1, greatestSeed: -1 }
    tally.distributions[name] = distribution
  }
  return distribution
}
