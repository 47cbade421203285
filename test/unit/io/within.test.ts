import assert from 'node:assert/strict'
import { within } from '../../../src/io/within.ts'
import { FakeClock } from '../../support/io/fake-clock.ts'

describe('within', () => {
  let clock: FakeClock

  beforeEach(() => {
    clock = new FakeClock()
  })

  afterEach(() => assert.equal(clock.pendingTimers, 0))

  it('resolves when it is done, before the time is over', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const waited = within(clock, 1_000, promise)
    resolve()
    await waited
  })

  it('resolves when the time is over, done or not', async () => {
    let over = false
    const waited = within(clock, 1_000, new Promise(() => {})).then(() => {
      over = true
    })
    await clock.advanceAsync(999)
    assert.equal(over, false)
    await clock.advanceAsync(1)
    await waited
  })

  it('rejects when it fails in time', () =>
    assert.rejects(within(clock, 1_000, Promise.reject(new Error('no'))), /^Error: no$/))
})
