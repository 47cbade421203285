import assert from 'node:assert/strict'
import { Random } from '../../simulation/random.ts'
import { judge, median, type Sample } from '../../soak/judge.ts'

const MINUTE_MS = 60_000
const bound = { absolute: 8, share: 0.1 }
/** two hours, a sample a minute */
const series = (value: (minute: number, random: Random) => number): Sample[] => {
  const random = new Random(5)
  return Array.from({ length: 120 }, (_, minute) => ({ atMs: minute * MINUTE_MS, value: value(minute, random) }))
}

describe('the judge of a soak', () => {
  const rows: [what: string, samples: Sample[], grows: boolean | undefined][] = [
    ['what stays', series(() => 100), false],
    ['what only wavers', series((_, random) => random.between(80, 120)), false],
    ['a leak', series(minute => 100 + minute / 4), true],
    ['a leak under noise', series((minute, random) => 100 + minute / 3 + random.between(-10, 10)), true],
    ['a leak that the collector hides', series(minute => 100 + minute / 4 + (minute % 10) * 2), true],
    ['a warm-up', series(minute => (minute < 20 ? 60 + 2 * minute : 100)), false],
    ['single peaks', series(minute => (minute % 17 === 0 ? 300 : 100)), false],
    ['one step within the bound', series(minute => (minute < 60 ? 100 : 106)), false],
    ['what grows less than its bound', series(minute => 100 + minute / 20), false],
    ['what falls', series(minute => 200 - minute), false],
    ['too few samples', series(minute => minute * 100).slice(0, 5), undefined],
    ['nothing', [], undefined],
  ]
  for (const [what, samples, grows] of rows) {
    it(`${what}: ${grows}`, () => assert.equal(judge(samples, bound).grows, grows))
  }

  it('tells how much it grows in an hour, and from what to what', () => {
    const { perHour, before, after } = judge(
      series(minute => 100 + minute / 4),
      bound,
    )
    assert.equal(perHour.toFixed(3), '15.000')
    assert.ok(before > 105 && before < 115 && after > 120 && after < 130)
  })

  it('knows small counts: five more descriptors are a leak where none is allowed to be one', () => {
    const handles = series(minute => 30 + Math.floor(minute / 20))
    assert.equal(judge(handles, { absolute: 3, share: 0 }).grows, true)
    assert.equal(judge(handles, { absolute: 6, share: 0 }).grows, false)
  })

  it('has a median of even and odd counts', () => {
    assert.deepEqual([median([3, 1, 2]), median([4, 1, 3, 2])], [2, 2.5])
    assert.ok(Number.isNaN(median([])))
  })
})
