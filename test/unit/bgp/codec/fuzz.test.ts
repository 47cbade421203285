import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { CodecOptions } from '../../../../src/bgp/codec/codec-options.ts'
import { decodeMessage } from '../../../../src/bgp/codec/decode-message.ts'
import { encodeMessage } from '../../../../src/bgp/codec/encode-message.ts'
import { type Frame, Framer } from '../../../../src/bgp/codec/framer.ts'
import type { Message } from '../../../../src/bgp/message.ts'
import { FUZZ_RUNS, mutatedFrames } from '../../../support/mutated-frames.ts'
import { optionsArbitrary, sessionMessages } from './arbitraries.ts'

const timeoutMs = Math.max(5_000, FUZZ_RUNS)
/** what an error may be about: header, OPEN, UPDATE, ROUTE-REFRESH */
const errorCodes = new Set([1, 2, 3, 7])

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
    // Each good message with the options that it was made for, as its type and its body.
    const samples = fc.sample(sessionMessages, { numRuns: 400, seed: 1 })
    const good = samples
      .map(([options, message]) => encodeMessage(message, options).subarray(18))
      .filter(bytes => bytes.length < 400)
    const outcomes = { read: 0, mended: 0, refused: 0 }
    fc.assert(
      fc.property(mutatedFrames(good), optionsArbitrary, (bytes, options) => {
        const type = Math.min(Math.max(bytes[0] ?? 1, 1), 5) as Frame['type']
        const decoded = decodeMessage({ type, body: bytes.subarray(1) }, options)
        if ('error' in decoded) {
          outcomes.refused++
          const { code, data, reason } = decoded.error
          assert.ok(errorCodes.has(code) && data.length <= 4075 && reason !== '', reason)
          return
        }
        outcomes[decoded.problems ? 'mended' : 'read']++
        assertStable(decoded.message, options)
      }),
      { numRuns: FUZZ_RUNS },
    )
    // The test says something only if all outcomes occur often.
    for (const [outcome, count] of Object.entries(outcomes)) assert.ok(count > FUZZ_RUNS / 20, `${count} ${outcome}`)
  }).timeout(timeoutMs)
})

/** What was read and written is read and written again as the same bytes. */
function assertStable(message: Message, options: CodecOptions): void {
  // AS4_PATH cannot say where confederation segments were (RFC 6793 §4.2.2).
  if (message.type === 'update' && message.attributes.asPath?.some(({ type }) => type > 2)) return
  const written = encodeMessage(message, options)
  const again = decodeMessage(frameOf(written), options)
  assert.ok('message' in again && !again.problems)
  assert.equal(Buffer.compare(encodeMessage(again.message, options), written), 0)
}

function frameOf(bytes: Uint8Array): Frame {
  const framer = new Framer({ maxMessageLength: 65535 })
  framer.push(bytes)
  const framed = framer.next()
  assert.ok(framed && 'frame' in framed)
  return framed.frame
}
