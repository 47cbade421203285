import { ConnectionMode } from '../peer-config.ts'
import type { ConnectionId } from '../session/action.ts'
import type { SessionEvent } from '../session/event.ts'
import { type Reason, ReasonCode } from '../session/reason.ts'
import type { EstablishedState, SessionState, SessionStateName } from '../session/state.ts'
import { stepSession } from '../session/step.ts'
import type { StopReason } from '../session/stop-reason.ts'
import type { Direction, PeerAction } from './actions.ts'
import { resolveCollision } from './collision.ts'
import { idleHoldMs, STABLE_MS } from './damping.ts'
import { idle, type Peer } from './state.ts'

type Role = Direction | 'established'

const roles: readonly Role[] = ['established', 'outgoing', 'incoming']
export const directions: readonly Direction[] = ['outgoing', 'incoming']

/** the session has sent its OPEN, and nothing has failed so far */
const alive: ReadonlySet<SessionStateName> = new Set(['OpenSent', 'OpenConfirm', 'Established'])

/** what counts as an error of the peer or of the path, rather than a decision of this end */
const failures: ReadonlySet<ReasonCode> = new Set([
  ReasonCode.connectFailed,
  ReasonCode.connectionLost,
  ReasonCode.openRefused,
  ReasonCode.protocolError,
  ReasonCode.unexpectedEvent,
  ReasonCode.notificationReceived,
  ReasonCode.holdTimerExpired,
  ReasonCode.sendHoldTimerExpired,
  ReasonCode.bfdDown,
])

/** The work of one stepPeer(): runs sessions, follows what that means for the others, and gathers the actions. */
export class Turn {
  readonly actions: PeerAction[] = []
  readonly #random: () => number
  #state: Peer

  constructor(state: Peer, random: () => number) {
    this.#state = state
    this.#random = random
  }

  get state(): Peer {
    return this.#state
  }

  change(change: Partial<Peer>): void {
    this.#state = { ...this.#state, ...change }
  }

  /** Whether the configuration lets this end call, or be called. */
  wants(direction: Direction): boolean {
    const { mode } = this.#state.settings.config
    return mode !== (direction === 'outgoing' ? ConnectionMode.passive : ConnectionMode.active)
  }

  /** Which session a connection belongs to; undefined for one that is closed. */
  roleOf(connection: ConnectionId): Role | undefined {
    return roles.find(role => {
      const session = this.#state[role]
      return session && 'connection' in session && session.connection === connection
    })
  }

  runOn(connection: ConnectionId, event: SessionEvent): void {
    const role = this.roleOf(connection)
    if (role) this.run(role, event)
  }

  /** Gives an event to a session, and follows up where it has come to another state. */
  run(role: Role, event: SessionEvent): void {
    const before = this.#state[role]
    if (!before) return
    const { settings, restarting, dials } = this.#state
    const step = stepSession(before, event, {
      ...settings,
      restarting,
      nextConnection: `outgoing-${dials + 1}`,
      random: this.#random,
    })
    const { state: after, actions, reason } = step
    if (reason) {
      this.actions.push({ type: 'transition', direction: before.direction, from: before.name, to: after.name, reason })
    }
    this.actions.push(...actions)
    this.#put(role, after)
    if (actions.some(action => action.type === 'connect')) this.change({ dials: dials + 1 })
    if (reason) this.#noteFailure(role, reason)
    if (after.name === before.name) return
    if (role === 'established') this.actions.push({ type: 'clearTimer', timer: 'stable' })
    else if (after.name === 'OpenConfirm') this.#collide(role)
    else if (after.name === 'Established') this.#promote(role, after)
  }

  /** Ends a session that another one, or none, is to take the place of. */
  release(direction: Direction): void {
    this.run(direction, { type: 'stop', reason: { type: 'otherConnection' } })
  }

  startAll(): void {
    for (const direction of directions) if (this.wants(direction)) this.run(direction, { type: 'start' })
  }

  stopAll(reason: StopReason): void {
    for (const role of roles) this.run(role, { type: 'stop', reason })
    this.#endHold()
    this.change({ flaps: 0 })
  }

  /**
   * What follows from the event for a peer that is running: it may always call, and this end calls again, after a time in Idle, when
   * neither call has come to anything.
   */
  settle(): void {
    const { running, holding, incoming, outgoing } = this.#state
    if (!running) return
    if (this.wants('incoming') && incoming.name === 'Idle') this.run('incoming', { type: 'start' })
    if (!this.wants('outgoing') || outgoing.name !== 'Idle' || holding) return
    if (!roles.some(role => this.#alive(role))) this.#hold()
  }

  #hold(): void {
    const flaps = this.#state.flaps + 1
    this.change({ holding: true, flaps })
    this.actions.push({ type: 'setTimer', timer: 'idleHold', delayMs: idleHoldMs(flaps, this.#random) })
  }

  #endHold(): void {
    if (this.#state.holding) this.actions.push({ type: 'clearTimer', timer: 'idleHold' })
    this.change({ holding: false })
  }

  #put(role: Role, session: SessionState): void {
    if (role !== 'established') this.change({ [role]: session })
    else this.change({ established: session.name === 'Established' ? session : undefined })
  }

  #alive(role: Role): boolean {
    const session = this.#state[role]
    return session !== undefined && alive.has(session.name)
  }

  /** A session that fails beside another one says nothing of the peer: most often it has lost the collision at the other end. */
  #noteFailure(role: Role, reason: Reason): void {
    if (!failures.has(reason.code)) return
    if (role === 'established' || !roles.some(each => this.#alive(each))) this.change({ lastError: reason })
  }

  /** RFC 4271 §6.8: a session has received the peer's OPEN, where there may be another one. */
  #collide(direction: Direction): void {
    const opposite = direction === 'outgoing' ? 'incoming' : 'outgoing'
    for (const role of ['established', opposite] as const) {
      const fresh = this.#state[direction]
      const other = this.#state[role]
      if (fresh.name !== 'OpenConfirm' || !other) continue
      const verdict = resolveCollision(fresh, other, this.#state.settings.routerId)
      if (verdict === 'keepOther') this.run(direction, { type: 'collisionDump' })
      else if (verdict === 'keepNew' && role === 'established') {
        this.run(role, { type: 'stop', reason: { type: 'replaced' } })
      } else if (verdict === 'keepNew') this.run(role, { type: 'collisionDump' })
    }
  }

  /** A session is up: it stands apart from now on, and the other one ends. */
  #promote(direction: Direction, session: EstablishedState): void {
    const opposite = direction === 'outgoing' ? 'incoming' : 'outgoing'
    this.change({ established: session, [direction]: idle(direction), restarting: false })
    this.#endHold()
    this.actions.push({ type: 'setTimer', timer: 'stable', delayMs: STABLE_MS })
    if (opposite === 'outgoing' || this.#alive(opposite)) this.release(opposite)
  }
}
