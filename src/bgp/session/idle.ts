import type { SessionEvent } from './event.ts'
import { stay } from './leave.ts'
import { ReasonCode } from './reason.ts'
import type { IdleState, SessionContext, SessionStep } from './state.ts'
import { dial } from './timing.ts'

const started = { code: ReasonCode.started, text: 'started' } as const

/** RFC 4271 §8.2.2, Idle: refuses everything but a start. Which time it spends here is the peer's to decide (src/bgp/peer/damping.ts). */
export function stepIdle(state: IdleState, event: SessionEvent, context: SessionContext): SessionStep {
  if (event.type !== 'start') return stay(state)
  // Events 4, 5, 7: passive, so that only listening is left to do.
  if (state.direction === 'incoming') {
    return { state: { name: 'Active', direction: 'incoming', retries: 0 }, actions: [], reason: started }
  }
  // Events 1, 3, 6, 13
  return {
    state: { name: 'Connect', direction: 'outgoing', connection: context.nextConnection, retries: 0 },
    actions: dial(context),
    reason: started,
  }
}
