/** Who was heard to own an address, and when two were. Pure: from what a sniffer wrote down. */

/** Somebody answered for an address or announced it. */
export interface Claim {
  readonly timeMs: number
  readonly mac: string
  readonly kind: 'answer' | 'announce'
}

/** All that a sniffer heard about one address, each list in the order of time. */
export interface Heard {
  readonly claims: readonly Claim[]
  /** when somebody asked for it, in ms */
  readonly asksMs: readonly number[]
}

/** A time in which one MAC was heard to own an address: from its first claim to its last one. */
export interface Ownership {
  readonly mac: string
  readonly fromMs: number
  readonly toMs: number
}

/** A time in which two MACs were heard to own an address. Zero long: one made a single claim in the time of the other. */
export interface DualOwnership {
  readonly macs: readonly [string, string]
  readonly fromMs: number
  readonly toMs: number
}

/** A time in which nobody answered for an address, in ms since 1970. */
export interface Silence {
  readonly fromMs: number
  readonly toMs: number
}

/** An owner that leaves a question unanswered for so long owns the address no more. */
export const ANSWER_WITHIN_MS = 100

/**
 * The times in which each MAC owned an address. Two claims of one MAC belong to one time, however far apart, unless it was asked
 * in between and did not answer: silence says nothing where nobody asks, and a MAC that is not asked may own an address quietly.
 * So what this tells of an end is as exact as the questions are frequent.
 */
export function ownerships({ claims, asksMs }: Heard, answerWithinMs = ANSWER_WITHIN_MS): Ownership[] {
  const times: { mac: string; fromMs: number; toMs: number }[] = []
  const current = new Map<string, { mac: string; fromMs: number; toMs: number }>()
  for (const { mac, timeMs } of claims) {
    const open = current.get(mac)
    if (open !== undefined && !leftUnanswered(asksMs, open.toMs, timeMs - answerWithinMs)) {
      open.toMs = timeMs
      continue
    }
    const time = { mac, fromMs: timeMs, toMs: timeMs }
    times.push(time)
    current.set(mac, time)
  }
  return times
}

/** Whether anyone asked after `fromMs` and before `toMs`. */
function leftUnanswered(asksMs: readonly number[], fromMs: number, toMs: number): boolean {
  let [low, high] = [0, asksMs.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (asksMs[middle]! <= fromMs) low = middle + 1
    else high = middle
  }
  return low < asksMs.length && asksMs[low]! < toMs
}

/**
 * The times that two MACs shared: A claims, B claims, A claims again without having yielded, from B's first claim to the last that
 * falls into the other's time. A hand-over (A…A, B…B), and one back, are none.
 */
export function dualOwnerships(heard: Heard, answerWithinMs = ANSWER_WITHIN_MS): DualOwnership[] {
  const times = ownerships(heard, answerWithinMs)
  const found: DualOwnership[] = []
  for (const [i, one] of times.entries()) {
    for (const other of times.slice(i + 1)) {
      if (other.fromMs > one.toMs) break // in the order of their beginnings
      if (other.mac === one.mac) continue
      found.push({ macs: [one.mac, other.mac], fromMs: other.fromMs, toMs: Math.min(one.toMs, other.toMs) })
    }
  }
  return found
}

/** The first claim of a kind after a moment by any MAC but one. */
export function firstClaimAfter(
  claims: readonly Claim[],
  afterMs: number,
  options: { notMac?: string; kind?: Claim['kind'] } = {},
): Claim | undefined {
  return claims.find(
    ({ timeMs, mac, kind }) =>
      timeMs > afterMs && mac !== options.notMac && (options.kind === undefined || kind === options.kind),
  )
}

/**
 * The times in which questions to all were left unanswered: each from the first such question to the next claim by anyone, or to `untilMs`, up to which
 * everything has been heard. Where nobody asks there is no silence, so that a late asker makes none up.
 */
export function silences({ claims, asksMs }: Heard, untilMs: number, answerWithinMs = ANSWER_WITHIN_MS): Silence[] {
  const found: Silence[] = []
  let next = 0
  let coveredUntilMs = Number.NEGATIVE_INFINITY
  for (const askMs of asksMs) {
    if (askMs <= coveredUntilMs) continue
    while (next < claims.length && claims[next]!.timeMs < askMs) next++
    const toMs = claims[next]?.timeMs ?? untilMs
    coveredUntilMs = toMs
    if (toMs - askMs > answerWithinMs) found.push({ fromMs: askMs, toMs })
  }
  return found
}
