import assert from 'node:assert/strict'
import { Diagnostic, SessionState } from '../../../src/bfd/packet.ts'
import type { Session, SessionAction } from '../../../src/bfd/session.ts'
import { heard, makeSession, receive, sent, sessionIn, stateNames, states } from './session-scene.ts'

const { adminDown, down, init, up } = SessionState

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
