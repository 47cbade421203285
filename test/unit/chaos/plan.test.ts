import assert from 'node:assert/strict'
import fc from 'fast-check'
import { faultKinds } from '../../chaos/faults/registry.ts'
import { type FaultShape, planRound } from '../../chaos/plan.ts'

const nodes = ['node1', 'node2', 'node3']
const options = { kinds: faultKinds, nodes }
const seeds = fc.nat({ max: 1_000_000 })
const rounds = fc.nat({ max: 500 })

describe('chaos: the plan', () => {
  it('is the same for the same seed and round, whatever was asked before', () => {
    fc.assert(
      fc.property(seeds, rounds, rounds, (seed, number, other) => {
        const first = planRound(seed, number, options)
        planRound(seed, other, options)
        assert.deepEqual(planRound(seed, number, options), first)
      }),
    )
  })

  it('tells another story for another seed', () => {
    const stories = Array.from({ length: 50 }, (_, seed) => JSON.stringify(planRound(seed, 0, options)))
    assert.ok(new Set(stories).size > 45)
  })

  it('begins each kind once in as many rounds as there are kinds', () => {
    fc.assert(
      fc.property(seeds, fc.nat({ max: 5 }), (seed, deck) => {
        const begun = faultKinds.map((_, i) => planRound(seed, deck * faultKinds.length + i, options).faults[0]!.kind)
        assert.deepEqual([...begun].sort(), faultKinds.map(({ name }) => name).sort())
      }),
      { numRuns: 30 },
    )
  })

  it('lets faults of a round overlap, but not touch the same part', () => {
    let several = 0
    fc.assert(
      fc.property(seeds, rounds, (seed, number) => {
        const { faults, endMs } = planRound(seed, number, options)
        if (faults.length > 1) several++
        const kinds = faults.map(({ kind }) => faultKinds.find(({ name }) => name === kind)!)
        const touched = kinds.flatMap(({ touches }) => touches)
        assert.equal(new Set(touched).size, touched.length, touched.join())
        assert.equal(faults[0]!.startMs, 0)
        for (const [i, { startMs, durationMs }] of faults.entries()) {
          const [least, most] = kinds[i]!.durationMs
          assert.ok(durationMs >= least && durationMs <= most)
          assert.ok(startMs <= faults[0]!.durationMs, 'it begins while the first lasts')
          assert.ok(startMs + durationMs <= endMs)
        }
      }),
      { numRuns: 300 },
    )
    assert.ok(several > 50, `${several} of 300 rounds have several faults`)
  })

  it('strikes whom the kind asks for', () => {
    const shape = (target: FaultShape['target']) => ({ name: target, target, durationMs: [1, 2], touches: [] }) as const
    const targets = (target: FaultShape['target']) =>
      new Set(
        Array.from(
          { length: 200 },
          (_, seed) => planRound(seed, 0, { ...options, kinds: [shape(target)] }).faults[0]!.target,
        ),
      )
    assert.deepEqual([...targets('none')], [''])
    assert.deepEqual([...targets('node')].sort(), nodes)
    const pairs = [...targets('pair')].map(pair => pair.split('+') as [string, string])
    assert.ok(pairs.every(([one, other]) => nodes.includes(one) && one !== other))
    assert.equal(pairs.length, 6, 'each node with each other one')
  })

  it('needs a kind', () => {
    assert.throws(() => planRound(1, 0, { kinds: [], nodes }), /at least one kind/)
  })
})
