import assert from 'node:assert/strict'
import { type ControlPacket, Diagnostic, decodeControlPacket, SessionState } from '../../../src/bfd/packet.ts'
import { Session, type SessionAction } from '../../../src/bfd/session.ts'
import type { SessionConfig } from '../../../src/bfd/session-variables.ts'

const { adminDown, down, init, up } = SessionState
const stateNames = ['adminDown', 'down', 'init', 'up']

const config: SessionConfig = {
  role: 'active',
  desiredMinTxIntervalMs: 100,
  requiredMinRxIntervalMs: 100,
  detectMultiplier: 3,
}

const heard: ControlPacket = {
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

function makeSession(changes: Partial<SessionConfig> = {}, random = () => 0): Session {
  return new Session({ random }, { config: { ...config, ...changes }, localDiscriminator: 11 }, 0)
}

/** Brings a new session into a state at time 0. */
function sessionIn(state: SessionState, changes: Partial<SessionConfig> = {}, random = () => 0): Session {
  const session = makeSession(changes, random)
  if (state === adminDown) session.step({ type: 'adminDown' }, 0)
  if (state === init) receive(session, { state: down }, 0)
  if (state === up) receive(session, { state: init }, 0)
  assert.equal(session.variables.sessionState, state)
  return session
}

function receive(session: Session, packet: Partial<ControlPacket>, nowMs: number): readonly SessionAction[] {
  return session.step({ type: 'packet', packet: { ...heard, ...packet } }, nowMs)
}

/** The packets among actions. */
function sent(actions: readonly SessionAction[]): ControlPacket[] {
  return actions.flatMap(action => {
    if (action.type !== 'send') return []
    const decoded = decodeControlPacket(action.payload)
    assert.ok('packet' in decoded)
    return [decoded.packet]
  })
}

function states(actions: readonly SessionAction[]): string[] {
  return actions.flatMap(action =>
    action.type === 'state' ? [`${stateNames[action.state]} ${action.diagnostic}`] : [],
  )
}

/** Lets a session send by itself; the times at which it did. */
function transmissions(session: Session, fromMs: number, untilMs: number): number[] {
  const times: number[] = []
  let nowMs = fromMs
  for (;;) {
    nowMs = session.variables.nextTransmitMs
    if (nowMs > untilMs) return times
    if (sent(session.step({ type: 'timer' }, nowMs)).length > 0) times.push(nowMs)
  }
}

describe('BFD session', () => {
  describe('state × event (RFC 5880 §6.2, §6.8.4, §6.8.6, §6.8.16)', () => {
    // what follows: the state, and the diagnostic if the state changed
    const table: Record<string, Record<string, string>> = {
      adminDown: {
        'packet adminDown': '',
        'packet down': '',
        'packet init': '',
        'packet up': '',
        silence: '',
        adminDown: '',
        adminUp: 'down 7',
      },
      down: {
        'packet adminDown': '',
        'packet down': 'init 0',
        'packet init': 'up 0',
        'packet up': '',
        silence: '',
        adminDown: 'adminDown 7',
        adminUp: '',
      },
      init: {
        'packet adminDown': 'down 3',
        'packet down': '',
        'packet init': 'up 0',
        'packet up': 'up 0',
        silence: 'down 1',
        adminDown: 'adminDown 7',
        adminUp: '',
      },
      up: {
        'packet adminDown': 'down 3',
        'packet down': 'down 3',
        'packet init': '',
        'packet up': '',
        silence: 'down 1',
        adminDown: 'adminDown 7',
        adminUp: '',
      },
    }
    const events: Record<string, (session: Session) => readonly SessionAction[]> = {
      'packet adminDown': session => receive(session, { state: adminDown }, 50),
      'packet down': session => receive(session, { state: down }, 50),
      'packet init': session => receive(session, { state: init }, 50),
      'packet up': session => receive(session, { state: up }, 50),
      silence: session => session.step({ type: 'timer' }, Math.min(session.variables.detectAtMs, 10_000)),
      adminDown: session => session.step({ type: 'adminDown' }, 50),
      adminUp: session => session.step({ type: 'adminUp' }, 50),
    }
    for (const [name, row] of Object.entries(table)) {
      for (const [event, run] of Object.entries(events)) {
        const outcome = row[event]!
        it(`${name}, ${event} → ${outcome || 'stays'}`, () => {
          const from = stateNames.indexOf(name) as SessionState
          const session = sessionIn(from)
          const actions = run(session)
          assert.deepEqual(states(actions), outcome ? [outcome] : [])
          const now = outcome ? outcome.split(' ')[0]! : name
          assert.equal(stateNames[session.variables.sessionState], now)
          if (outcome) {
            const [packet] = sent(actions)
            assert.equal(packet && stateNames[packet.state], now, 'the peer is told at once')
          }
        })
      }
    }
  })

  describe('who speaks (§6.1, §6.8.7)', () => {
    it('speaks at once when active', () => {
      const [packet] = sent(makeSession().step({ type: 'timer' }, 0))
      assert.deepEqual(packet, {
        ...heard,
        myDiscriminator: 11,
        yourDiscriminator: 0,
        desiredMinTxIntervalUs: 1_000_000,
      })
    })

    it('waits to be spoken to when passive, and falls silent with the peer', () => {
      const session = makeSession({ role: 'passive' })
      assert.equal(session.dueMs, Number.POSITIVE_INFINITY)
      const [packet] = sent(receive(session, { yourDiscriminator: 0 }, 100))
      assert.equal(packet?.state, init)
      assert.equal(packet?.yourDiscriminator, 77)
      const actions = session.step({ type: 'timer' }, session.variables.detectAtMs)
      assert.deepEqual(states(actions), ['down 1'])
      assert.equal(sent(actions)[0]?.yourDiscriminator, 77, 'said once more, to the discriminator still known')
      assert.equal(session.dueMs, Number.POSITIVE_INFINITY)
    })

    it('does not send periodically to who wants nothing (Required Min RX Interval 0)', () => {
      const session = sessionIn(up)
      receive(session, { state: up, requiredMinRxIntervalUs: 0 }, 10)
      assert.equal(session.variables.nextTransmitMs, Number.POSITIVE_INFINITY)
      receive(session, { state: up }, 20)
      assert.ok(session.variables.nextTransmitMs <= 120)
    })

    it('honours Demand mode: silent while both are Up, but answers a Poll', () => {
      const session = sessionIn(up, { slowIntervalMs: 100 })
      receive(session, { state: init, demand: true }, 10)
      assert.ok(session.variables.nextTransmitMs < 200, 'the peer is not Up yet')
      receive(session, { state: up, demand: true }, 20)
      assert.equal(session.variables.nextTransmitMs, Number.POSITIVE_INFINITY)
      const [packet] = sent(receive(session, { state: up, demand: true, poll: true }, 30))
      assert.deepEqual([packet?.final, packet?.poll], [true, false])
      assert.equal(session.variables.nextTransmitMs, Number.POSITIVE_INFINITY)
      session.step({ type: 'configure', config: { ...session.config, desiredMinTxIntervalMs: 50 } }, 40)
      const [polled] = sent(session.step({ type: 'timer' }, session.variables.nextTransmitMs))
      assert.equal(polled?.poll, true, 'a Poll Sequence is sent in Demand mode too')
      receive(session, { state: up, demand: true, final: true }, 60)
      assert.equal(session.variables.nextTransmitMs, Number.POSITIVE_INFINITY)
    })

    it('never asks for Demand mode nor for Echo', () => {
      for (const packet of sent(receive(makeSession(), { state: init }, 0))) {
        assert.equal(packet.demand, false)
        assert.equal(packet.requiredMinEchoRxIntervalUs, 0)
      }
    })
  })

  describe('intervals (§6.8.2, §6.8.3, §6.8.4, §6.8.7)', () => {
    it('sends no faster than once a second while not Up', () => {
      for (const [random, interval] of [
        [0, 750],
        [0.999999, 1000],
      ] as const) {
        const times = transmissions(
          makeSession({}, () => random),
          0,
          3500,
        )
        assert.deepEqual(
          times.map(time => Math.round(time)),
          times.map((_, i) => i * interval),
        )
        assert.ok(times.length > 3)
      }
    })

    it('sends as fast as asked while not Up when the slow interval is short', () => {
      assert.equal(transmissions(makeSession({ slowIntervalMs: 100 }), 0, 740).length, 10)
    })

    for (const { multiplier, random, expectedMs } of [
      { multiplier: 3, random: 0, expectedMs: 75 },
      { multiplier: 3, random: 0.999999, expectedMs: 100 },
      { multiplier: 1, random: 0, expectedMs: 75 },
      { multiplier: 1, random: 0.999999, expectedMs: 90 },
    ]) {
      it(`sends after ${expectedMs} of 100 ms with multiplier ${multiplier} and random number ${random}`, () => {
        const session = sessionIn(up, { detectMultiplier: multiplier }, () => random)
        const [first = 0, second = 0] = transmissions(session, 0, 250)
        assert.equal(Math.round(second - first), expectedMs)
      })
    }

    it('sends no faster than the peer can bear', () => {
      const session = sessionIn(up)
      receive(session, { state: up, final: true, requiredMinRxIntervalUs: 400_000 }, 10)
      assert.equal(session.transmitIntervalMs, 400)
      session.step({ type: 'timer' }, 75)
      assert.equal(session.variables.nextTransmitMs, 375)
      receive(session, { state: up, requiredMinRxIntervalUs: 50_000 }, 100)
      assert.equal(session.variables.nextTransmitMs, 150, 'brought forward as soon as it may be')
    })

    it("waits the peer's multiplier times the slower of its sending and our receiving", () => {
      const session = sessionIn(up, { requiredMinRxIntervalMs: 50 })
      receive(session, { state: up, detectMultiplier: 5, desiredMinTxIntervalUs: 200_000 }, 10)
      assert.equal(session.detectionTimeMs, 1000)
      assert.equal(session.variables.detectAtMs, 1010)
      receive(session, { state: up, detectMultiplier: 2, desiredMinTxIntervalUs: 10_000 }, 20)
      assert.equal(session.detectionTimeMs, 100)
    })

    it('puts a missed deadline off once when its own thread was late', () => {
      const session = sessionIn(up)
      session.step({ type: 'timer' }, 299)
      assert.deepEqual(states(session.step({ type: 'timer' }, 420)), [])
      assert.equal(session.variables.detectAtMs, 422)
      assert.deepEqual(states(session.step({ type: 'timer' }, 520)), ['down 1'])
    })

    it('forgets on silence what the peer has said (§6.8.1, bfd.RemoteDiscr)', () => {
      const session = sessionIn(up)
      receive(session, { state: up, demand: true, requiredMinRxIntervalUs: 0 }, 10)
      session.step({ type: 'timer' }, session.variables.detectAtMs)
      const { remoteDiscriminator, remoteDemandMode, remoteMinRxIntervalUs } = session.variables
      assert.deepEqual([remoteDiscriminator, remoteDemandMode, remoteMinRxIntervalUs], [0, false, 1])
      assert.ok(session.variables.nextTransmitMs < 10_000, 'an active end asks again')
    })
  })

  describe('Poll Sequence (§6.5, §6.8.3)', () => {
    it('tells by a Poll that it is faster once Up', () => {
      const session = makeSession()
      const [packet] = sent(receive(session, { state: init }, 0))
      assert.deepEqual([packet?.poll, packet?.desiredMinTxIntervalUs], [true, 100_000])
      const [again] = sent(session.step({ type: 'timer' }, session.variables.nextTransmitMs))
      assert.equal(again?.poll, true, 'until it is answered')
      receive(session, { state: up, final: true }, 80)
      const [after] = sent(session.step({ type: 'timer' }, session.variables.nextTransmitMs))
      assert.equal(after?.poll, false)
    })

    it('answers a Poll at once with a Final, never both, and sends its own Poll in turn', () => {
      const session = sessionIn(up)
      const dueMs = session.variables.nextTransmitMs
      const [packet] = sent(receive(session, { state: up, poll: true }, 10))
      assert.deepEqual([packet?.poll, packet?.final], [false, true])
      assert.equal(session.variables.nextTransmitMs, dueMs, 'besides the periodic packets')
      const [next] = sent(session.step({ type: 'timer' }, dueMs))
      assert.deepEqual([next?.poll, next?.final], [true, false])
    })

    const able = { state: up, requiredMinRxIntervalUs: 10_000 }
    const changes = [
      { what: 'sends more often at once', config: { desiredMinTxIntervalMs: 50 }, before: [50, 300], after: [50, 300] },
      {
        what: 'sends less often when confirmed',
        config: { desiredMinTxIntervalMs: 400 },
        before: [100, 300],
        after: [400, 300],
      },
      {
        what: 'waits less long when confirmed',
        config: { requiredMinRxIntervalMs: 200 },
        before: [100, 900],
        after: [100, 600],
      },
      {
        what: 'waits longer at once',
        config: { requiredMinRxIntervalMs: 500 },
        before: [100, 1500],
        after: [100, 1500],
      },
    ]
    for (const { what, config: change, before, after } of changes) {
      it(what, () => {
        const start = what === 'waits less long when confirmed' ? { requiredMinRxIntervalMs: 300 } : {}
        const session = sessionIn(up, start)
        receive(session, { ...able, final: true }, 1)
        session.step({ type: 'configure', config: { ...session.config, ...change } }, 2)
        assert.deepEqual([session.transmitIntervalMs, session.detectionTimeMs], before)
        const actions = session.step({ type: 'timer' }, session.variables.nextTransmitMs)
        assert.equal(sent(actions)[0]?.poll, true)
        receive(session, { ...able, final: true }, 200)
        assert.deepEqual([session.transmitIntervalMs, session.detectionTimeMs], after)
      })
    }

    it('finishes one sequence before it starts the next', () => {
      const session = sessionIn(up)
      receive(session, { state: up, final: true }, 1)
      session.step({ type: 'configure', config: { ...config, desiredMinTxIntervalMs: 300 } }, 2)
      session.step({ type: 'configure', config: { ...config, desiredMinTxIntervalMs: 200 } }, 3)
      receive(session, { state: up, final: true }, 4)
      assert.equal(session.variables.polling, true)
      assert.equal(session.transmitIntervalMs, 100)
      receive(session, { state: up, final: true }, 5)
      assert.equal(session.variables.polling, false)
      assert.equal(session.transmitIntervalMs, 200)
    })

    it('does nothing when told the same', () => {
      const session = sessionIn(up)
      receive(session, { state: up, final: true }, 1)
      const before = structuredClone(session.variables)
      assert.deepEqual(session.step({ type: 'configure', config }, 2), [])
      assert.deepEqual(session.variables, before)
    })
  })

  it('says why it was down until it is Up again (§4.1, Diag)', () => {
    const session = sessionIn(up)
    receive(session, { state: down, diagnostic: Diagnostic.controlDetectionTimeExpired }, 10)
    assert.equal(session.variables.remoteDiagnostic, Diagnostic.controlDetectionTimeExpired)
    const [packet] = sent(receive(session, { state: down }, 20))
    assert.deepEqual([packet?.state, packet?.diagnostic], [init, Diagnostic.neighborSignaledSessionDown])
    assert.equal(sent(receive(session, { state: init }, 30))[0]?.diagnostic, Diagnostic.none)
  })

  it('goes on saying AdminDown (§6.8.16)', () => {
    const session = sessionIn(up)
    session.step({ type: 'adminDown' }, 10)
    receive(session, { state: down }, 20)
    const [packet] = sent(session.step({ type: 'timer' }, session.variables.nextTransmitMs))
    assert.deepEqual([packet?.state, packet?.diagnostic], [adminDown, Diagnostic.administrativelyDown])
    assert.deepEqual(sent(receive(session, { state: up, poll: true }, 2000)), [], 'a discarded packet is not answered')
  })
})
