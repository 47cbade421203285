import type { ClaimState, ClaimView, Conflict, Origin } from '../../src/layer2/claim-state.ts'
import { TakeoverCause } from '../../src/layer2/claim-state.ts'

export const STRANGER = { mac: 0x0200_5e00_00aa }

/** A node's name says all that the machine asks of it: where it stands in the order, how its hash compares, whether it is gone. */
export const node = (name: string): Origin => ({ node: name })
export const VIEW: Omit<ClaimView, 'nowMs'> = {
  first: true,
  cause: TakeoverCause.elected,
  deposesNobody: false,
  askAtMs: () => Number.NEGATIVE_INFINITY,
  outranks: name => name.includes('before'),
  lowerHash: name => name.includes('low'),
  isGone: name => name.includes('gone'),
}

export function conflictOf(state: ClaimState): Conflict | undefined {
  return state.phase === 'idle' ? undefined : state.conflict
}

/** A machine that writes into the state it was given throws here. */
export function freeze<State extends ClaimState>(state: State): State {
  if ('conflict' in state && state.conflict) Object.freeze(state.conflict)
  return Object.freeze(state)
}
