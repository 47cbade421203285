/** Why a session went from one state to another: stable, for metrics and tests. */
export const ReasonCode = {
  /** started by configuration, or again when the time in Idle is over */
  started: 'started',
  /** the time for a try is over, or the time until the next one */
  connectRetry: 'connectRetry',
  connected: 'connected',
  /** no TCP connection could be made */
  connectFailed: 'connectFailed',
  /** the connection is gone without a NOTIFICATION */
  connectionLost: 'connectionLost',
  openReceived: 'openReceived',
  keepaliveReceived: 'keepaliveReceived',
  /** the peer's OPEN cannot be agreed to */
  openRefused: 'openRefused',
  /** the peer sent what no speaker may send */
  protocolError: 'protocolError',
  /** an event that the state has no use for */
  unexpectedEvent: 'unexpectedEvent',
  notificationReceived: 'notificationReceived',
  holdTimerExpired: 'holdTimerExpired',
  /** RFC 9687: the peer takes no bytes */
  sendHoldTimerExpired: 'sendHoldTimerExpired',
  bfdDown: 'bfdDown',
  /** closed in favour of another connection with the same peer */
  collision: 'collision',
  /** RFC 4724 §4.2: the peer has restarted and come back by a new connection */
  replaced: 'replaced',
  /** the other connection holds or ended the session, so this one does not go on by itself */
  otherConnection: 'otherConnection',
  shutdown: 'shutdown',
  deconfigured: 'deconfigured',
  reset: 'reset',
  gracefulRestart: 'gracefulRestart',
  configurationChanged: 'configurationChanged',
} as const
export type ReasonCode = (typeof ReasonCode)[keyof typeof ReasonCode]

/** A reason with its details in words, for log and status. */
export interface Reason {
  readonly code: ReasonCode
  readonly text: string
}
