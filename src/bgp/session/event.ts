import type { ProtocolError } from '../error-codes.ts'
import type { Message } from '../message.ts'
import type { ConnectionId } from './action.ts'
import type { StopReason } from './stop-reason.ts'

/**
 * What happens to one session, after RFC 4271 §8.1. Received messages are events by their own type: open 19 (22 when it is refused),
 * notification 24 and 25, keepalive 26, update 27, and routeRefresh (RFC 2918). Not offered: DelayOpen (events 12, 20), and telling of
 * a connection before it is there (14, 15).
 */
export type SessionEvent =
  | Message
  /** 1, 3, 6 for the outgoing session; 4, 5, 7 for the incoming one, which is passive; 13 too, as the peer keeps the IdleHoldTimer */
  | { readonly type: 'start' }
  /** 2, 8 */
  | { readonly type: 'stop'; readonly reason: StopReason }
  /** 9 */
  | { readonly type: 'connectRetryTimer' }
  /** 10 */
  | { readonly type: 'holdTimer' }
  /** 11 */
  | { readonly type: 'keepaliveTimer' }
  /** 16 of a connection made, 17 of one accepted */
  | { readonly type: 'tcpConnected'; readonly connection: ConnectionId }
  /** 18, before the connection was there or after */
  | { readonly type: 'tcpClosed'; readonly cause: string }
  /** 21, 22, 28: told apart by the error's code */
  | { readonly type: 'protocolError'; readonly error: ProtocolError }
  /** 23 */
  | { readonly type: 'collisionDump' }
  /** 29 (RFC 9687) */
  | { readonly type: 'sendHoldTimer' }

export type SessionEventType = SessionEvent['type']
