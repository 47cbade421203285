import type { SessionAction } from '../session/action.ts'
import type { Reason } from '../session/reason.ts'
import type { SessionStateName } from '../session/state.ts'

export type { ConnectionId, TimerName } from '../session/action.ts'

/** Which of a peer's two sessions: the one that this end calls for, or the one that waits for the peer's call. */
export type Direction = 'outgoing' | 'incoming'

/** What a driver has to do, in the order given; the driver keeps sockets and timers, and decides nothing. */
export type PeerAction =
  | SessionAction
  /** For log and metrics: nothing has to be done. */
  | {
      readonly type: 'transition'
      readonly direction: Direction
      readonly from: SessionStateName
      readonly to: SessionStateName
      readonly reason: Reason
    }
