import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { MUTANTS } from '../../simulation/mutants.ts'
import { simulate } from '../../simulation/simulation.ts'

/** `npm run simulate` does this with as many seeds as one has time for. */
describe('simulated clusters of speakers', () => {
  const SEEDS = 600
  const BATCH = 100

  for (let from = 0; from < SEEDS; from += BATCH) {
    it(`seeds ${from} to ${from + BATCH - 1}: no two owners, no address without one, no move without a reason`, () => {
      for (let seed = from; seed < from + BATCH; seed++) {
        const { problem } = simulate(seed)
        assert.equal(problem, undefined, `seed ${seed}: npm run simulate -- --trace ${seed}`)
      }
    })
  }

  it('the same seed tells the same story', () => {
    const stories = [1, 2].map(() => {
      const story: string[] = []
      const { events, frames } = simulate(7, { trace: text => story.push(text) })
      return { story, events, frames }
    })
    assert.deepEqual(stories[0], stories[1])
    assert.ok(stories[0]!.story.length > 20)
  })

  it('the rules that its mutants break are there to be broken', () => {
    for (const { name, file, original } of MUTANTS) {
      const source = readFileSync(`src/layer2/${file}.ts`, 'utf8')
      assert.equal(source.split(original).length, 2, name)
    }
  })
})
