import type { Visit } from '../support/lab/page-loop.ts'

/** A time, in ms since 1970. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

export const lengthMs = ({ fromMs, toMs }: Span): number => toMs - fromMs

/** How much of one time the others cover; they do not overlap each other. */
export function coveredMs(span: Span, others: readonly Span[]): number {
  const overlap = (other: Span) => Math.min(span.toMs, other.toMs) - Math.max(span.fromMs, other.fromMs)
  return others.reduce((sum, other) => sum + Math.max(0, overlap(other)), 0)
}

/**
 * The times in which pages did not come: each from the beginning of the first visit that failed to the beginning of the next one that did not, or to
 * `untilMs`. Visits of one address, in the order in which they began.
 */
export function losses(visits: readonly Visit[], untilMs: number): Span[] {
  const found: Span[] = []
  let fromMs: number | undefined
  for (const { atMs, outcome } of visits) {
    if (outcome !== undefined) fromMs ??= atMs
    else if (fromMs !== undefined) {
      found.push({ fromMs, toMs: atMs })
      fromMs = undefined
    }
  }
  if (fromMs !== undefined) found.push({ fromMs, toMs: Math.max(fromMs, untilMs) })
  return found
}

/** What a bound says about a time, when parts of it were not observed. */
export type Verdict = 'held' | 'violated' | 'unknown'

/**
 * Whether a time was within its bound. An observer that stood still saw the end of it late: what is over the bound only by such time is unknown.
 *
 * @param stalls times in which the observers did not run
 */
export function judge(span: Span, boundMs: number, stalls: readonly Span[]): Verdict {
  if (lengthMs(span) <= boundMs) return 'held'
  return lengthMs(span) - coveredMs(span, stalls) > boundMs ? 'violated' : 'unknown'
}
