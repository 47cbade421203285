import type { SessionEvent } from './event.ts'
import { leaveCollided, leaveNotified, leaveRefusing, leaveStopped, leaveUnexpected, stay } from './leave.ts'
import { ReasonCode } from './reason.ts'
import type { EstablishedState, OpenConfirmState, OpenSentState, SessionContext, SessionStep } from './state.ts'
import { startKeepaliveTimer } from './timing.ts'

/** RFC 4271 §8.2.2: what OpenSent, OpenConfirm and Established treat alike; each handles its own events before. */
export function stepConnected(
  state: OpenSentState | OpenConfirmState | EstablishedState,
  event: SessionEvent,
): SessionStep {
  switch (event.type) {
    case 'start':
    // A second connection is a session of its own until collision is decided (src/bgp/peer/collision.ts).
    case 'tcpConnected':
      return stay(state)
    case 'stop':
      return leaveStopped(state, event.reason)
    case 'notification':
      return leaveNotified(state, event)
    case 'protocolError':
      return leaveRefusing(state, ReasonCode.protocolError, event.error)
    case 'collisionDump':
      return leaveCollided(state)
    default:
      return leaveUnexpected(state, event)
  }
}

/** Event 11 */
export function sendKeepalive(state: OpenConfirmState | EstablishedState, { random }: SessionContext): SessionStep {
  const { connection, negotiated } = state
  return stay(state, [
    { type: 'send', connection, message: { type: 'keepalive' } },
    ...startKeepaliveTimer(connection, negotiated.keepaliveSeconds, random),
  ])
}
