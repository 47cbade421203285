import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseDurationSeconds, parseWholeSeconds } from '../../../src/config/duration.ts'

describe('a duration of Go', () => {
  const rows: [text: unknown, seconds: number | undefined, whole: number | undefined][] = [
    ['0', 0, 0],
    ['0s', 0, 0],
    ['90s', 90, 90],
    ['1m30s', 90, 90],
    ['1h1m1s', 3661, 3661],
    ['1.5m', 90, 90],
    ['.5m', 30, 30],
    ['1500ms', 1, undefined],
    ['3000000us', 3, 3],
    ['3000000µs', 3, 3],
    ['3000000000ns', 3, 3],
    // 0.1 s ten times over is a second, whatever floating point says
    ['700ms300ms', 1, 1],
    ['2.9s', 2, undefined],
    ['', undefined, undefined],
    ['90', undefined, undefined],
    ['s', undefined, undefined],
    ['-1s', undefined, undefined],
    ['+1s', undefined, undefined],
    ['1 s', undefined, undefined],
    ['1d', undefined, undefined],
    ['1s!', undefined, undefined],
    [`${'1s'.repeat(33)}`, undefined, undefined],
    [90, undefined, undefined],
    [null, undefined, undefined],
  ]
  for (const [text, seconds, whole] of rows) {
    it(`${JSON.stringify(text)} is ${seconds ?? 'none'}`, () => {
      assert.equal(parseDurationSeconds(text), seconds)
      assert.equal(parseWholeSeconds(text), whole)
    })
  }

  it('comes back whole from the text that Go writes', () => {
    fc.assert(
      fc.property(fc.nat(65_535), seconds => {
        const text = `${Math.floor(seconds / 3600)}h${Math.floor(seconds / 60) % 60}m${seconds % 60}s`
        assert.equal(parseWholeSeconds(text), seconds)
      }),
    )
  })

  it('is read from no text in more than a moment', () => {
    fc.assert(fc.property(fc.string(), text => assert.ok((parseDurationSeconds(text) ?? 0) >= 0)))
  })
})
