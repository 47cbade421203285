import type { PeerSettings } from '../negotiation.ts'
import type { Reason } from '../session/reason.ts'
import {
  type EstablishedState,
  type IdleState,
  SESSION_STATE_NAMES,
  type SessionState,
  type SessionStateName,
} from '../session/state.ts'
import type { Direction } from './actions.ts'

/** A peer at a moment; never changed, replaced by stepPeer(). */
export interface Peer {
  readonly settings: PeerSettings
  /** between start and stop */
  readonly running: boolean
  /** the IdleHoldTimer runs, until which this end does not call */
  readonly holding: boolean
  /** the R bit of our OPEN */
  readonly restarting: boolean
  /** The session that is up, whoever has called. It stands apart, so that there is never a second one. */
  readonly established: EstablishedState | undefined
  /** the session that this end calls for; Idle where that is not wanted, or while another one is up */
  readonly outgoing: SessionState
  /** the session that waits for the peer's call; Idle only where that is not wanted */
  readonly incoming: SessionState
  /** how often this end has had to wait in Idle since a session was stable */
  readonly flaps: number
  /** connections asked for so far */
  readonly dials: number
  /** BFD has seen the peer, and not lost it since */
  readonly bfdUp: boolean
  /** why the last try or session failed */
  readonly lastError: Reason | undefined
}

export function idle(direction: Direction): IdleState {
  return { name: 'Idle', direction }
}

/** The state of the session that has come farthest. */
export function peerStateName({ established, outgoing, incoming }: Peer): SessionStateName {
  const rank = (state: SessionState | undefined) => (state ? SESSION_STATE_NAMES.indexOf(state.name) : 0)
  return SESSION_STATE_NAMES[Math.max(rank(established), rank(outgoing), rank(incoming))]!
}
