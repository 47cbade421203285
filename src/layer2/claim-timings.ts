export interface ClaimTimings {
  /** how often it asks before silence is an answer */
  readonly probeCount: number
  /** how long each probe may stay without an answer */
  readonly probeIntervalMs: number
  /** the first wait before it asks a living owner again; doubled each time */
  readonly askAgainMs: number
  readonly askAgainMaxMs: number
  /** how long one that has just yielded leaves the other alone, even if it takes it for dead */
  readonly yieldHoldMs: number
  /** the first wait before it asks whether a stranger still uses the address; doubled each time */
  readonly conflictRecheckMs: number
  readonly conflictRecheckMaxMs: number
  /** the first wait after a stranger has only asked for the address itself; doubled each time, up to conflictRecheckMs */
  readonly probedRecheckMs: number
  /** strangers that have asked for so long and not claimed are heard no more: RFC 5227 §1.1 has a host claim 4 + 2 s after its first probe */
  readonly probedMaxMs: number
  /** RFC 5227 §1.1 DEFEND_INTERVAL: against a stranger, at most one announcement in this time */
  readonly defendIntervalMs: number
  /** against another speaker */
  readonly settleIntervalMs: number
  /**
   * how long a speaker has to count as expired before what is heard in its name is taken for a cache's: one that lives and was called expired by
   * mistake says so when it sees that
   */
  readonly goneAfterMs: number
  /** a stranger not heard for so long has gone */
  readonly conflictForgottenMs: number
}

export const DEFAULT_CLAIM_TIMINGS: ClaimTimings = {
  probeCount: 2,
  probeIntervalMs: 50,
  askAgainMs: 100,
  askAgainMaxMs: 2_000,
  yieldHoldMs: 250,
  conflictRecheckMs: 1_000,
  conflictRecheckMaxMs: 5_000,
  probedRecheckMs: 200,
  probedMaxMs: 6_000,
  defendIntervalMs: 10_000,
  settleIntervalMs: 100,
  goneAfterMs: 5_000,
  conflictForgottenMs: 30_000,
}

/** While another speaker is said to own an address as well, both are told of each other so often: announcements may have been lost. */
export const RIVALS_INTERVAL_MS = 250

/** After claiming, the segment is told again after so many milliseconds, because frames get lost and switches learn late. */
export const REPEAT_AFTER_MS: readonly number[] = [200, 1_000, 3_000, 10_000, 30_000, 60_000]
/** Then for as long as the address is owned: two owners can only settle what they hear of each other. */
export const REPEAT_EVERY_MS = 300_000
