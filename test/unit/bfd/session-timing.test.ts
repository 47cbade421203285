import assert from 'node:assert/strict'
import { SessionState } from '../../../src/bfd/packet.ts'
import { seededRandom } from '../../support/bfd/network.ts'
import { config, makeSession, receive, sent, sessionIn, states, transmissions } from './session-scene.ts'

const { init, up } = SessionState

describe('BFD session', () => {
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

    it('sends at multiples of its grid, and keeps its jitter', () => {
      const session = makeSession({ slowIntervalMs: 100, transmitGridMs: 10 }, seededRandom(7))
      const times = transmissions(session, 0, 20_000).slice(1)
      const gaps = times.slice(1).map((time, i) => time - times[i]!)
      assert.deepEqual(
        times.filter(time => time % 10 !== 0),
        [],
      )
      assert.deepEqual([...new Set(gaps)].sort(), [100, 80, 90])
    })

    it('keeps its jitter where that has no multiple of the grid in it', () => {
      const times = transmissions(
        makeSession({ slowIntervalMs: 100, transmitGridMs: 60 }, () => 0.5),
        0,
        200,
      )
      // From 75 to 100 ms there is none, from 162.5 to 187.5 ms there is 180.
      assert.deepEqual(times, [0, 87.5, 180])
    })

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
})
