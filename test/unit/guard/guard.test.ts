import assert from 'node:assert/strict'
import { describeFigures, worseFigures } from '../../guard/compare.ts'
import { type CommittedFigures, readNotes } from '../../guard/figures.ts'

const committed: CommittedFigures = {
  date: '2026-11-21',
  machine: '2 cores',
  figures: { unitSeconds: 20, failoverP99Ms: 400, imageMb: 60 },
}

describe('the guard of the figures', () => {
  it('names what got worse by more than a fifth, and nothing else', () => {
    assert.deepEqual(worseFigures({ unitSeconds: 24, failoverP99Ms: 481, imageMb: 30 }, committed.figures), [
      'failoverP99Ms',
    ])
  })

  it('says nothing of what was not measured, on either side', () => {
    assert.deepEqual(worseFigures({}, committed.figures), [])
    assert.deepEqual(worseFigures({ speakerMemoryMb: 1_000 }, committed.figures), [])
    assert.deepEqual(describeFigures({}, committed), [])
  })

  it('prints the figures beside the committed ones, and the warnings at the end', () => {
    assert.deepEqual(
      describeFigures({ unitSeconds: 20.04, failoverP99Ms: 600, imageMb: 54, speakerMemoryMb: 70 }, committed),
      [
        'figures, beside those of 2026-11-21 (2 cores)',
        '  unit tests                               20.0 s   20.0 s  ±0 %',
        '  layer 2 failover, p99 of the short run   600 ms   400 ms  +50 %',
        '  speaker: memory (RSS) in the lab        70.0 MB           new',
        '  image, compressed                       54.0 MB  60.0 MB  −10 %',
        'warning: worse by more than a fifth: layer 2 failover, p99 of the short run, 600 ms instead of 400',
      ],
    )
  })

  it('takes the worst of what was noted more than once', () => {
    const notes = [
      { figure: 'failoverP99Ms', value: 300 },
      { figure: 'failoverP99Ms', value: 350 },
      { figure: 'failoverP99Ms', value: 320 },
      { figure: 'imageMb', value: 61 },
    ]
    const text = notes.map(line => `${JSON.stringify(line)}\n`).join('')
    assert.deepEqual(readNotes(text), { failoverP99Ms: 350, imageMb: 61 })
    assert.deepEqual(readNotes(''), {})
  })
})
