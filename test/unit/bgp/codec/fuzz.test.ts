import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodeMessage } from '../../../../src/bgp/codec/decode-message.ts'
import { encodeMessage } from '../../../../src/bgp/codec/encode-message.ts'
import type { Frame } from '../../../../src/bgp/codec/framer.ts'
import { bgpMessage, frameOf, judgeMessage } from '../../../fuzz/targets/bgp.ts'
import { FUZZ_RUNS, mutatedFrames } from '../../../support/mutated-frames.ts'
import { optionsArbitrary, sessionMessages } from './arbitraries.ts'

describe('BGP messages, given anything', () => {
  it('come back from the wire as they were', () => {
    fc.assert(
      fc.property(sessionMessages, ([options, message]) => {
        assert.deepEqual(decodeMessage(frameOf(encodeMessage(message, options)), options), { message })
      }),
      { numRuns: 1_000 },
    )
  })

  it('are read or refused, and what is read can be written', () => {
    const good = bgpMessage.seeds.map(seed => seed.subarray(1))
    const outcomes = { read: 0, mended: 0, refused: 0 }
    fc.assert(
      fc.property(mutatedFrames(good), optionsArbitrary, (bytes, options) => {
        const type = Math.min(Math.max(bytes[0] ?? 1, 1), 5) as Frame['type']
        outcomes[judgeMessage({ type, body: bytes.subarray(1) }, options)]++
      }),
      { numRuns: FUZZ_RUNS },
    )
    // The test says something only if all outcomes occur often.
    for (const [outcome, count] of Object.entries(outcomes)) assert.ok(count > FUZZ_RUNS / 20, `${count} ${outcome}`)
  }).timeout(Math.max(5_000, FUZZ_RUNS))
})
