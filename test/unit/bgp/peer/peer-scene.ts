import assert from 'node:assert/strict'
import type { ProtocolError } from '../../../../src/bgp/error-codes.ts'
import type { Message, OpenMessage } from '../../../../src/bgp/message.ts'
import type { PeerSettings } from '../../../../src/bgp/negotiation.ts'
import type { ConnectionId, PeerAction, TimerName } from '../../../../src/bgp/peer/actions.ts'
import type { PeerEvent } from '../../../../src/bgp/peer/events.ts'
import { createPeer, type Peer, peerStateName, stepPeer } from '../../../../src/bgp/peer/peer.ts'
import type { SessionStateName } from '../../../../src/bgp/session/state.ts'
import { brief, peerOpen } from '../session/samples.ts'

/**
 * A peer with the world that its actions make: timers that run, connections that exist. It fails as soon as an action or a state is one that no
 * driver could stand for.
 */
export class PeerScene {
  readonly timers = new Map<TimerName, number>()
  readonly connections = new Map<ConnectionId, 'dialling' | 'open'>()
  /** the connection whose session is up */
  established: ConnectionId | undefined
  peer: Peer
  readonly #random: () => number
  readonly #listener: ((action: PeerAction) => void) | undefined

  /** @param init.listener hears of every action as it is carried out */
  constructor(settings: PeerSettings, init: { random?: () => number; listener?: (action: PeerAction) => void } = {}) {
    this.peer = createPeer(settings)
    this.#random = init.random ?? (() => 1)
    this.#listener = init.listener
  }

  get state(): SessionStateName {
    return peerStateName(this.peer)
  }

  /** Lets an event happen, and what it means for the world; returns the actions but transitions, in short. */
  step(event: PeerEvent): string[] {
    this.#before(event)
    const { state, actions } = stepPeer(this.peer, event, this.#random)
    this.peer = state
    for (const action of actions) {
      this.#execute(action)
      this.#listener?.(action)
    }
    this.#check()
    return actions.filter(({ type }) => type !== 'transition').map(brief)
  }

  message(connection: ConnectionId, message: Message): string[] {
    return this.step({ type: 'message', connection, message })
  }

  error(connection: ConnectionId, error: ProtocolError): string[] {
    return this.step({ type: 'protocolError', connection, error })
  }

  connect(connection: ConnectionId): string[] {
    return this.step({ type: 'tcpConnected', connection })
  }

  accept(connection: ConnectionId): string[] {
    return this.step({ type: 'accepted', connection })
  }

  open(connection: ConnectionId, changes: Partial<OpenMessage> = {}): string[] {
    return this.message(connection, peerOpen(changes))
  }

  keepalive(connection: ConnectionId): string[] {
    return this.message(connection, { type: 'keepalive' })
  }

  /** From the connection to the session; an accepted connection is made by it. */
  establish(connection: ConnectionId, open: Partial<OpenMessage> = {}): void {
    if (connection.startsWith('accepted')) this.accept(connection)
    else this.connect(connection)
    this.open(connection, open)
    this.keepalive(connection)
    assert.equal(this.established, connection)
  }

  expire(timer: TimerName): string[] {
    assert.ok(this.timers.has(timer), `${timer} does not run`)
    return this.step({ type: 'timer', timer })
  }

  #before(event: PeerEvent): void {
    if (event.type === 'timer') this.timers.delete(event.timer)
    if (event.type === 'accepted') this.connections.set(event.connection, 'open')
    if (event.type === 'tcpFailed' || event.type === 'tcpClosed') this.connections.delete(event.connection)
    if (event.type === 'tcpConnected' && this.connections.has(event.connection)) {
      this.connections.set(event.connection, 'open')
    }
  }

  #execute(action: PeerAction): void {
    switch (action.type) {
      case 'connect':
        assert.ok(!this.connections.has(action.connection), `${action.connection} exists already`)
        this.connections.set(action.connection, 'dialling')
        break
      case 'close':
        assert.ok(this.connections.delete(action.connection), `${action.connection} does not exist`)
        break
      case 'send':
        assert.equal(this.connections.get(action.connection), 'open', `sends on ${action.connection}`)
        break
      case 'setTimer':
        assert.ok(action.delayMs > 0, `${action.timer} is due at once`)
        this.timers.set(action.timer, action.delayMs)
        break
      case 'clearTimer':
        this.timers.delete(action.timer)
        break
      case 'established':
        assert.equal(this.established, undefined, 'two sessions are up')
        assert.equal(this.connections.get(action.connection), 'open')
        this.established = action.connection
        break
      case 'down':
        assert.equal(this.established, action.connection)
        this.established = undefined
        break
      case 'update':
      case 'routeRefresh':
        assert.equal(this.established, action.connection)
        break
    }
  }

  #check(): void {
    const { running, holding } = this.peer
    const timers = [...this.timers.keys()]
    const listens = this.peer.incoming.name !== 'Idle'
    assert.equal(this.established, this.peer.established?.connection)
    assert.ok(this.connections.size <= 2, 'more than two connections')
    for (const timer of timers) {
      const connection = timer.split(' ')[1]
      if (connection) assert.equal(this.connections.get(connection as ConnectionId), 'open', `${timer} runs`)
    }
    if (!running) assert.deepEqual([timers, this.connections.size], [[], 0], 'something is left behind')
    if (!running) assert.equal(this.state, 'Idle')
    if (holding) assert.equal(this.peer.outgoing.name, 'Idle', 'it calls while it waits')
    assert.equal(this.timers.has('idleHold'), holding)
    assert.equal(this.timers.has('stable') && !this.established, false, 'stable runs without a session')
    // Somebody has to wake a peer that is wanted: a timer, or the peer's own call.
    assert.ok(!running || timers.length > 0 || listens || this.established, 'nothing would ever happen')
  }
}
