import type { SessionEvent } from './event.ts'
import {
  leaveCollided,
  leaveExpired,
  leaveLost,
  leaveNotified,
  leaveRefusing,
  leaveStopped,
  leaveUnexpected,
  stay,
} from './leave.ts'
import { ReasonCode } from './reason.ts'
import type { OpenConfirmState, SessionContext, SessionStep } from './state.ts'
import { holdTimer, OPEN_HOLD_MS, startHoldTimer, startKeepaliveTimer } from './timing.ts'

/** RFC 4271 §8.2.2, OpenConfirm: waits for the KEEPALIVE by which the peer agrees to our OPEN. */
export function stepOpenConfirm(state: OpenConfirmState, event: SessionEvent, context: SessionContext): SessionStep {
  const { connection, direction, negotiated } = state
  switch (event.type) {
    case 'start':
    case 'tcpConnected':
      return stay(state)
    case 'stop':
      return leaveStopped(state, event.reason)
    case 'keepalive':
      return {
        state: { name: 'Established', direction, connection, negotiated },
        actions: [
          ...(negotiated.holdTimeSeconds === 0
            ? [{ type: 'clearTimer', timer: holdTimer(connection) } as const]
            : startHoldTimer(connection, negotiated.holdTimeSeconds)),
          { type: 'established', connection, negotiated },
        ],
        reason: { code: ReasonCode.keepaliveReceived, text: 'the peer has agreed' },
      }
    case 'keepaliveTimer':
      return stay(state, [
        { type: 'send', connection, message: { type: 'keepalive' } },
        ...startKeepaliveTimer(connection, negotiated.keepaliveSeconds, context.random),
      ])
    case 'holdTimer':
      return leaveExpired(state, negotiated.holdTimeSeconds || OPEN_HOLD_MS / 1000)
    case 'notification':
      return leaveNotified(state, event)
    case 'protocolError':
      return leaveRefusing(state, ReasonCode.protocolError, event.error)
    case 'collisionDump':
      return leaveCollided(state)
    case 'tcpClosed':
      return leaveLost(state, event.cause)
    default:
      return leaveUnexpected(state, event)
  }
}
