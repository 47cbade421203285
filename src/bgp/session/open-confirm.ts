import { sendKeepalive, stepConnected } from './connected.ts'
import type { SessionEvent } from './event.ts'
import { leaveExpired, leaveLost } from './leave.ts'
import { ReasonCode } from './reason.ts'
import type { OpenConfirmState, SessionContext, SessionStep } from './state.ts'
import { holdTimer, OPEN_HOLD_MS, startHoldTimer } from './timing.ts'

/** RFC 4271 §8.2.2, OpenConfirm: waits for the KEEPALIVE by which the peer agrees to our OPEN. */
export function stepOpenConfirm(state: OpenConfirmState, event: SessionEvent, context: SessionContext): SessionStep {
  const { connection, direction, negotiated } = state
  switch (event.type) {
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
      return sendKeepalive(state, context)
    case 'holdTimer':
      return leaveExpired(state, negotiated.holdTimeSeconds || OPEN_HOLD_MS / 1000)
    case 'tcpClosed':
      return leaveLost(state, event.cause)
    default:
      return stepConnected(state, event)
  }
}
