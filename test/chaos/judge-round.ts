import type { Bounds } from './fault.ts'
import { judge, lengthMs, type Span, type Verdict } from './spans.ts'

/** What the observers saw in one round. */
export interface Seen {
  /** stories of two nodes that owned one address */
  readonly twoOwners: readonly string[]
  readonly silences: readonly Loss[]
  readonly nearLosses: readonly Loss[]
  readonly farLosses: readonly Loss[]
  /** times in which the observers or Herald's threads were not given a processor; they do not overlap */
  readonly stalls: readonly Span[]
}

export interface Loss {
  readonly address: string
  readonly span: Span
  /** what more there is to say of it; made only when it is told */
  story?(): string
}

export interface Finding {
  readonly verdict: Exclude<Verdict, 'held'>
  readonly invariant: Invariant
  readonly text: string
}

export const INVARIANTS = {
  oneHolder: 'no address held twice, none taken away',
  oneAnnouncer: 'never two announcers',
  silence: 'somebody answers for each address',
  pages: 'pages come',
  recovery: 'whole again within the bound, and nothing left over',
  growth: 'no growth of memory, descriptors or timers',
} as const
export type Invariant = keyof typeof INVARIANTS

/** A machine on which so much of a round was not observed, or not run, says nothing of milliseconds. */
const MOST_STALLED = 0.1

/** What of a round was against its bounds. Pure. */
export function judgeRound(bounds: Bounds, seen: Seen, round: Span): Finding[] {
  const stalledMs = seen.stalls.reduce((sum, stall) => sum + lengthMs(stall), 0)
  const overloaded = stalledMs > lengthMs(round) * MOST_STALLED
  const found: Finding[] = []
  if (bounds.oneAnnouncer) {
    for (const text of seen.twoOwners)
      found.push({ verdict: overloaded ? 'unknown' : 'violated', invariant: 'oneAnnouncer', text })
  }
  const limited: [Invariant, string, readonly Loss[], number | undefined][] = [
    ['silence', 'nobody answered for', seen.silences, bounds.silenceMs],
    ['pages', 'no page on the segment through', seen.nearLosses, bounds.nearLossMs],
    ['pages', 'no page behind the router through', seen.farLosses, bounds.farLossMs],
  ]
  for (const [invariant, what, losses, boundMs] of limited) {
    if (boundMs === undefined) continue
    for (const loss of losses) {
      const verdict = judge(loss.span, boundMs, seen.stalls)
      if (verdict === 'held') continue
      const { fromMs } = loss.span
      const ms = Math.round(lengthMs(loss.span))
      const text = `${what} ${loss.address} for ${ms} ms from ${new Date(fromMs).toISOString()}; the bound is ${boundMs} ms`
      const story = loss.story?.()
      found.push({
        verdict: overloaded ? 'unknown' : verdict,
        ...{ invariant, text: story === undefined ? text : `${text}\n${story}` },
      })
    }
  }
  return found
}

/** Times that may overlap, as times that do not. */
export function union(spans: readonly Span[]): Span[] {
  const merged: { fromMs: number; toMs: number }[] = []
  for (const { fromMs, toMs } of [...spans].sort((one, other) => one.fromMs - other.fromMs)) {
    const last = merged.at(-1)
    if (last !== undefined && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs)
    else merged.push({ fromMs, toMs })
  }
  return merged
}
