import assert from 'node:assert/strict'
import { type Claim, dualOwnerships, firstClaimAfter, ownerships } from '../../support/lab/claims.ts'

/** "A100 b120 ?130": A answers at 100, b (another MAC) announces at 120, somebody asks at 130. Small letters announce. */
function heard(text: string) {
  const claims: Claim[] = []
  const asksMs: number[] = []
  for (const word of text.split(' ').filter(Boolean)) {
    const timeMs = Number(word.slice(1))
    if (word.startsWith('?')) asksMs.push(timeMs)
    else
      claims.push({
        timeMs,
        mac: word[0]!.toUpperCase(),
        kind: word[0] === word[0]!.toUpperCase() ? 'answer' : 'announce',
      })
  }
  return { claims, asksMs }
}

/** One question every 20 ms. */
const asked = (fromMs: number, toMs: number) =>
  Array.from({ length: (toMs - fromMs) / 20 }, (_, i) => `?${fromMs + 20 * i}`).join(' ')

describe("tests' reading of who owns an address", () => {
  const rows: [what: string, text: string, times: string[], dual: string[]][] = [
    ['one owner', 'A0 A20 A40', ['A 0-40'], []],
    ['a hand-over', `A0 A20 b40 B60 B80 ${asked(0, 80)}`, ['A 0-20', 'B 40-80'], []],
    [
      'a hand-over and one back',
      `A0 b20 B300 a320 A500 ${asked(0, 500)}`,
      ['A 0-0', 'B 20-20', 'B 300-300', 'A 320-320', 'A 500-500'],
      [],
    ],
    ['an owner that speaks on', 'A0 B20 A40 B60 A80', ['A 0-80', 'B 20-60'], ['A+B 20-60']],
    ['an owner that speaks once more', `A0 b20 A30 B40 B60 ${asked(0, 60)}`, ['A 0-30', 'B 20-60'], ['A+B 20-30']],
    [
      'one that announces in the time of another that answers',
      `A0 A90 b100 A110 A190 b300 A210 A310 ${asked(0, 320)}`,
      ['A 0-310', 'B 100-100', 'B 300-300'],
      ['A+B 100-100', 'A+B 300-300'],
    ],
    ['one that announces twice where nobody asks', 'a0 b100 a200 b3000', ['A 0-200', 'B 100-3000'], ['A+B 100-200']],
    ['a pause of which nobody asked', 'A0 A5000', ['A 0-5000'], []],
    ['a pause that is longer than an answer may take', 'A0 ?1000 A1101', ['A 0-0', 'A 1101-1101'], []],
    ['an answer that comes late', 'A0 ?1000 A1100', ['A 0-1100'], []],
    [
      'three owners',
      'A0 B10 C20 A30 B40 C50',
      ['A 0-30', 'B 10-40', 'C 20-50'],
      ['A+B 10-30', 'A+C 20-30', 'B+C 20-40'],
    ],
  ]
  for (const [what, text, times, dual] of rows) {
    it(what, () => {
      const sorted = heard(text)
      sorted.claims.sort((one, other) => one.timeMs - other.timeMs)
      assert.deepEqual(
        ownerships(sorted).map(({ mac, fromMs, toMs }) => `${mac} ${fromMs}-${toMs}`),
        times,
      )
      assert.deepEqual(
        dualOwnerships(sorted).map(({ macs, fromMs, toMs }) => `${macs.join('+')} ${fromMs}-${toMs}`),
        dual,
      )
    })
  }

  it('finds the first claim of another MAC after a moment', () => {
    const all = heard('a0 A10 B20 b30 a40 b50').claims
    assert.equal(firstClaimAfter(all, 5, { notMac: 'A' })?.timeMs, 20)
    assert.equal(firstClaimAfter(all, 5, { notMac: 'A', kind: 'announce' })?.timeMs, 30)
    assert.equal(firstClaimAfter(all, 30, { kind: 'announce' })?.mac, 'A')
    assert.equal(firstClaimAfter(all, 50), undefined)
  })
})
