import type { SessionEvent } from './event.ts'
import { leaveCollided, leaveStopped, leaveUnexpected, stay } from './leave.ts'
import { sendOpen } from './open-exchange.ts'
import { ReasonCode } from './reason.ts'
import type { ConnectState, SessionContext, SessionStep } from './state.ts'
import { dial, retryMs } from './timing.ts'

/** RFC 4271 §8.2.2, Connect: waits for the TCP connection that this end makes. */
export function stepConnect(state: ConnectState, event: SessionEvent, context: SessionContext): SessionStep {
  const { config, nextConnection, random } = context
  switch (event.type) {
    case 'start':
      return stay(state)
    case 'stop':
      return leaveStopped(state, event.reason)
    case 'collisionDump':
      return leaveCollided(state)
    case 'connectRetryTimer':
      return {
        state: { ...state, connection: nextConnection, retries: state.retries + 1 },
        actions: [{ type: 'close', connection: state.connection }, ...dial(context)],
        reason: { code: ReasonCode.connectFailed, text: 'no connection: the peer does not answer' },
      }
    case 'tcpConnected':
      return sendOpen(state, event.connection, context)
    case 'tcpClosed': {
      // §8.2.2 goes to Idle where DelayOpen is not used, which is left by another start; Active is left by ConnectRetryTimer, at the pace
      // that is configured, and a peer that does not listen yet is not one that flaps.
      const retries = state.retries + 1
      return {
        state: { name: 'Active', direction: 'outgoing', retries },
        actions: [
          { type: 'setTimer', timer: 'connectRetry', delayMs: retryMs(retries, config.connectRetrySeconds, random) },
        ],
        reason: { code: ReasonCode.connectFailed, text: `no connection: ${event.cause}` },
      }
    }
    default:
      return leaveUnexpected(state, event)
  }
}
