/** What was measured in a cluster of some size. */
export interface Point {
  readonly services: number
  readonly speakers: number
  readonly value: number
}

export type Size = Pick<Point, 'services' | 'speakers'>

/** How much a figure grows for each Service, and for each speaker; undefined where no two measured sizes differ in that alone. */
export interface Slopes {
  readonly perService: number | undefined
  readonly perSpeaker: number | undefined
}

/** A figure that falls with size is noise: it does not grow, that is all. */
export function slopesOf(points: readonly Point[]): Slopes {
  return { perService: slope(points, 'services', 'speakers'), perSpeaker: slope(points, 'speakers', 'services') }
}

/**
 * What straight lines through the measured points give for another size, from the largest on; NaN when they do not tell how the figure
 * grows with one of the two.
 */
export function calculate(points: readonly Point[], size: Size): number {
  const largest = points.reduce((most, point) =>
    point.services * point.speakers > most.services * most.speakers ? point : most,
  )
  const { perService = Number.NaN, perSpeaker = Number.NaN } = slopesOf(points)
  const more = perService * (size.services - largest.services) + perSpeaker * (size.speakers - largest.speakers)
  return largest.value + more
}

/** Writes of registered speakers a second: each renews a Lease every ten seconds, and up to a fifth sooner. */
export function leaseWritesPerSecond(speakers: number, { intervalSeconds = 10, sooner = 0.2 } = {}): number {
  return speakers / (intervalSeconds * (1 - sooner / 2))
}

/** Of the pairs that differ in one size alone, that which differs the most tells. */
function slope(points: readonly Point[], along: keyof Size, fixed: keyof Size): number | undefined {
  let widest = 0
  let found: number | undefined
  for (const small of points) {
    for (const large of points) {
      const distance = large[along] - small[along]
      if (small[fixed] !== large[fixed] || distance <= widest) continue
      widest = distance
      found = Math.max(0, (large.value - small.value) / distance)
    }
  }
  return found
}
