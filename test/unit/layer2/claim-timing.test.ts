import assert from 'node:assert/strict'
import fc from 'fast-check'
import { dueOf, IDLE, stepClaim } from '../../../src/layer2/claim.ts'
import type { ClaimEvent, ClaimState, ClaimView, Origin } from '../../../src/layer2/claim-state.ts'
import { DEFAULT_CLAIM_TIMINGS } from '../../../src/layer2/claim-timings.ts'
import { conflictOf, freeze, node, STRANGER, VIEW } from '../../support/claims.ts'

describe('stepClaim over time', () => {
  it('asks twice, 50 ms apart, and claims after 50 ms of silence more', () => {
    const machine = new Machine()
    machine.view()
    machine.runUntil(150)
    assert.deepEqual(machine.log, ['0 probe', '50 probe', '100 claim', '100 announce'])
  })

  it('announces again 0.2, 1, 3, 10, 30, 60 s after it claimed, then every 5 minutes', () => {
    const machine = owned()
    machine.runUntil(1_000_000)
    assert.deepEqual(machine.times('announce'), [200, 1_000, 3_000, 10_000, 30_000, 60_000, 360_000, 660_000, 960_000])
  })

  it('announces once when its timer comes late, and counts from then', () => {
    const machine = owned()
    machine.at(5_000, { type: 'timer' })
    assert.deepEqual(machine.log, ['5000 announce'])
    assert.equal(machine.dueMs, 5_800)
  })

  it('asks a living owner again after 0.1 s, twice as long each time, at most every 2 s', () => {
    const machine = new Machine()
    machine.answerer = node('some-node')
    machine.view()
    machine.runUntil(10_000)
    assert.deepEqual(gaps(machine.times('probe')), [100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000])
  })

  it('asks again after 1 s whether a stranger still uses the address, twice as long each time, at most every 5 s', () => {
    const machine = new Machine()
    machine.answerer = STRANGER
    machine.view()
    machine.runUntil(25_000)
    assert.deepEqual(gaps(machine.times('probe')), [1_000, 2_000, 4_000, 5_000, 5_000, 5_000])
    assert.deepEqual(conflictOf(machine.state), { mac: STRANGER.mac, sinceMs: 0, heardMs: 22_000 })
  })

  it('takes the address over, and forgets the conflict, once the stranger is silent', () => {
    const machine = new Machine()
    machine.answerer = STRANGER
    machine.view()
    machine.runUntil(500)
    machine.answerer = undefined
    machine.runUntil(1_150)
    assert.deepEqual(machine.log, ['0 probe', '1000 probe', '1050 probe', '1100 claim', '1100 announce'])
    assert.ok(machine.state.phase === 'owner')
    assert.equal(machine.state.cause, 'conflictOver')
    assert.equal(conflictOf(machine.state), undefined)
  })

  for (const [everyMs, claimedMs] of [
    // between two questions of the stranger
    [1_000, 300],
    [500, 300],
    // no silence of 100 ms ever: after 6 s it is not heard any more
    [60, 6_000],
    [200, 6_000],
  ] as const) {
    it(`claims an address for which a stranger asks every ${everyMs} ms, after ${claimedMs} ms at the earliest`, () => {
      const machine = new Machine()
      machine.view()
      for (let ms = 0; ms < 10_000; ms += everyMs) {
        machine.runUntil(ms)
        machine.at(ms, { type: 'probe', from: STRANGER })
      }
      const [atMs = Number.NaN] = machine.times('claim')
      assert.ok(atMs >= claimedMs && atMs <= claimedMs + 1_100, `claimed after ${atMs} ms`)
      assert.equal(conflictOf(machine.state), undefined)
      const fast = machine.times('probe').filter((ms, i, all) => i > 1 && ms - all[i - 2]! < 100)
      assert.deepEqual(fast, [])
    })
  }

  it('waits for one that asks, then claims, as for any that claims', () => {
    const machine = new Machine()
    machine.view()
    machine.at(10, { type: 'probe', from: STRANGER })
    assert.deepEqual(conflictOf(machine.state), { mac: STRANGER.mac, sinceMs: 10, heardMs: 10, probedSinceMs: 10 })
    machine.answerer = STRANGER
    machine.runUntil(5_000)
    assert.deepEqual(machine.times('probe'), [0, 210, 1_210, 3_210])
    assert.deepEqual(conflictOf(machine.state), { mac: STRANGER.mac, sinceMs: 10, heardMs: 3_210 })
    assert.ok(machine.state.phase === 'waiting')
  })

  it('begins the back-off anew when a speaker has the address after a stranger', () => {
    const machine = new Machine()
    machine.answerer = STRANGER
    machine.view()
    machine.runUntil(6_000)
    machine.answerer = node('some-node')
    machine.runUntil(8_000)
    assert.deepEqual(machine.times('probe'), [0, 1_000, 3_000, 7_000, 7_100, 7_300, 7_700])
    assert.equal(conflictOf(machine.state), undefined)
  })

  it('begins with 1 s when a stranger has the address after a speaker', () => {
    const machine = new Machine()
    machine.answerer = node('some-node')
    machine.view()
    machine.runUntil(5_000)
    machine.answerer = STRANGER
    machine.runUntil(9_000)
    assert.deepEqual(gaps(machine.times('probe')).slice(-3), [2_000, 1_000, 2_000])
  })

  it('steps back for 150 ms before the lower hash, then asks again, with the same back-off', () => {
    const machine = new Machine()
    machine.view()
    machine.at(10, { type: 'probe', from: node('some-low') })
    machine.runUntil(159)
    assert.deepEqual(machine.log, ['0 probe'])
    machine.answerer = node('some-low')
    machine.runUntil(500)
    assert.deepEqual(machine.log, ['0 probe', '160 probe', '260 probe', '460 probe'])
  })

  it('defends itself against a stranger once in 10 s, however often that is heard (RFC 5227 §2.4 (c))', () => {
    const machine = owned()
    for (let ms = 100; ms <= 25_000; ms += 100) machine.at(ms, { type: 'claim', from: STRANGER })
    assert.deepEqual(machine.times('announce'), [100, 10_100, 20_100])
    assert.deepEqual(conflictOf(machine.state), { mac: STRANGER.mac, sinceMs: 100, heardMs: 25_000 })
  })

  it('announces against another owner with a higher hash at most every 100 ms', () => {
    const machine = owned()
    for (let ms = 1; ms <= 250; ms++) machine.at(ms, { type: 'claim', from: node('some-high') })
    assert.deepEqual(machine.log, ['1 announce', '101 announce', '201 announce'])
  })

  it('inquires of another owner with a lower hash, at most every 100 ms, and yields to an answer alone', () => {
    const machine = owned()
    for (let ms = 1; ms <= 250; ms++) machine.at(ms, { type: 'claim', from: node('some-low') })
    assert.deepEqual(machine.log, ['1 inquire', '101 inquire', '201 inquire'])
    machine.at(251, { type: 'answer', from: node('some-low') })
    assert.deepEqual(machine.log.slice(3), ['251 yield'])
  })

  it('forgets a stranger 30 s after it was heard last, and at no other time', () => {
    const machine = owned()
    machine.at(100, { type: 'claim', from: STRANGER })
    machine.runUntil(25_000)
    machine.at(25_000, { type: 'claim', from: STRANGER })
    machine.runUntil(54_999)
    assert.ok(conflictOf(machine.state))
    machine.at(54_999, { type: 'claim', from: STRANGER })
    machine.runUntil(70_000)
    machine.at(70_000, { type: 'claim', from: STRANGER })
    machine.runUntil(99_999)
    assert.deepEqual(conflictOf(machine.state), { mac: STRANGER.mac, sinceMs: 100, heardMs: 70_000 })
    assert.equal(machine.dueMs, 100_000)
    machine.runUntil(100_000)
    assert.equal(conflictOf(machine.state), undefined)
    assert.deepEqual(machine.times('announce').slice(-3), [54_999, 60_000, 70_000])
  })

  const fractions = fc.nat({ max: 1e9 }).map(number => number / 9_973)

  it('forgets a stranger when it is due to, whatever fractions the clock has', () => {
    fc.assert(
      fc.property(fractions, nowMs => {
        const machine = owned()
        machine.at(nowMs, { type: 'timer' })
        machine.at(nowMs, { type: 'claim', from: STRANGER })
        machine.runUntil(nowMs + 40_000)
        assert.equal(conflictOf(machine.state), undefined)
      }),
    )
  })

  it('leaves the address for 0.25 s to the one it has yielded to, then inquires', () => {
    const machine = owned()
    machine.at(10, { type: 'probe', from: node('before-high') })
    machine.runUntil(500)
    assert.deepEqual(machine.log, ['10 yield', '260 inquire', '310 inquire', '360 claim', '360 announce'])
  })

  it('takes the timings that it is given', () => {
    const timings = { ...DEFAULT_CLAIM_TIMINGS, probeCount: 3, probeIntervalMs: 20, askAgainMs: 70, askAgainMaxMs: 100 }
    const silent = new Machine(timings)
    silent.view()
    silent.runUntil(100)
    assert.deepEqual(silent.log, ['0 probe', '20 probe', '40 probe', '60 claim', '60 announce'])
    const answeredMachine = new Machine(timings)
    answeredMachine.answerer = node('some-node')
    answeredMachine.view()
    answeredMachine.at(0, { type: 'claim', from: node('some-node') })
    answeredMachine.runUntil(400)
    assert.deepEqual(gaps(answeredMachine.times('probe')), [70, 100, 100, 100])
    const back = new Machine(timings)
    back.view()
    back.at(5, { type: 'probe', from: node('some-low') })
    assert.equal(back.dueMs, 5 + 4 * 20)
  })

  it('is due later, or never, once its timer has been served, whatever fractions the clock has', () => {
    const times = fc.array(fc.double({ min: 0, max: 20_000, noNaN: true }), { minLength: 1, maxLength: 12 })
    const events = fc.constantFrom<ClaimEvent>(
      { type: 'claim', from: STRANGER },
      { type: 'claim', from: node('some-high') },
      { type: 'claim', from: node('some-low') },
      { type: 'probe', from: node('before-low') },
      { type: 'speakUp' },
      { type: 'view', urgent: true },
    )
    fc.assert(
      fc.property(times, fc.array(events, { minLength: 12, maxLength: 12 }), (waits, list) => {
        const machine = new Machine()
        machine.view()
        let nowMs = 0
        for (const [index, waitMs] of waits.entries()) {
          nowMs += waitMs
          machine.runUntil(nowMs)
          machine.at(nowMs, list[index]!)
        }
        machine.runUntil(nowMs + 100_000)
      }),
    )
  })
})

