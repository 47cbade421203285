import { parseDurationSeconds, parseWholeSeconds } from './duration.ts'
import { type Fields, isEmpty } from './field-checks.ts'
import type { Problem } from './problem.ts'

/** What is proposed to the peer, and how often it is called. */
export interface PeerTimers {
  /** 0: neither keepalives nor a hold timer */
  readonly holdTimeSeconds: number
  /** undefined: a third of what both ends agree on */
  readonly keepaliveTimeSeconds?: number
  readonly connectRetrySeconds: number
}

/** RFC 4271 §10 suggests this. */
const DEFAULT_HOLD_SECONDS = 90

/**
 * RFC 4271 §10 suggests 120 s. A router that restarts would be waited for so long, and nobody has announced anything meanwhile; one packet in
 * ten seconds is no burden. A session that ends again at once is held back by its own damping.
 */
const DEFAULT_CONNECT_RETRY_SECONDS = 10

/** The field of an OPEN has two octets. */
const LONGEST_SECONDS = 65_535

/** Reads the timers of a BGPPeer, which stand there as durations. */
export function parsePeerTimers({
  holdTime,
  keepaliveTime,
  connectTime,
}: Fields): PeerTimers | { readonly problem: Problem } {
  const hold = isEmpty(holdTime) ? undefined : parseDurationSeconds(holdTime)
  const keepalive = isEmpty(keepaliveTime) ? undefined : parseDurationSeconds(keepaliveTime)
  if (hold === undefined && !isEmpty(holdTime)) return wrong('spec.holdTime', notADuration(holdTime))
  if (keepalive === undefined && !isEmpty(keepaliveTime)) {
    return wrong('spec.keepaliveTime', notADuration(keepaliveTime))
  }
  // RFC 4271 §4.4: keepalives come three times in the hold time, where only one of the two is given.
  const holdTimeSeconds = hold ?? (keepalive === undefined ? DEFAULT_HOLD_SECONDS : keepalive * 3)
  const holdField = hold === undefined ? 'spec.keepaliveTime' : 'spec.holdTime'
  // RFC 4271 §4.2: zero or at least three seconds.
  if (holdTimeSeconds > 0 && holdTimeSeconds < 3) {
    return wrong(holdField, `a hold time of ${holdTimeSeconds} s is neither 0 nor at least 3 s`)
  }
  if (holdTimeSeconds > LONGEST_SECONDS) {
    return wrong(holdField, `a hold time of ${holdTimeSeconds} s is longer than ${LONGEST_SECONDS} s`)
  }
  if (keepalive !== undefined && keepalive > holdTimeSeconds) {
    return wrong('spec.keepaliveTime', `${keepalive} s must not be longer than the hold time of ${holdTimeSeconds} s`)
  }
  const connect = isEmpty(connectTime) ? DEFAULT_CONNECT_RETRY_SECONDS : parseWholeSeconds(connectTime)
  if (connect === undefined || connect < 1 || connect > LONGEST_SECONDS) {
    return wrong('spec.connectTime', `must be from 1 s to ${LONGEST_SECONDS} s, in whole seconds, such as "30s"`)
  }
  return {
    holdTimeSeconds,
    // 0 would let the session die of its hold timer: it means no wish of one's own.
    ...(keepalive && { keepaliveTimeSeconds: keepalive }),
    connectRetrySeconds: connect,
  }
}

function notADuration(value: unknown): string {
  return `${JSON.stringify(value)} is no duration such as "90s" or "1m30s"`
}

function wrong(field: string, message: string): { problem: Problem } {
  return { problem: { field, message } }
}
