import assert from 'node:assert/strict'
import { bytesFormat } from '../../fuzz/bytes-format.ts'
import { durationMs, minutes } from '../../fuzz/duration.ts'
import { jsonFormat, jsonOf, ofJson } from '../../fuzz/json-format.ts'
import { minimise } from '../../fuzz/minimise.ts'
import type { Format } from '../../fuzz/target.ts'
import { ofText, textFormat, textOf } from '../../fuzz/text-format.ts'
import { Random } from '../../simulation/random.ts'

const ROUNDS = 300
const object = { kind: 'Pool', spec: { addresses: ['192.0.2.0/24'], priority: 7, on: true, none: null } }
const formats: [name: string, format: Format, sample: Uint8Array][] = [
  ['bytes', bytesFormat({ maxLength: 60 }), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)],
  ['text', textFormat(['one', 'two']), ofText('192.0.2.1-192.0.2.9')],
  ['JSON', jsonFormat(), ofJson(object)],
]

describe('inputs of a fuzzer', () => {
  for (const [name, format, sample] of formats) {
    it(`${name}: are changed in many ways, the same for the same seed`, () => {
      const made = [new Random(1), new Random(1)].map(random =>
        Array.from({ length: ROUNDS }, () => format.toLine(format.mutate(random, () => sample))),
      )
      assert.deepEqual(made[0], made[1])
      assert.ok(new Set(made[0]).size > ROUNDS / 2)
      assert.ok(made[0]?.every(line => !line.includes('\n')))
    })

    it(`${name}: come back from a line as they were`, () => {
      const random = new Random(2)
      for (let round = 0; round < ROUNDS; round++) {
        const input = format.mutate(random, () => sample)
        assert.equal(format.toLine(format.fromLine(format.toLine(input))), format.toLine(input))
      }
    })

    it(`${name}: become smaller or simpler, never longer`, () => {
      const shrunk = [...format.shrink(sample)]
      assert.ok(shrunk.length > 3)
      for (const input of shrunk)
        assert.ok(input.length <= sample.length && format.toLine(input) !== format.toLine(sample))
    })
  }

  it('JSON: stays JSON', () => {
    const random = new Random(3)
    for (let round = 0; round < ROUNDS; round++) jsonOf(jsonFormat().mutate(random, () => ofJson(object)))
  })

  it('JSON: what matters remains when an input is made small', () => {
    const fails = (input: Uint8Array) => textOf(input).includes('"priority":7')
    const smallest = minimise(ofJson([object, object]), input => jsonFormat().shrink(input), fails)
    assert.ok(smallest.length < 40, textOf(smallest))
    assert.ok(fails(smallest))
  })

  it('bytes: the checksum is mended half of the time', () => {
    const format = bytesFormat({ repair: bytes => void bytes.fill(0xee) })
    const random = new Random(4)
    const repaired = Array.from({ length: ROUNDS }, () => format.mutate(random, () => Uint8Array.of(1, 2, 3, 4)))
    const count = repaired.filter(bytes => bytes.every(octet => octet === 0xee)).length
    assert.ok(count > ROUNDS / 3 && count < ROUNDS)
  })
})

describe('times of a command line', () => {
  const rows: [text: string, ms: number | undefined][] = [
    ['30s', 30_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['0s', undefined],
    ['10', undefined],
    ['1.5h', undefined],
    ['-1m', undefined],
    ['', undefined],
  ]
  for (const [text, ms] of rows) it(`"${text}": ${ms}`, () => assert.equal(durationMs(text), ms))

  it('are shown as minutes and seconds', () => assert.equal(minutes(65_400), '1:05'))
})
