import assert from 'node:assert/strict'
import fc from 'fast-check'
import { arp } from '../../fuzz/targets/arp.ts'
import { FUZZ_RUNS, mutatedFrames } from '../../support/mutated-frames.ts'

describe('ARP, given anything', () => {
  it('answers and hears exactly the frames that are whole, and answers right', () => {
    const counts = { answered: 0, heard: 0 }
    fc.assert(
      fc.property(mutatedFrames(arp.seeds), bytes => {
        const outcome = arp.check(bytes)
        if (outcome.includes('answered')) counts.answered++
        if (outcome.includes('heard')) counts.heard++
      }),
      { numRuns: FUZZ_RUNS },
    )
    // The test says something only if all outcomes occur often.
    for (const [what, count] of Object.entries(counts)) {
      assert.ok(count > FUZZ_RUNS / 10 && count < (FUZZ_RUNS * 9) / 10, `${count} ${what}`)
    }
  }).timeout(Math.max(5_000, FUZZ_RUNS))
})
