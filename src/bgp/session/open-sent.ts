import type { SessionEvent } from './event.ts'
import {
  leaveCollided,
  leaveExpired,
  leaveNotified,
  leaveRefusing,
  leaveStopped,
  leaveUnexpected,
  lost,
  stay,
} from './leave.ts'
import { receiveOpen } from './open-exchange.ts'
import { ReasonCode } from './reason.ts'
import type { OpenSentState, SessionContext, SessionStep } from './state.ts'
import { holdTimer, OPEN_HOLD_MS, retryMs } from './timing.ts'

/** RFC 4271 §8.2.2, OpenSent: waits for the peer's OPEN. */
export function stepOpenSent(state: OpenSentState, event: SessionEvent, context: SessionContext): SessionStep {
  switch (event.type) {
    case 'start':
    // A second connection is a session of its own until collision is decided (src/bgp/peer/collision.ts).
    case 'tcpConnected':
      return stay(state)
    case 'stop':
      return leaveStopped(state, event.reason)
    case 'open':
      return receiveOpen(state, event, context)
    case 'notification':
      return leaveNotified(state, event)
    case 'protocolError':
      return leaveRefusing(state, ReasonCode.protocolError, event.error)
    case 'collisionDump':
      return leaveCollided(state)
    case 'holdTimer':
      return leaveExpired(state, OPEN_HOLD_MS / 1000)
    case 'tcpClosed':
      return waitAgain(state, event.cause, context)
    default:
      return leaveUnexpected(state, event)
  }
}

/** Event 18: the peer does not talk to this end (yet); a call of its own may still come. */
function waitAgain(state: OpenSentState, cause: string, { config, random }: SessionContext): SessionStep {
  const { connection, direction } = state
  const retries = state.retries + 1
  const delayMs = retryMs(retries, config.connectRetrySeconds, random)
  return {
    state: { name: 'Active', direction, retries },
    actions: [
      { type: 'clearTimer', timer: holdTimer(connection) },
      ...(direction === 'outgoing' ? [{ type: 'setTimer', timer: 'connectRetry', delayMs } as const] : []),
    ],
    reason: lost(`${cause}, before the peer's OPEN`),
  }
}
