import { SessionState } from './packet.ts'

/** What the sessions with one peer have counted, for as long as it is a peer. */
export interface SessionCounters {
  /** those that passed every check */
  packetsReceived: number
  packetsSent: number
  /** how often a session came up */
  upEvents: number
  /** how often one was up and went down */
  downEvents: number
}

export function newSessionCounters(): SessionCounters {
  return { packetsReceived: 0, packetsSent: 0, upEvents: 0, downEvents: 0 }
}

/** Counts a change of state; nothing when there was none. */
export function countStates(counters: SessionCounters, before: SessionState, after: SessionState): void {
  if (before === after) return
  if (after === SessionState.up) counters.upEvents++
  else if (before === SessionState.up) counters.downEvents++
}
