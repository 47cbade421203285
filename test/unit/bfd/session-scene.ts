import assert from 'node:assert/strict'
import { type ControlPacket, decodeControlPacket, SessionState } from '../../../src/bfd/packet.ts'
import { Session, type SessionAction } from '../../../src/bfd/session.ts'
import type { SessionConfig } from '../../../src/bfd/session-variables.ts'

const { adminDown, down, init, up } = SessionState
export const stateNames = ['adminDown', 'down', 'init', 'up']

export const config: SessionConfig = {
  role: 'active',
  desiredMinTxIntervalMs: 100,
  requiredMinRxIntervalMs: 100,
  detectMultiplier: 3,
}

/** What the peer says, unless the test says otherwise. */
export const heard: ControlPacket = {
  diagnostic: 0,
  state: down,
  poll: false,
  final: false,
  controlPlaneIndependent: false,
  authenticationPresent: false,
  demand: false,
  detectMultiplier: 3,
  myDiscriminator: 77,
  yourDiscriminator: 11,
  desiredMinTxIntervalUs: 100_000,
  requiredMinRxIntervalUs: 100_000,
  requiredMinEchoRxIntervalUs: 0,
}

/** A session that has begun at time 0. */
export function makeSession(changes: Partial<SessionConfig> = {}, random = () => 0): Session {
  return new Session({ random }, { config: { ...config, ...changes }, localDiscriminator: 11 }, 0)
}

/** Brings a new session into a state at time 0. */
export function sessionIn(state: SessionState, changes: Partial<SessionConfig> = {}, random = () => 0): Session {
  const session = makeSession(changes, random)
  if (state === adminDown) session.step({ type: 'adminDown' }, 0)
  if (state === init) receive(session, { state: down }, 0)
  if (state === up) receive(session, { state: init }, 0)
  assert.equal(session.variables.sessionState, state)
  return session
}

/** The session hears a packet of the peer. */
export function receive(session: Session, packet: Partial<ControlPacket>, nowMs: number): readonly SessionAction[] {
  return session.step({ type: 'packet', packet: { ...heard, ...packet } }, nowMs)
}

/** The packets among actions. */
export function sent(actions: readonly SessionAction[]): ControlPacket[] {
  return actions.flatMap(action => {
    if (action.type !== 'send') return []
    const decoded = decodeControlPacket(action.payload)
    assert.ok('packet' in decoded)
    return [decoded.packet]
  })
}

/** `up 0` and so on: the states among actions, with their diagnostics. */
export function states(actions: readonly SessionAction[]): string[] {
  return actions.flatMap(action =>
    action.type === 'state' ? [`${stateNames[action.state]} ${action.diagnostic}`] : [],
  )
}

/** Lets a session send by itself; the times at which it did. */
export function transmissions(session: Session, fromMs: number, untilMs: number): number[] {
  const times: number[] = []
  let nowMs = fromMs
  for (;;) {
    nowMs = session.variables.nextTransmitMs
    if (nowMs > untilMs) return times
    if (sent(session.step({ type: 'timer' }, nowMs)).length > 0) times.push(nowMs)
  }
}
