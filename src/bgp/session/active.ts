import type { SessionEvent } from './event.ts'
import { leaveStopped, leaveUnexpected, stay } from './leave.ts'
import { sendOpen } from './open-exchange.ts'
import { ReasonCode } from './reason.ts'
import type { ActiveState, SessionContext, SessionStep } from './state.ts'
import { dial } from './timing.ts'

/** RFC 4271 §8.2.2, Active: no connection, until the peer calls or ConnectRetryTimer expires. */
export function stepActive(state: ActiveState, event: SessionEvent, context: SessionContext): SessionStep {
  switch (event.type) {
    case 'start':
    // There is no connection that could fail.
    case 'tcpClosed':
      return stay(state)
    case 'stop':
      return leaveStopped(state, event.reason)
    case 'connectRetryTimer': {
      // A passive session has no such timer.
      if (state.direction === 'incoming') return stay(state)
      return {
        state: { name: 'Connect', direction: 'outgoing', connection: context.nextConnection, retries: state.retries },
        actions: dial(context),
        reason: { code: ReasonCode.connectRetry, text: 'time for another try' },
      }
    }
    case 'tcpConnected':
      return sendOpen(state, event.connection, context)
    default:
      return leaveUnexpected(state, event)
  }
}
