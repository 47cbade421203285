import { spokenFamily } from '../codec/layout.ts'
import { RouteRefreshSubtype } from '../codec/route-refresh.ts'
import type { RouteRefreshMessage } from '../message.ts'
import { sendKeepalive, stepConnected } from './connected.ts'
import type { SessionEvent } from './event.ts'
import { leave, leaveExpired, leaveLost, stay } from './leave.ts'
import { ReasonCode } from './reason.ts'
import type { EstablishedState, SessionContext, SessionStep } from './state.ts'
import { startHoldTimer } from './timing.ts'

/**
 * RFC 4271 §8.2.2, Established. KEEPALIVEs go out at their own pace: that an UPDATE may stand for one (§4.4) would save nothing, since
 * routes change rarely.
 */
export function stepEstablished(state: EstablishedState, event: SessionEvent, context: SessionContext): SessionStep {
  const { connection, negotiated } = state
  switch (event.type) {
    case 'keepalive':
      return stay(state, startHoldTimer(connection, negotiated.holdTimeSeconds))
    case 'update':
      return stay(state, [
        ...startHoldTimer(connection, negotiated.holdTimeSeconds),
        { type: 'update', connection, message: event },
      ])
    case 'routeRefresh':
      return refresh(state, event)
    case 'keepaliveTimer':
      return sendKeepalive(state, context)
    case 'holdTimer':
      return leaveExpired(state, negotiated.holdTimeSeconds)
    case 'tcpClosed':
      return leaveLost(state, event.cause)
    case 'sendHoldTimer':
      // RFC 9687: a NOTIFICATION would not reach the peer either.
      return leave(
        state,
        { code: ReasonCode.sendHoldTimerExpired, text: 'the peer does not read what it is sent' },
        { abort: true },
      )
    default:
      return stepConnected(state, event)
  }
}

/**
 * RFC 2918 §4: a family that was not agreed upon is ignored. RFC 7313 §4: 1 and 2 mark the peer's own answers, which are none of ours,
 * since Herald asks for nothing; unknown subtypes are ignored (§5).
 */
function refresh(state: EstablishedState, message: RouteRefreshMessage): SessionStep {
  const family = spokenFamily(message)
  const asked =
    message.subtype === RouteRefreshSubtype.request &&
    family !== undefined &&
    state.negotiated.families.includes(family)
  return stay(state, asked ? [{ type: 'routeRefresh', connection: state.connection, family }] : [])
}
