import type { OpenMessage } from '../message.ts'
import { negotiate, openMessage } from '../negotiation.ts'
import type { ConnectionId } from './action.ts'
import { leaveRefusing } from './leave.ts'
import { ReasonCode } from './reason.ts'
import type { ActiveState, ConnectState, OpenSentState, SessionContext, SessionStep } from './state.ts'
import { holdTimer, OPEN_HOLD_MS, startHoldTimer, startKeepaliveTimer } from './timing.ts'

/** Events 16 and 17: the connection is there, and DelayOpen is not offered. */
export function sendOpen(
  state: ConnectState | ActiveState,
  connection: ConnectionId,
  context: SessionContext,
): SessionStep {
  const { direction, retries } = state
  return {
    state: { name: 'OpenSent', direction, connection, retries },
    actions: [
      ...(direction === 'outgoing' ? [{ type: 'clearTimer', timer: 'connectRetry' } as const] : []),
      { type: 'send', connection, message: openMessage(context, context.restarting) },
      { type: 'setTimer', timer: holdTimer(connection), delayMs: OPEN_HOLD_MS },
    ],
    reason: { code: ReasonCode.connected, text: direction === 'outgoing' ? 'connected' : 'the peer has called' },
  }
}

/**
 * Event 19, or 22 where the OPEN cannot be agreed to. With a hold time of zero the timer of OpenSent runs on until the peer has agreed too:
 * the RFC would wait for ever.
 */
export function receiveOpen(state: OpenSentState, theirs: OpenMessage, context: SessionContext): SessionStep {
  const result = negotiate(context, theirs)
  if ('error' in result) return leaveRefusing(state, ReasonCode.openRefused, result.error)
  const { negotiated } = result
  const { connection, direction } = state
  return {
    state: { name: 'OpenConfirm', direction, connection, negotiated },
    actions: [
      { type: 'send', connection, message: { type: 'keepalive' } },
      ...startHoldTimer(connection, negotiated.holdTimeSeconds),
      ...startKeepaliveTimer(connection, negotiated.keepaliveSeconds, context.random),
    ],
    reason: { code: ReasonCode.openReceived, text: `the peer, AS ${negotiated.peerAs}, sent an OPEN` },
  }
}
