import assert from 'node:assert/strict'
import sinon from 'sinon'
import { type Clock, SystemClock } from '../../../src/io/clock.ts'
import { FakeClock } from '../../support/io/fake-clock.ts'

// what every clock does; `advance` lets time pass
function describeClock(name: string, make: () => { clock: Clock; advance: (ms: number) => void }): void {
  describe(name, () => {
    it('fires timers in the order in which they fall due, once', () => {
      const { clock, advance } = make()
      const fired: string[] = []
      clock.setTimer(() => fired.push('late'), 20)
      clock.setTimer(() => fired.push('early'), 10)
      clock.setTimer(() => fired.push('early too'), 10)
      advance(9)
      assert.deepEqual(fired, [])
      advance(1)
      assert.deepEqual(fired, ['early', 'early too'])
      advance(100)
      assert.deepEqual(fired, ['early', 'early too', 'late'])
    })

    it('does not fire a cancelled timer; cancelling again does no harm', () => {
      const { clock, advance } = make()
      const fired: number[] = []
      const cancel = clock.setTimer(() => fired.push(1), 10)
      clock.setTimer(() => fired.push(2), 10)
      cancel()
      cancel()
      advance(10)
      assert.deepEqual(fired, [2])
      cancel()
    })

    it('fires timers that a timer sets, and takes a negative delay for none', () => {
      const { clock, advance } = make()
      const at: number[] = []
      const start = clock.monotonicMs()
      const repeat = () => {
        at.push(clock.monotonicMs() - start)
        if (at.length < 3) clock.setTimer(repeat, 10)
      }
      clock.setTimer(repeat, -5)
      advance(50)
      assert.equal(at.length, 3)
      assert.ok(
        at.every((ms, i) => Math.abs(ms - 10 * i) <= 1),
        at.join(),
      )
    })

    it('waits longer than a month', () => {
      const { clock, advance } = make()
      let fired = 0
      clock.setTimer(() => fired++, 2 ** 32)
      advance(2 ** 32 - 1)
      assert.equal(fired, 0)
      advance(1)
      assert.equal(fired, 1)
    })
  })
}

describe('clock', () => {
  let timers: sinon.SinonFakeTimers | undefined

  afterEach(() => {
    timers?.restore()
    timers = undefined
  })

  describeClock('of the system', () => {
    timers = sinon.useFakeTimers()
    return { clock: new SystemClock(), advance: ms => timers?.tick(ms) }
  })

  describeClock('of the tests', () => {
    const clock = new FakeClock()
    return { clock, advance: ms => clock.advance(ms) }
  })

  it('tells the wall clock from passing time', () => {
    const clock = new FakeClock({ nowMs: 1000 })
    clock.advance(5)
    clock.jumpWallClock(-500)
    assert.deepEqual([clock.now(), clock.monotonicMs()], [505, 5])
    const system = new SystemClock()
    assert.ok(Math.abs(system.now() - Date.now()) < 1000)
    const earlier = system.monotonicMs()
    assert.ok(system.monotonicMs() >= earlier)
  })

  it('tells what still waits', async () => {
    const clock = new FakeClock()
    const seen: string[] = []
    clock.setTimer(async () => {
      await Promise.resolve()
      clock.setTimer(() => seen.push('second'), 5)
    }, 5)
    assert.deepEqual([clock.pendingTimers, clock.nextTimerInMs], [1, 5])
    await clock.advanceAsync(10)
    assert.deepEqual([seen, clock.pendingTimers, clock.nextTimerInMs], [['second'], 0, undefined])
  })
})
