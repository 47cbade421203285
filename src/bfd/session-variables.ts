import type { Authentication, AuthenticationSequence } from './authentication.ts'
import type { SessionState } from './packet.ts'

/** How a session behaves. Everything but the authentication may change while it is up. */
export interface SessionConfig {
  /** RFC 5880 §6.1: an active end speaks first, a passive one only when it has been spoken to */
  readonly role: 'active' | 'passive'
  /** how often this end would like to send */
  readonly desiredMinTxIntervalMs: number
  /** how often this end can bear to receive */
  readonly requiredMinRxIntervalMs: number
  /** after how many missing packets the peer declares this end down, 1–255 */
  readonly detectMultiplier: number
  /**
   * Least interval of sending while not Up, default 1000 as RFC 5880 §6.8.3 demands, so that endless attempts cost strangers nothing.
   * Herald's speakers among themselves use their fast interval: they are few, know each other, and a takeover may wait for the answer.
   */
  readonly slowIntervalMs?: number
  /**
   * Packets leave at multiples of this, where the interval less its jitter (RFC 5880 §6.8.7) has one: many sessions then send at once, and the
   * processor is woken up once for all of them. Default: at any time
   */
  readonly transmitGridMs?: number
  /** least TTL or hop limit of the peer's packets: 255 for a single hop (RFC 5881 §5), less for several (RFC 5883 §5); undefined takes any */
  readonly minimumTtl?: number
  readonly authentication?: Authentication
}

/**
 * The state variables of RFC 5880 §6.8.1 under their names there, without the prefix "bfd.", and what the timers need. Intervals are
 * microseconds as on the wire, times are milliseconds of the caller's clock, Infinity is never.
 */
export interface SessionVariables {
  sessionState: SessionState
  remoteSessionState: SessionState
  readonly localDiscriminator: number
  /** 0 while the peer is not heard */
  remoteDiscriminator: number
  /** one of Diagnostic: why it was last not Up */
  localDiagnostic: number
  /** one of Diagnostic, as the peer last said */
  remoteDiagnostic: number
  desiredMinTxIntervalUs: number
  requiredMinRxIntervalUs: number
  remoteMinRxIntervalUs: number
  remoteMinTxIntervalUs: number
  remoteDetectMultiplier: number
  remoteDemandMode: boolean
  readonly authenticationSequence: AuthenticationSequence
  /** what the intervals above count as until the peer has confirmed them */
  transmitIntervalInUseUs: number
  receiveIntervalInUseUs: number
  /** a Poll Sequence is under way (§6.5) */
  polling: boolean
  /** intervals changed during the Poll Sequence: another has to follow */
  pollAgain: boolean
  stateSinceMs: number
  /** when the last valid packet came; undefined before the first one */
  lastHeardMs: number | undefined
  lastTransmitMs: number
  nextTransmitMs: number
  /** when silence counts as loss of the peer */
  detectAtMs: number
  /** the deadline was put off once because the caller itself was late */
  deadlinePutOff: boolean
}
