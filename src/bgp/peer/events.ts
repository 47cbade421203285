import type { ProtocolError } from '../error-codes.ts'
import type { Message } from '../message.ts'
import type { PeerConfig } from '../peer-config.ts'
import type { ConnectionId, TimerName } from '../session/action.ts'
import type { AdministrativeStop } from '../session/stop-reason.ts'

/** What happens to a peer. Numbers of RFC 4271 §8.1 stand beside the events of one session (src/bgp/session/event.ts). */
export type PeerEvent =
  /**
   * Begins to call the peer, to wait for its call, or both. `restarting`: this process has just begun, and another one may have announced
   * routes before (the R bit of RFC 4724 §3); it holds until a session was established.
   */
  | { readonly type: 'start'; readonly restarting?: boolean }
  /** Ends everything; only start begins again. */
  | { readonly type: 'stop'; readonly reason: AdministrativeStop }
  /** The connection asked for by the action connect is there. */
  | { readonly type: 'tcpConnected'; readonly connection: ConnectionId }
  /** It could not be made; the cause in words. */
  | { readonly type: 'tcpFailed'; readonly connection: ConnectionId; readonly cause: string }
  /** A connection is gone without the action close; the cause in words. */
  | { readonly type: 'tcpClosed'; readonly connection: ConnectionId; readonly cause: string }
  /** The peer's address has called; the driver has checked address, key and TTL. Unwanted ones are closed by an action. */
  | { readonly type: 'accepted'; readonly connection: ConnectionId }
  | { readonly type: 'message'; readonly connection: ConnectionId; readonly message: Message }
  /** What was received could not be decoded. */
  | { readonly type: 'protocolError'; readonly connection: ConnectionId; readonly error: ProtocolError }
  /** RFC 9687: the peer has taken no bytes for the time of the SendHoldTimer, which the driver keeps. */
  | { readonly type: 'sendHoldTimer'; readonly connection: ConnectionId }
  | { readonly type: 'timer'; readonly timer: TimerName }
  /** `adminDown`: the other end has switched its BFD session off, which says nothing of the path (RFC 5882 §3.2). */
  | { readonly type: 'bfd'; readonly state: 'up' | 'down' | 'adminDown' }
  /** `routerId`: the one configured, or derived by the driver. */
  | { readonly type: 'configure'; readonly config: PeerConfig; readonly routerId: number }
