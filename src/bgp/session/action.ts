import type { Family } from '../../ip/address.ts'
import type { Message, UpdateMessage } from '../message.ts'
import type { Negotiated } from '../negotiation.ts'
import type { Reason } from './reason.ts'

/**
 * A TCP connection with a peer, unique for as long as the peer is kept: outgoing ones are named by the machine when it asks to connect,
 * accepted ones by the driver, which counts them.
 */
export type ConnectionId = `outgoing-${number}` | `accepted-${number}`

/**
 * `idleHold` and `stable` belong to the peer, `connectRetry` to its outgoing session; the others to one connection, with which they end.
 * DelayOpenTimer is not offered (RFC 4271 §8.1.1 makes it optional): the OPEN is sent at once.
 */
export type TimerName = 'idleHold' | 'stable' | 'connectRetry' | `hold ${ConnectionId}` | `keepalive ${ConnectionId}`

/** What a driver has to do, in the order given. */
export type SessionAction =
  /** Opens a TCP connection; answered by tcpConnected or tcpFailed, unless it is closed before. */
  | { readonly type: 'connect'; readonly connection: ConnectionId }
  /**
   * Closes a connection, or gives up opening it, after what was sent before has left; nothing that comes from it counts any more. `abort`:
   * at once, because the peer takes no bytes.
   */
  | { readonly type: 'close'; readonly connection: ConnectionId; readonly abort?: boolean }
  | { readonly type: 'send'; readonly connection: ConnectionId; readonly message: Message }
  /** Starts a timer; one of the same name that runs is replaced. */
  | { readonly type: 'setTimer'; readonly timer: TimerName; readonly delayMs: number }
  | { readonly type: 'clearTimer'; readonly timer: TimerName }
  /** From now on routes may be sent on the connection. */
  | { readonly type: 'established'; readonly connection: ConnectionId; readonly negotiated: Negotiated }
  /** The Established session is over; comes before the NOTIFICATION, if any, is sent. */
  | { readonly type: 'down'; readonly connection: ConnectionId; readonly reason: Reason }
  /** Routes of the peer, which Herald takes none of. */
  | { readonly type: 'update'; readonly connection: ConnectionId; readonly message: UpdateMessage }
  /** RFC 2918: the peer wants to hear all routes of a family again. */
  | { readonly type: 'routeRefresh'; readonly connection: ConnectionId; readonly family: Family }
