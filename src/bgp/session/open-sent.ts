import { stepConnected } from './connected.ts'
import type { SessionEvent } from './event.ts'
import { leaveExpired, lost } from './leave.ts'
import { receiveOpen } from './open-exchange.ts'
import type { OpenSentState, SessionContext, SessionStep } from './state.ts'
import { holdTimer, OPEN_HOLD_MS, retryMs } from './timing.ts'

/** RFC 4271 §8.2.2, OpenSent: waits for the peer's OPEN. */
export function stepOpenSent(state: OpenSentState, event: SessionEvent, context: SessionContext): SessionStep {
  switch (event.type) {
    case 'open':
      return receiveOpen(state, event, context)
    case 'holdTimer':
      return leaveExpired(state, OPEN_HOLD_MS / 1000)
    case 'tcpClosed':
      return waitAgain(state, event.cause, context)
    default:
      return stepConnected(state, event)
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
