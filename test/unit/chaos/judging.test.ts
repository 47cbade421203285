import assert from 'node:assert/strict'
import { boundsOf, takenOver, unfelt } from '../../chaos/fault.ts'
import { growth, type Sample } from '../../chaos/growth.ts'
import { judgeRound, type Seen, union } from '../../chaos/judge-round.ts'
import { judge, losses, type Span } from '../../chaos/spans.ts'
import { silences } from '../../support/lab/claims.ts'

const span = (fromMs: number, toMs: number): Span => ({ fromMs, toMs })

describe('chaos: what observers saw', () => {
  /** "A100 ?120": somebody answers at 100, somebody asks at 120. */
  const heard = (text: string) => {
    const words = text.split(' ').map(word => ({ sign: word[0]!, timeMs: Number(word.slice(1)) }))
    const claims = words
      .filter(({ sign }) => sign === 'A')
      .map(({ timeMs }) => ({ timeMs, mac: 'a', kind: 'answer' }) as const)
    return { claims, asksMs: words.filter(({ sign }) => sign === '?').map(({ timeMs }) => timeMs) }
  }
  const quiet: [what: string, story: string, silences: Span[]][] = [
    ['each question answered', '?0 A5 ?50 A55 ?100 A105', []],
    ['no question, no silence', 'A5 A900', []],
    [
      'from the first unanswered question to the next claim',
      '?0 A5 ?50 ?100 ?150 ?200 A260 ?300 A301',
      [span(50, 260)],
    ],
    ['to the end of what was heard', '?0 A5 ?50 ?100', [span(50, 1_000)]],
    ['two silences', '?0 A250 ?300 A301 ?350 A600', [span(0, 250), span(350, 600)]],
    ['an answer within its time', '?0 A99', []],
    ['nobody at all', '?10 ?20', [span(10, 1_000)]],
  ]
  for (const [what, story, expected] of quiet) {
    it(`silence: ${what}`, () => assert.deepEqual(silences(heard(story), 1_000), expected))
  }

  /** "+100 -200": a visit that began at 100 succeeded, one at 200 failed. */
  const visits = (text: string) =>
    text.split(' ').map(word => ({
      ...{ address: 'x', tookMs: 1, connected: true, atMs: Number(word.slice(1)) },
      ...(word[0] === '-' && { outcome: 'unanswered' }),
    }))
  const lost: [string, string, Span[]][] = [
    ['none', '+0 +200 +400', []],
    ['one', '+0 -200 +400', [span(200, 400)]],
    ['several in a row', '+0 -200 -400 -600 +800', [span(200, 800)]],
    ['two times', '-0 +200 -400 +600', [span(0, 200), span(400, 600)]],
    ['to the end', '+0 -200 -400', [span(200, 1_000)]],
  ]
  for (const [what, story, expected] of lost) {
    it(`pages lost: ${what}`, () => assert.deepEqual(losses(visits(story), 1_000), expected))
  }

  const verdicts: [string, Span, number, Span[], string][] = [
    ['within the bound', span(0, 100), 100, [], 'held'],
    ['over the bound', span(0, 101), 100, [], 'violated'],
    ['over it only by a stall', span(0, 300), 100, [span(50, 260)], 'unknown'],
    ['over it by more than a stall', span(0, 400), 100, [span(50, 260)], 'violated'],
    ['a stall at another time', span(0, 300), 100, [span(400, 900)], 'violated'],
    ['a stall that overlaps its end', span(0, 300), 100, [span(90, 900)], 'unknown'],
  ]
  for (const [what, time, bound, stalls, expected] of verdicts) {
    it(`verdict: ${what}`, () => assert.equal(judge(time, bound, stalls), expected))
  }

  it('joins stalls that overlap', () => {
    assert.deepEqual(union([span(5, 9), span(0, 3), span(2, 4), span(8, 12)]), [span(0, 4), span(5, 12)])
  })
})

describe('chaos: the judgement of a round', () => {
  const nothing: Seen = { twoOwners: [], silences: [], nearLosses: [], farLosses: [], stalls: [] }
  const round = span(0, 60_000)
  const loss = (ms: number) => ({ address: '192.0.2.100', span: span(1_000, 1_000 + ms) })

  it('finds nothing where nothing was', () => {
    assert.deepEqual(judgeRound(unfelt(1_000), nothing, round), [])
  })

  it('judges only what must hold', () => {
    const seen = { ...nothing, twoOwners: ['a story'], silences: [loss(9_000)], farLosses: [loss(9_000)] }
    const all = judgeRound(unfelt(1_000), seen, round)
    assert.deepEqual(
      all.map(({ invariant, verdict }) => [invariant, verdict]),
      [
        ['oneAnnouncer', 'violated'],
        ['silence', 'violated'],
        ['pages', 'violated'],
      ],
    )
    assert.deepEqual(judgeRound({ oneAnnouncer: false, recoveryMs: 1 }, seen, round), [])
  })

  it('says unknown where the machine was too busy to tell', () => {
    const seen = { ...nothing, twoOwners: ['a story'], silences: [loss(9_000)], stalls: [span(20_000, 27_000)] }
    assert.deepEqual(
      judgeRound(unfelt(1_000), seen, round).map(({ verdict }) => verdict),
      ['unknown', 'unknown'],
    )
  })

  it('adds the bounds of faults that meet, and judges nothing that one of them takes away', () => {
    const together = boundsOf([unfelt(10_000), takenOver(20_000)])
    assert.equal(together.silenceMs, unfelt(0).silenceMs! + takenOver(0).silenceMs!)
    assert.equal(together.recoveryMs, 30_000)
    assert.equal(together.farLossMs, undefined)
    assert.equal(boundsOf([unfelt(1), { oneAnnouncer: false, recoveryMs: 1 }]).oneAnnouncer, false)
  })
})

describe('chaos: growth', () => {
  const mebibyte = 2 ** 20
  const samples = (count: number, memory: (i: number) => number, descriptors: (i: number) => number): Sample[] =>
    Array.from({ length: count }, (_, i) => ({
      ...{ atMs: i * 30_000, residentBytes: memory(i) * mebibyte, descriptors: descriptors(i) },
    }))
  const steady = () => 30
  const withTimers = (timers: (i: number) => number | undefined) =>
    samples(40, () => 100, steady).map((sample, i) => ({ ...sample, timers: timers(i) }))
  const rows: [string, Sample[], RegExp[]][] = [
    ['steady', samples(40, () => 100, steady), []],
    ['swings', samples(40, i => 100 + (i % 5) * 4, steady), []],
    ['grows', samples(40, i => 100 + i * 2, steady), [/speaker 1: memory grew from 11\d MiB to 16\d MiB/]],
    ['grows only as it warms up', samples(40, i => (i < 2 ? 50 : 100), steady), []],
    ['too few samples to tell', samples(8, i => 100 + i * 20, steady), []],
    ['timers stay', withTimers(i => (i % 5 === 0 ? 12 + (i % 2) : undefined)), []],
    ['timers grow', withTimers(i => (i % 5 === 0 ? 12 + i : undefined)), [/timers grew from 17 to 47/]],
    [
      'descriptors grow',
      samples(
        40,
        () => 100,
        i => 30 + i,
      ),
      [/open descriptors grew from 3\d to 6\d/],
    ],
  ]
  for (const [what, some, expected] of rows) {
    it(what, () => {
      const found = growth('speaker 1', some)
      assert.equal(found.length, expected.length, found.join())
      for (const [i, pattern] of expected.entries()) assert.match(found[i]!, pattern)
    })
  }
})
