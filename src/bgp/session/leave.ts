import { MessageType } from '../codec/layout.ts'
import { ErrorCode, FiniteStateMachineSubcode, type ProtocolError, UNSPECIFIC } from '../error-codes.ts'
import type { NotificationMessage } from '../message.ts'
import type { SessionAction } from './action.ts'
import { ceaseFor, reasonOfStop } from './cease.ts'
import { describeNotification } from './describe-notification.ts'
import type { SessionEvent } from './event.ts'
import { type Reason, ReasonCode } from './reason.ts'
import type { IdleState, SessionState, SessionStep } from './state.ts'
import type { StopReason } from './stop-reason.ts'
import { holdTimer, keepaliveTimer } from './timing.ts'

/** The event changes nothing, or nothing but timers and messages. */
export function stay(state: SessionState, actions: readonly SessionAction[] = []): SessionStep {
  return { state, actions }
}

/**
 * To Idle from wherever the session is: its timers end, the peer is told if there is something to tell, the connection is closed.
 *
 * @param options.error what the NOTIFICATION says; none is sent before our OPEN
 * @param options.abort the peer takes no bytes
 * @param options.gone the connection does not exist any more
 */
export function leave(
  state: Exclude<SessionState, IdleState>,
  reason: Reason,
  options: { error?: ProtocolError; abort?: boolean; gone?: boolean } = {},
): SessionStep {
  const actions: SessionAction[] = []
  if (state.name === 'Established') actions.push({ type: 'down', connection: state.connection, reason })
  actions.push(...clearTimers(state))
  if (options.error && hasOpenSent(state)) {
    actions.push({ type: 'send', connection: state.connection, message: notification(options.error) })
  }
  if ('connection' in state && !options.gone) {
    actions.push({ type: 'close', connection: state.connection, ...(options.abort && { abort: true }) })
  }
  return { state: { name: 'Idle', direction: state.direction }, actions, reason }
}

/** Events 2 and 8. */
export function leaveStopped(state: Exclude<SessionState, IdleState>, reason: StopReason): SessionStep {
  return leave(state, reasonOfStop(reason), {
    error: ceaseFor(reason, 'negotiated' in state ? state.negotiated : undefined),
  })
}

/** Event 10. RFC 4271 §6.5 */
export function leaveExpired(state: Exclude<SessionState, IdleState>, holdTimeSeconds: number): SessionStep {
  const text = `nothing was heard from the peer for ${holdTimeSeconds} s`
  return leave(
    state,
    { code: ReasonCode.holdTimerExpired, text },
    { error: { code: ErrorCode.holdTimerExpired, subcode: UNSPECIFIC, data: new Uint8Array(0), reason: text } },
  )
}

/** Events 24 and 25. A NOTIFICATION is never answered by another (RFC 4271 §6.4). */
export function leaveNotified(state: Exclude<SessionState, IdleState>, message: NotificationMessage): SessionStep {
  return leave(state, {
    code: ReasonCode.notificationReceived,
    text: `the peer said: ${describeNotification(message)}`,
  })
}

/** Events 21, 22 and 28. RFC 4271 §6 */
export function leaveRefusing(
  state: Exclude<SessionState, IdleState>,
  code: 'protocolError' | 'openRefused',
  error: ProtocolError,
): SessionStep {
  return leave(state, { code, text: error.reason }, { error })
}

/** Event 18 in a state that does not wait for another connection. */
export function leaveLost(state: Exclude<SessionState, IdleState>, cause: string): SessionStep {
  return leave(state, lost(cause), { gone: true })
}

export function lost(cause: string): Reason {
  return { code: ReasonCode.connectionLost, text: `the connection is gone: ${cause}` }
}

/** Event 23 */
export function leaveCollided(state: Exclude<SessionState, IdleState>): SessionStep {
  const reason: StopReason = { type: 'otherConnection' }
  const text = 'another connection with the peer is kept'
  return leave(state, { code: ReasonCode.collision, text }, { error: ceaseFor(reason, undefined) })
}

/** RFC 4271 §6.6 and "any other event" of §8.2.2; RFC 6608 tells which state the message surprised, and which it was. */
export function leaveUnexpected(state: Exclude<SessionState, IdleState>, event: SessionEvent): SessionStep {
  const text = `${event.type} came in state ${state.name}`
  const type = messageType(event)
  const error: ProtocolError = {
    code: ErrorCode.finiteStateMachine,
    subcode: type !== undefined && hasOpenSent(state) ? stateSubcode[state.name] : UNSPECIFIC,
    data: type === undefined ? new Uint8Array(0) : Uint8Array.of(type),
    reason: text,
  }
  return leave(state, { code: ReasonCode.unexpectedEvent, text }, { error })
}

export function notification({ code, subcode, data }: ProtocolError): NotificationMessage {
  return { type: 'notification', code, subcode, data }
}

const stateSubcode = {
  OpenSent: FiniteStateMachineSubcode.inOpenSent,
  OpenConfirm: FiniteStateMachineSubcode.inOpenConfirm,
  Established: FiniteStateMachineSubcode.inEstablished,
} as const

function messageType({ type }: SessionEvent): number | undefined {
  return Object.hasOwn(MessageType, type) ? MessageType[type as keyof typeof MessageType] : undefined
}

/** Before our OPEN nothing is said, not even why it ends. */
function hasOpenSent(
  state: SessionState,
): state is Extract<SessionState, { name: 'OpenSent' | 'OpenConfirm' | 'Established' }> {
  return state.name in stateSubcode
}

function clearTimers(state: Exclude<SessionState, IdleState>): readonly SessionAction[] {
  switch (state.name) {
    case 'Connect':
      return [{ type: 'clearTimer', timer: 'connectRetry' }]
    case 'Active':
      return state.direction === 'outgoing' ? [{ type: 'clearTimer', timer: 'connectRetry' }] : []
    case 'OpenSent':
      return [{ type: 'clearTimer', timer: holdTimer(state.connection) }]
    default: {
      const { name, connection, negotiated } = state
      const hold = { type: 'clearTimer', timer: holdTimer(connection) } as const
      if (negotiated.holdTimeSeconds === 0) return name === 'OpenConfirm' ? [hold] : []
      return [hold, { type: 'clearTimer', timer: keepaliveTimer(connection) }]
    }
  }
}
