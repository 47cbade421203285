import assert from 'node:assert/strict'
import { Settler } from '../../../../src/bin/speaker/settler.ts'
import { FakeClock } from '../../../support/io/fake-clock.ts'

describe('when changes are worked off', () => {
  function scene(init: { tookMs?: number; dueMs?: () => number | undefined; ready?: () => boolean } = {}) {
    const clock = new FakeClock()
    let lagMs = 0
    const late = {
      now: () => clock.now(),
      // Work takes time: the clock of the settler runs on while it settles.
      monotonicMs: () => clock.monotonicMs() + lagMs,
      setTimer: (callback: () => void, delayMs: number) => clock.setTimer(callback, delayMs),
    }
    const settledMs: number[] = []
    const settler = new Settler(
      { clock: late },
      {
        ready: init.ready ?? (() => true),
        settle: nowMs => {
          settledMs.push(nowMs)
          lagMs += init.tookMs ?? 0
          return init.dueMs?.()
        },
      },
    )
    return { clock, settler, settledMs }
  }

  it('a single change at once', () => {
    const { clock, settler, settledMs } = scene()
    settler.schedule()
    clock.advance(0)
    assert.deepEqual(settledMs, [0])
  })

  it('a burst together, every 20 ms at most', () => {
    const { clock, settler, settledMs } = scene()
    for (let ms = 0; ms < 50; ms++) {
      settler.schedule()
      clock.advance(1)
    }
    assert.deepEqual(settledMs, [0, 20, 40])
  })

  it('more seldom when it takes long: three quarters of the time are for others', () => {
    const { clock, settler, settledMs } = scene({ tookMs: 100 })
    settler.schedule()
    clock.advance(0)
    settler.schedule()
    clock.advance(1_000)
    assert.deepEqual(settledMs, [0, 100 + 300])
  })

  it('again when time alone gives something to do', () => {
    let due: number | undefined = 500
    const { clock, settler, settledMs } = scene({ dueMs: () => due })
    settler.schedule()
    clock.advance(0)
    due = undefined
    clock.advance(5_000)
    assert.deepEqual(settledMs, [0, 500])
  })

  it('not before everything is known', () => {
    let ready = false
    const { clock, settler, settledMs } = scene({ ready: () => ready })
    settler.schedule()
    clock.advance(100)
    assert.deepEqual(settledMs, [])
    ready = true
    settler.schedule()
    clock.advance(0)
    assert.equal(settledMs.length, 1)
  })

  it('never after stop(), which leaves no timer', () => {
    const { clock, settler, settledMs } = scene({ dueMs: () => 300 })
    settler.schedule()
    clock.advance(0)
    settler.schedule()
    settler.stop()
    settler.schedule()
    assert.equal(clock.pendingTimers, 0)
    assert.equal(settledMs.length, 1)
  })
})
