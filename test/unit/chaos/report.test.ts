import assert from 'node:assert/strict'
import type { Finding } from '../../chaos/judge-round.ts'
import type { Round } from '../../chaos/plan.ts'
import { Report } from '../../chaos/report.ts'

describe('chaos: the report', () => {
  const round = (number: number, ...kinds: string[]): Round => ({
    number,
    faults: kinds.map(kind => ({ kind, target: '', startMs: 0, durationMs: 1, dice: 0 })),
    endMs: 1,
  })
  const finding = (verdict: Finding['verdict']): Finding => ({
    verdict,
    invariant: 'silence',
    text: 'nobody\nanswered',
  })

  function written(tell: (report: Report) => void) {
    const lines: string[] = []
    const report = new Report({ print: line => lines.push(line), repeat: 'npm run chaos -- --seed 7' })
    tell(report)
    const summary = report.finish(['a line of the observers'])
    return { lines, text: lines.join('\n'), summary }
  }

  it('has a line for each fault and each round, and counts them by kind', () => {
    const { text, summary } = written(report => {
      report.strike(0, 'link-down', 'node2')
      report.ended(round(0, 'link-down'), 4_240, [])
      report.ended(round(1, 'link-down', 'crowd'), 9_000, [])
    })
    assert.match(text, /00:00:00 {2}round 0: link-down node2/)
    assert.match(text, /round 0: whole again after 4\.2 s \(link-down\)/)
    assert.match(text, /^link-down +2 +1 +4\.2 s$/m)
    assert.match(text, /^crowd +1 +0 +-$/m)
    assert.match(text, /a line of the observers\n\nall invariants held/)
    assert.deepEqual(summary, { rounds: 2, faults: 3, violations: 0, unknown: 0 })
  })

  it('tells violations with their story, and how to repeat them', () => {
    const { text, summary } = written(report => report.ended(round(0, 'crowd'), undefined, [finding('violated')]))
    assert.match(text, /round 0: NOT whole again/)
    assert.match(text, /VIOLATION: somebody answers for each address\n {4}nobody\n {4}answered/)
    assert.match(text, /^somebody answers for each address +1 +0$/m)
    assert.match(text, /violations: 1; to repeat: npm run chaos -- --seed 7/)
    assert.equal(summary.violations, 1)
  })

  it('tells three of many that are alike, and counts them all', () => {
    const many = [...Array.from({ length: 9 }, () => finding('violated')), finding('unknown')]
    const { text, summary } = written(report => report.ended(round(0, 'crowd'), 1, many))
    assert.equal(text.match(/VIOLATION/g)?.length, 3)
    assert.match(text, /… and 6 more like these\n.*unknown, the machine was too busy/)
    assert.deepEqual([summary.violations, summary.unknown], [9, 1])
  })

  it('counts what is unknown as neither', () => {
    const { text, summary } = written(report => report.ended(round(0, 'crowd'), 1, [finding('unknown')]))
    assert.match(text, /unknown, the machine was too busy: somebody answers/)
    assert.doesNotMatch(text, /VIOLATION/)
    assert.match(text, /all invariants held, 1 times nobody could tell/)
    assert.deepEqual([summary.violations, summary.unknown], [0, 1])
  })
})
