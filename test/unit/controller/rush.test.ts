import assert from 'node:assert/strict'
import { Rush } from '../../../src/controller/rush.ts'

/** Notes one address every so many milliseconds; the first time, to the millisecond, at which it is a rush. */
function notesUntilOn(rush: Rush, { everyMs, fromMs = 0, untilMs }: Record<string, number>): number | undefined {
  for (let nowMs = fromMs; nowMs <= untilMs!; nowMs += everyMs!) {
    rush.note(nowMs)
    if (rush.isOn(nowMs)) return nowMs
  }
  return undefined
}

describe('A rush for addresses', () => {
  it('is many at once, not a few', () => {
    const rush = new Rush()
    assert.equal(rush.isOn(0), false)
    for (let i = 0; i < 4; i++) rush.note(0)
    assert.equal(rush.isOn(0), false)
    rush.note(0)
    assert.equal(rush.isOn(0), true)
  })

  it('is more than twenty a second, for however long', () => {
    assert.equal(notesUntilOn(new Rush(), { everyMs: 50, untilMs: 100_000 }), undefined)
    assert.equal(notesUntilOn(new Rush(), { everyMs: 40, untilMs: 100_000 }), 800)
  })

  it('of thousands is over within a second', () => {
    const rush = new Rush()
    for (let i = 0; i < 5_000; i++) rush.note(i)
    assert.equal(rush.isOn(4_999 + 750), true)
    assert.equal(rush.isOn(4_999 + 751), false)
  })

  it('that does not end counts for a minute, and the next one again', () => {
    const rush = new Rush()
    const on: number[] = []
    for (let nowMs = 0; nowMs <= 100_000; nowMs += 10) {
      rush.note(nowMs)
      if (rush.isOn(nowMs)) on.push(nowMs)
    }
    assert.equal(on.at(-1)! - on[0]!, 60_000)
    assert.notEqual(notesUntilOn(rush, { everyMs: 10, fromMs: 102_000, untilMs: 103_000 }), undefined)
  })
})
