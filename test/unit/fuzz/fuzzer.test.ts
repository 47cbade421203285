import assert from 'node:assert/strict'
import { bytesFormat } from '../../fuzz/bytes-format.ts'
import { BOUNDS, Fuzzer, type FuzzerComponents } from '../../fuzz/fuzzer.ts'
import type { FuzzTarget } from '../../fuzz/target.ts'
import { Random } from '../../simulation/random.ts'
import { fromHex } from '../../support/hex.ts'

const WANTED = [0x7f, 0x80, 0xfe, 0x03]

/** A decoder that wants four octets, one behind the other; each that it finds is a block of its own. */
function steps(atEnd: () => void = () => {}) {
  let blocks = new Set<string>()
  const known = new Set<string>()
  let last: string[] = []
  const target: FuzzTarget = {
    name: 'steps',
    format: bytesFormat({ maxLength: 16 }),
    seeds: [Uint8Array.of(0)],
    check(input) {
      blocks.add('start')
      let found = 0
      while (found < 4 && input[found] === WANTED[found]) blocks.add(`step ${++found}`)
      if (found === 4) atEnd()
      return `${found} steps`
    },
  }
  const coverage = {
    look() {
      last = [...blocks].filter(block => !known.has(block))
      blocks = new Set()
      return last.length
    },
    learn() {
      for (const block of last) known.add(block)
    },
  }
  return { target, coverage, known }
}

function fuzzerOf({
  target,
  coverage,
  ...parts
}: Pick<FuzzerComponents, 'target' | 'coverage'> & Partial<FuzzerComponents>): Fuzzer {
  return new Fuzzer({
    ...{ target, coverage, random: new Random(7), nowMs: () => 0, cpuMs: () => 0, allocatedBytes: () => 0 },
    ...parts,
  })
}

describe('the fuzzer', () => {
  it('finds its way step by step, because it keeps what reaches something new', () => {
    const { target, coverage, known } = steps()
    const fuzzer = fuzzerOf({ target, coverage })
    assert.equal(fuzzer.begin([]), undefined)
    for (let batch = 0; batch < 200 && known.size < 5; batch++) assert.equal(fuzzer.batch(256), undefined)
    assert.equal(known.size, 5)
    const kept = fuzzer.corpus.map(input => Buffer.from(input).toString('hex'))
    assert.ok(kept.some(text => text.startsWith('7f80fe03')))
    assert.ok(kept.length <= 5, 'one input for each block at most')
    assert.ok((fuzzer.outcomes.get('4 steps') ?? 0) > 0)
  })

  it('keeps of what is known only what adds something, the shortest first', () => {
    const known = ['7f80fe030000', '7f80', '7f80fe03', '7f8001'].map(fromHex)
    const fuzzer = fuzzerOf(steps())
    fuzzer.begin(known)
    assert.deepEqual(
      fuzzer.corpus.map(input => Buffer.from(input).toString('hex')),
      ['00', '7f80', '7f80fe03'],
    )
  })

  it('tells of an input that throws, and makes it as small as it can be', () => {
    const fuzzer = fuzzerOf(
      steps(() => {
        throw new TypeError('planted')
      }),
    )
    fuzzer.begin([])
    let failure: ReturnType<Fuzzer['batch']>
    for (let batch = 0; batch < 400 && !failure; batch++) failure = fuzzer.batch(256)
    assert.ok(failure)
    const { input, error } = fuzzer.minimise({ ...failure, input: Buffer.concat([failure.input, Buffer.alloc(40, 1)]) })
    assert.deepEqual([...input], WANTED)
    assert.equal(error.message, 'planted')
  })

  it('tells of a target that changes its input', () => {
    const { target, coverage } = steps()
    const fuzzer = fuzzerOf({ coverage, target: { ...target, check: input => String(input.fill(9)) } })
    assert.match(fuzzer.begin([])?.error.message ?? '', /was changed/)
  })

  it('tells of an input that takes too long every time, not of one that did once', () => {
    for (const slow of [Number.POSITIVE_INFINITY, 1]) {
      let clockMs = 0
      let calls = 0
      const { target, coverage } = steps()
      const check = () => {
        if (++calls <= slow) clockMs += 2 * BOUNDS.cpuMs
        return ''
      }
      const failure = fuzzerOf({
        coverage,
        target: { ...target, check },
        nowMs: () => clockMs,
        cpuMs: () => clockMs,
      }).begin([])
      assert.equal(failure?.error.name, slow === 1 ? undefined : 'cpuMs')
    }
  })

  it('tells of an input that takes too much memory', () => {
    let allocated = 0
    const { target, coverage } = steps()
    const check = (input: Uint8Array) => {
      allocated += 2 * BOUNDS.allocatedBytes
      return target.check(input)
    }
    const failure = fuzzerOf({ coverage, target: { ...target, check }, allocatedBytes: () => allocated }).begin([])
    assert.equal(failure?.error.name, 'allocatedBytes')
  })
})
