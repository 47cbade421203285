import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ROUTER_ADVERTISEMENT_FILTER } from '../../../src/ndp/filter.ts'
import { storeChecksum } from '../../../src/ndp/icmpv6-frame.ts'
import { encodeNdpFrame } from '../../../src/ndp/packet.ts'
import {
  decodeRouterAdvertisement,
  encodeRouterAdvertisement,
  encodeRouterSolicitation,
} from '../../../src/ndp/router-advertisement.ts'
import {
  ROUTER_ADVERTISEMENT_RULES,
  type RouterAdvertisementProblem,
} from '../../../src/ndp/router-advertisement-validity.ts'
import { repairChecksum } from '../../fuzz/targets/ndp.ts'
import { ofRouter, routerAdvertisement } from '../../fuzz/targets/router-advertisement.ts'
import { fromHex } from '../../support/hex.ts'
import { bpfAccepts } from '../../support/io/bpf.ts'
import { FUZZ_RUNS, mutatedFrames } from '../../support/mutated-frames.ts'
import { ipv6, ownLinkLocal, ownMac, solicitation, unsolicited } from '../../support/neighbors.ts'

describe('router advertisements', () => {
  // Written out by hand from RFC 4861 §4.1, §4.2 and §4.6.1.
  it('says that there is a router, and offers nothing', () => {
    assert.deepEqual(
      encodeRouterAdvertisement(ownMac, ownLinkLocal),
      fromHex(`333300000001 02005e000002 86dd 60000000 0018 3a ff
        fe8000000000000000005efffe000002 ff020000000000000000000000000001
        86 00 be22 00 00 0000 00000000 00000000 01 01 02005e000002`),
    )
  })

  it('asks for routers', () => {
    assert.deepEqual(
      encodeRouterSolicitation(ownMac, ownLinkLocal),
      fromHex(`333300000002 02005e000002 86dd 60000000 0010 3a ff
        fe8000000000000000005efffe000002 ff020000000000000000000000000002
        85 00 bf29 00000000 01 01 02005e000002`),
    )
  })

  it("reads a router's address and lifetime", () => {
    assert.deepEqual(decodeRouterAdvertisement(ofRouter), {
      advertisement: { router: ipv6('fe80::e45d:76ff:fee9:442d'), lifetimeSeconds: 30 },
    })
    assert.deepEqual(decodeRouterAdvertisement(encodeRouterAdvertisement(ownMac, ownLinkLocal)), {
      advertisement: { router: ownLinkLocal, lifetimeSeconds: 0 },
    })
  })

  it('passes over padding behind the message, and options that it does not know', () => {
    const padded = new Uint8Array(ofRouter.length + 6)
    padded.set(ofRouter)
    assert.ok('advertisement' in decodeRouterAdvertisement(padded))
    assert.ok('advertisement' in decodeRouterAdvertisement(changed({ 70: 253 }, { repair: true })))
  })

  // Each breaks one rule alone, and the checksum is right where it may be.
  const bad: { problem: RouterAdvertisementProblem; frame: Uint8Array }[] = [
    { problem: 'truncated', frame: ofRouter.subarray(0, 69) },
    { problem: 'notIpv6', frame: changed({ 12: 0x08, 13: 0x00 }) },
    { problem: 'wrongVersion', frame: changed({ 14: 0x40 }) },
    { problem: 'payloadBeyondFrame', frame: ofRouter.subarray(0, -1) },
    { problem: 'notIcmpv6', frame: changed({ 20: 0 }) },
    { problem: 'notRouterAdvertisement', frame: changed({ 54: 133 }, { repair: true }) },
    { problem: 'sourceNotLinkLocal', frame: changed({ 22: 0x20, 23: 0x01 }, { repair: true }) },
    { problem: 'sourceNotLinkLocal', frame: changed({ 23: 0xc0 }, { repair: true }) },
    { problem: 'wrongHopLimit', frame: changed({ 21: 254 }) },
    { problem: 'wrongCode', frame: changed({ 55: 1 }, { repair: true }) },
    { problem: 'shortMessage', frame: changed({ 19: 15 }, { repair: true }) },
    { problem: 'wrongChecksum', frame: changed({ 61: 31 }) },
    { problem: 'brokenOptions', frame: changed({ 71: 0 }, { repair: true }) },
    { problem: 'brokenOptions', frame: changed({ 71: 2 }, { repair: true }) },
    { problem: 'brokenOptions', frame: changed({ 19: 17 }, { repair: true }) },
  ]
  for (const { problem, frame } of bad) {
    it(`refuses ${problem}`, () => assert.deepEqual(decodeRouterAdvertisement(frame), { problem }))
  }

  it('has a test for each rule', () => {
    const tested = new Set(bad.map(({ problem }) => problem))
    assert.deepEqual([...tested].sort(), ROUTER_ADVERTISEMENT_RULES.map(({ reason }) => reason).sort())
  })

  it('its filter lets advertisements of routers through, and nothing else', () => {
    const others = [solicitation, unsolicited].map(encodeNdpFrame)
    others.push(encodeRouterSolicitation(ownMac, ownLinkLocal), changed({ 20: 17 }), changed({ 54: 137 }))
    for (const frame of others) assert.equal(bpfAccepts(ROUTER_ADVERTISEMENT_FILTER, frame), false)
    assert.equal(bpfAccepts(ROUTER_ADVERTISEMENT_FILTER, ofRouter), true)
    assert.equal(bpfAccepts(ROUTER_ADVERTISEMENT_FILTER, ofRouter.subarray(0, 54)), false)
  })

  it('takes exactly the frames that are whole, given anything', () => {
    let taken = 0
    fc.assert(
      fc.property(mutatedFrames(routerAdvertisement.seeds, repairChecksum), bytes => {
        if (routerAdvertisement.check(bytes) === 'taken') taken++
      }),
      { numRuns: FUZZ_RUNS },
    )
    // The test says something only if both outcomes occur often.
    assert.ok(taken > FUZZ_RUNS / 20 && taken < (FUZZ_RUNS * 9) / 10, `${taken} taken`)
  }).timeout(Math.max(5_000, FUZZ_RUNS))
})

function changed(changes: Record<number, number>, { repair = false } = {}): Uint8Array {
  const frame = Object.assign(ofRouter.slice(), changes)
  if (repair) storeChecksum(frame)
  return frame
}
