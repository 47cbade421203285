import assert from 'node:assert/strict'
import { PauseDetector } from '../../../src/io/pause-detector.ts'
import { FakeClock } from '../../support/io/fake-clock.ts'

describe('pause detector', () => {
  let clock: FakeClock
  let detector: PauseDetector
  let told: number[]

  beforeEach(() => {
    clock = new FakeClock()
    detector = new PauseDetector({ clock }, { toleratedMs: 100 })
    told = []
    detector.start(pausedMs => told.push(pausedMs))
  })

  afterEach(() => {
    detector.stop()
    assert.equal(clock.pendingTimers, 0)
  })

  it('finds no pause while the event loop turns, however long it idles', () => {
    for (let i = 0; i < 100; i++) {
      clock.advance(37)
      assert.equal(detector.pausedMs(), 0)
    }
    clock.advance(10_000)
    assert.equal(detector.pausedMs(), 0)
    assert.deepEqual(told, [])
  })

  it('tells who asks before the timers run, once', () => {
    clock.stall(5_000)
    assert.equal(detector.pausedMs(), 5_000)
    assert.equal(detector.pausedMs(), 0)
    clock.advance(1_000)
    assert.deepEqual(told, [])
  })

  it('tells by itself when nobody asks', () => {
    clock.stall(5_000)
    clock.advance(1_000)
    assert.deepEqual(told, [5_000])
  })

  it('tolerates what is no longer than was said', () => {
    clock.stall(100)
    assert.equal(detector.pausedMs(), 0)
    clock.stall(101)
    assert.equal(detector.pausedMs(), 101)
  })
})
