import assert from 'node:assert/strict'
import { Rush } from '../../../src/controller/rush.ts'

describe('A rush for addresses', () => {
  it('is on while one is given after the other, and over half a second after the last', () => {
    const rush = new Rush()
    assert.equal(rush.isOn(0), false)
    for (const nowMs of [0, 400, 900]) rush.note(nowMs)
    assert.equal(rush.isOn(1_400), true)
    assert.equal(rush.isOn(1_401), false)
  })

  it('that does not end counts for ten seconds, and the next one again', () => {
    const rush = new Rush()
    for (let nowMs = 0; nowMs <= 20_000; nowMs += 100) {
      rush.note(nowMs)
      assert.equal(rush.isOn(nowMs), nowMs <= 10_000, `${nowMs}`)
    }
    rush.note(20_501)
    assert.equal(rush.isOn(20_501), true)
  })
})
