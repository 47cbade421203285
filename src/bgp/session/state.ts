import type { Negotiated, PeerSettings } from '../negotiation.ts'
import type { ConnectionId, SessionAction } from './action.ts'
import type { Reason } from './reason.ts'

/** RFC 4271 §8.2.2, in the order in which a session comes up. */
export const SESSION_STATE_NAMES = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'] as const
export type SessionStateName = (typeof SESSION_STATE_NAMES)[number]

interface Common {
  /** outgoing: this end calls; incoming: it waits for the peer's call (PassiveTcpEstablishment) */
  readonly direction: 'outgoing' | 'incoming'
}

interface Opening extends Common {
  /** RFC 4271 §8.1.1, ConnectRetryCounter: tries since the start that came to nothing */
  readonly retries: number
}

export interface IdleState extends Common {
  readonly name: 'Idle'
}
/** The outgoing session alone: a TCP connection is being made. */
export interface ConnectState extends Opening {
  readonly name: 'Connect'
  readonly connection: ConnectionId
}
/** The outgoing session waits for its next try, the incoming one for the peer. */
export interface ActiveState extends Opening {
  readonly name: 'Active'
}
export interface OpenSentState extends Opening {
  readonly name: 'OpenSent'
  readonly connection: ConnectionId
}
export interface OpenConfirmState extends Common {
  readonly name: 'OpenConfirm'
  readonly connection: ConnectionId
  readonly negotiated: Negotiated
}
export interface EstablishedState extends Common {
  readonly name: 'Established'
  readonly connection: ConnectionId
  readonly negotiated: Negotiated
}

export type SessionState = IdleState | ConnectState | ActiveState | OpenSentState | OpenConfirmState | EstablishedState

/** What a step may look at besides state and event. */
export interface SessionContext extends PeerSettings {
  /** the R bit of RFC 4724 §3 in our OPEN */
  readonly restarting: boolean
  /** the name of the next outgoing connection */
  readonly nextConnection: ConnectionId
  /** a number from 0 up to, not including, 1: for jitter */
  readonly random: () => number
}

export interface SessionStep {
  readonly state: SessionState
  readonly actions: readonly SessionAction[]
  /** why the session goes on otherwise; undefined when it goes on as before */
  readonly reason?: Reason
}
