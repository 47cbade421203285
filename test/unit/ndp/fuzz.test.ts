import assert from 'node:assert/strict'
import fc from 'fast-check'
import { NDP_RECEIVE_RULES } from '../../../src/ndp/responder.ts'
import { ndp, repairChecksum, responder } from '../../fuzz/targets/ndp.ts'
import { FUZZ_RUNS, mutatedFrames } from '../../support/mutated-frames.ts'

describe('neighbour discovery, given anything', () => {
  it('answers and hears exactly the messages that are whole, and answers right', () => {
    const counts = { answered: 0, heard: 0 }
    fc.assert(
      fc.property(mutatedFrames(ndp.seeds, repairChecksum), bytes => {
        const outcome = ndp.check(bytes)
        if (outcome.includes('answered')) counts.answered++
        if (outcome.includes('heard')) counts.heard++
      }),
      { numRuns: FUZZ_RUNS },
    )
    // The test says something only if all outcomes occur often.
    for (const [what, count] of Object.entries(counts)) {
      assert.ok(count > FUZZ_RUNS / 10 && count < (FUZZ_RUNS * 9) / 10, `${count} ${what}`)
    }
    assert.equal(Object.keys(responder.dropped).length, NDP_RECEIVE_RULES.length, 'a rule was never broken')
  }).timeout(Math.max(5_000, FUZZ_RUNS))
})
