import { stepActive } from './active.ts'
import { stepConnect } from './connect.ts'
import { stepEstablished } from './established.ts'
import type { SessionEvent } from './event.ts'
import { stepIdle } from './idle.ts'
import { stepOpenConfirm } from './open-confirm.ts'
import { stepOpenSent } from './open-sent.ts'
import type { SessionContext, SessionState, SessionStep } from './state.ts'

/** The finite state machine of one session (RFC 4271 §8.2.2): what an event does in a state. */
export function stepSession(state: SessionState, event: SessionEvent, context: SessionContext): SessionStep {
  switch (state.name) {
    case 'Idle':
      return stepIdle(state, event, context)
    case 'Connect':
      return stepConnect(state, event, context)
    case 'Active':
      return stepActive(state, event, context)
    case 'OpenSent':
      return stepOpenSent(state, event, context)
    case 'OpenConfirm':
      return stepOpenConfirm(state, event, context)
    case 'Established':
      return stepEstablished(state, event, context)
  }
}
