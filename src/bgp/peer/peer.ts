import { CeaseSubcode, ErrorCode } from '../error-codes.ts'
import type { PeerSettings } from '../negotiation.ts'
import type { ConnectionId } from '../session/action.ts'
import type { PeerAction, TimerName } from './actions.ts'
import { compareSettings } from './configuration-change.ts'
import type { PeerEvent } from './events.ts'
import { idle, type Peer } from './state.ts'
import { directions, Turn } from './turn.ts'

export { type Peer, peerStateName } from './state.ts'

/** A peer that does nothing until it is started. */
export function createPeer(settings: PeerSettings): Peer {
  return {
    settings,
    running: false,
    holding: false,
    restarting: false,
    established: undefined,
    outgoing: idle('outgoing'),
    incoming: idle('incoming'),
    flaps: 0,
    dials: 0,
    bfdUp: false,
    lastError: undefined,
  }
}

/**
 * What an event does to a peer, which has up to two connections: the one that it makes and the one that it accepts. A peer decides what one
 * session cannot: which connection is kept, how long to stay Idle, what a change of configuration takes. Events of connections that were
 * closed, and of timers that were cleared, change nothing.
 *
 * @param random gives numbers from 0 up to, not including, 1: for jitter
 */
export function stepPeer(
  state: Peer,
  event: PeerEvent,
  random: () => number,
): { readonly state: Peer; readonly actions: readonly PeerAction[] } {
  const turn = new Turn(state, random)
  handle(turn, event)
  turn.settle()
  return { state: turn.state, actions: turn.actions }
}

function handle(turn: Turn, event: PeerEvent): void {
  switch (event.type) {
    case 'start':
      if (turn.state.running) return
      turn.change({ running: true, restarting: event.restarting ?? false, flaps: 0 })
      turn.startAll()
      break
    case 'stop':
      turn.stopAll(event.reason)
      turn.change({ running: false })
      break
    case 'configure':
      configure(turn, event)
      break
    case 'accepted':
      accept(turn, event.connection)
      break
    case 'timer':
      handleTimer(turn, event.timer)
      break
    case 'bfd':
      handleBfd(turn, event.state)
      break
    case 'tcpFailed':
    case 'tcpClosed':
      turn.runOn(event.connection, { type: 'tcpClosed', cause: event.cause })
      break
    case 'message':
      turn.runOn(event.connection, event.message)
      break
    case 'tcpConnected':
    case 'protocolError':
    case 'sendHoldTimer':
      turn.runOn(event.connection, event)
      break
  }
}

function handleTimer(turn: Turn, timer: TimerName): void {
  switch (timer) {
    case 'idleHold':
      if (!turn.state.holding) return
      turn.change({ holding: false })
      turn.startAll()
      break
    case 'stable':
      if (turn.state.established) turn.change({ flaps: 0 })
      break
    case 'connectRetry':
      turn.run('outgoing', { type: 'connectRetryTimer' })
      break
    default: {
      const [kind, connection] = timer.split(' ') as ['hold' | 'keepalive', ConnectionId]
      turn.runOn(connection, { type: `${kind}Timer` })
    }
  }
}

/** RFC 5882 §4.2, of sessions that were up with BFD; §4.1: one that never came up holds nothing back. */
function handleBfd(turn: Turn, state: 'up' | 'down' | 'adminDown'): void {
  const lost = turn.state.bfdUp && state === 'down'
  turn.change({ bfdUp: state === 'up' })
  if (lost) turn.run('established', { type: 'stop', reason: { type: 'bfdDown' } })
}

/** A change that an Established session cannot take over ends it; the next try is at once, since nobody has failed. */
function configure(turn: Turn, { config, routerId }: PeerEvent & { type: 'configure' }): void {
  const settings = { config, routerId }
  const { fields, needsSession, continued } = compareSettings(turn.state.settings, settings)
  if (fields.length === 0) return
  turn.change({ settings })
  if (!turn.state.running) return
  if (turn.state.established && !needsSession) {
    for (const direction of directions) if (!turn.wants(direction)) turn.release(direction)
    return
  }
  turn.stopAll({ type: 'configurationChanged', fields, continued })
  turn.startAll()
}

/** RFC 4271 §8.2.1: a connection that the peer has made belongs to the session that waits for it. */
function accept(turn: Turn, connection: ConnectionId): void {
  const waiting = turn.state.incoming.name
  // A peer that calls again has given up its call before, or lost it.
  if (waiting === 'OpenSent' || waiting === 'OpenConfirm') {
    turn.run('incoming', { type: 'collisionDump' })
    turn.run('incoming', { type: 'start' })
  }
  if (turn.state.incoming.name === 'Active') {
    turn.run('incoming', { type: 'tcpConnected', connection })
    return
  }
  // RFC 4486 §4: this end does not wait for a call, by configuration or because it is stopped.
  const rejected = { code: ErrorCode.cease, subcode: CeaseSubcode.connectionRejected, data: new Uint8Array(0) }
  turn.actions.push(
    { type: 'send', connection, message: { type: 'notification', ...rejected } },
    { type: 'close', connection },
  )
}
