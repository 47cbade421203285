import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { BENCHMARKS } from '../../../bench/benchmarks.ts'
import { provenance, withFigures } from '../../../bench/publish.ts'

const page = [
  '# Figures',
  '<!-- figures of arp -->',
  'old',
  '<!-- end of figures -->',
  'Prose.',
  '<!-- figures of scale -->',
  '<!-- end of figures -->',
  '',
].join('\n')

describe('the figures in docs/performance.md', () => {
  it('are put in the place of those of the run before, and nothing else changes', () => {
    assert.equal(withFigures(page, 'arp', '\nnew\n\n| a |\n'), page.replace('old', 'new\n\n| a |'))
    assert.equal(
      withFigures(page, 'scale', 'first'),
      page.replace('<!-- figures of scale -->\n', '<!-- figures of scale -->\nfirst\n'),
    )
  })

  it('are written as they are, whatever stands in them', () => {
    const written = withFigures(page, 'arp', '$& costs $1')
    assert.ok(written.includes('\n$& costs $1\n<!-- end of figures -->'))
    assert.equal(withFigures(written, 'arp', 'old'), page)
  })

  it('are refused where the page has no place for them', () => {
    assert.throws(() => withFigures(page, 'lab', 'x'), /no lines "<!-- figures of lab -->"/)
    assert.throws(() => withFigures('<!-- figures of lab -->\n', 'lab', 'x'), /end of figures/)
  })

  it('come with the time, the command, the version and the machine', () => {
    const line = provenance({
      at: new Date('2026-01-02T03:04:05Z'),
      command: 'npm run -s bench -- arp',
      herald: 'abc1234',
      machine: '2 cores',
      loadBefore: '0.10',
      loadAfter: '1.50',
    })
    assert.equal(
      line,
      '2026-01-02 03:04 UTC, `npm run -s bench -- arp`, Herald abc1234; 2 cores; load average 0.10 before and 1.50 after.',
    )
  })

  it('have one place for each benchmark, and a program that makes them', () => {
    const places = readFileSync('docs/performance.md', 'utf8').match(/(?<=<!-- figures of )\S+(?= -->)/g)
    assert.deepEqual(places?.sort(), Object.keys(BENCHMARKS).sort())
    for (const name of Object.keys(BENCHMARKS)) assert.ok(existsSync(`bench/${name}.ts`), name)
  })
})