/** One machine on a clock of its own: serves its timer when it is due, and answers its probes at once when somebody is to. */
class Machine {
  state: ClaimState = IDLE
  answerer: Origin | undefined
  log: string[] = []
  readonly #timings

  constructor(timings = DEFAULT_CLAIM_TIMINGS) {
    this.#timings = timings
  }

  get dueMs(): number | undefined {
    return dueOf(this.state, this.#timings)
  }

  view(): void {
    this.at(0, { type: 'view', urgent: false })
  }

  at(nowMs: number, event: ClaimEvent, view: Partial<ClaimView> = {}): void {
    const { state, actions } = stepClaim(freeze(this.state), event, { ...VIEW, nowMs, ...view }, this.#timings)
    this.state = state
    for (const action of actions) {
      this.log.push(`${nowMs} ${action}`)
      if (action !== 'announce' && this.answerer) this.at(nowMs, { type: 'answer', from: this.answerer })
    }
  }

  runUntil(endMs: number): void {
    for (let dueMs = this.dueMs; dueMs !== undefined && dueMs <= endMs; dueMs = this.dueMs) {
      this.at(dueMs, { type: 'timer' })
      assert.ok(this.dueMs === undefined || this.dueMs > dueMs, `due at ${this.dueMs} after the timer of ${dueMs}`)
    }
  }

  times(action: string): number[] {
    return this.log.filter(line => line.endsWith(` ${action}`)).map(line => Number.parseFloat(line))
  }
}

/** A machine that has owned the address since 0. */
function owned(): Machine {
  const machine = new Machine()
  machine.at(-100, { type: 'view', urgent: false })
  machine.runUntil(0)
  assert.equal(machine.state.phase, 'owner')
  machine.log = []
  return machine
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((ms, index) => ms - times[index]!)
}
