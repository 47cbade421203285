import assert from 'node:assert/strict'
import fc from 'fast-check'
import { NDP_FILTER } from '../../../src/ndp/filter.ts'
import { encodeNdpFrame } from '../../../src/ndp/packet.ts'
import { ndpProblem } from '../../../src/ndp/validity.ts'
import { bpfAccepts } from '../../support/io/bpf.ts'
import { mutatedFrames } from '../../support/mutated-frames.ts'
import { duplicateProbe, reachabilityProbe, solicitation, unsolicited } from '../../support/neighbors.ts'

const solicitationBytes = encodeNdpFrame(solicitation)

describe('NDP filter', () => {
  for (const [name, frame] of Object.entries({ solicitation, reachabilityProbe, duplicateProbe, unsolicited })) {
    it(`lets a ${name} through`, () => assert.equal(bpfAccepts(NDP_FILTER, encodeNdpFrame(frame)), true))
  }

  const refused: { name: string; changes: Record<number, number> }[] = [
    { name: 'an echo request', changes: { 54: 128 } },
    { name: 'a router advertisement', changes: { 54: 134 } },
    { name: 'a redirect', changes: { 54: 137 } },
    { name: 'UDP', changes: { 20: 17 } },
    { name: 'an extension header', changes: { 20: 0 } },
  ]
  for (const { name, changes } of refused) {
    it(`keeps ${name} out`, () =>
      assert.equal(bpfAccepts(NDP_FILTER, Object.assign(solicitationBytes.slice(), changes)), false))
  }

  it('keeps out what ends before the type', () => {
    assert.equal(bpfAccepts(NDP_FILTER, solicitationBytes.subarray(0, 54)), false)
  })

  it('lets through what is broken elsewhere, to be counted', () => {
    assert.equal(bpfAccepts(NDP_FILTER, Object.assign(solicitationBytes.slice(), { 21: 64 })), true)
    assert.equal(bpfAccepts(NDP_FILTER, solicitationBytes.subarray(0, 55)), true)
  })

  it('lets everything through that is valid', () => {
    fc.assert(
      fc.property(mutatedFrames([solicitationBytes, encodeNdpFrame(unsolicited)]), bytes => {
        if (!ndpProblem(bytes)) assert.equal(bpfAccepts(NDP_FILTER, bytes), true)
      }),
      { numRuns: 2_000 },
    )
  })
})
