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
import { fromHex } from '../../support/hex.ts'
import { bpfAccepts } from '../../support/io/bpf.ts'
import { FUZZ_RUNS, mutatedFrames } from '../../support/mutated-frames.ts'
import { ipv6, ownLinkLocal, ownMac, solicitation, unsolicited } from '../../support/neighbors.ts'

/** As FRR 8.4 sends it for an unnumbered peer. */
const ofRouter = fromHex(`333300000001 e65d76e9442d 86dd 60059dc2 0018 3a ff
  fe80000000000000e45d76fffee9442d ff020000000000000000000000000001
  86 00 fb1f 40 00 001e 00000000 00000000 01 01 e65d76e9442d`)

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
    const frames = mutatedFrames([ofRouter, encodeRouterAdvertisement(ownMac, ownLinkLocal)], bytes => {
      if (bytes.length >= 58) storeChecksum(bytes)
    })
    let taken = 0
    fc.assert(
      fc.property(frames, bytes => {
        const decoded = decodeRouterAdvertisement(bytes)
        const expected = dissect(bytes)
        assert.deepEqual('advertisement' in decoded ? decoded.advertisement : undefined, expected)
        if (expected) taken++
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

/** The same judgement as the code's, made in another way: on the frame as a text of hexadecimal digits. */
function dissect(bytes: Uint8Array): { router: bigint; lifetimeSeconds: number } | undefined {
  const text = Buffer.from(bytes).toString('hex')
  const header = /^.{24}86dd6.{7}(.{4})3aff(fe[89ab].{29})(.{32})(.*)$/.exec(text)
  if (!header) return undefined
  const [, length, source, destination, rest] = header as unknown as string[]
  const message = rest!.slice(0, Number(`0x${length}`) * 2)
  if (message.length !== Number(`0x${length}`) * 2) return undefined
  const parts = /^8600.{8}(.{4}).{16}(.*)$/.exec(message)
  if (!parts) return undefined
  // RFC 1071 §2: the words of a packet whose checksum is right add up to a multiple of 65535.
  const summed = `${source}${destination}0000${length}0000003a${message}`
  if (BigInt(`0x${summed}${'0'.repeat((4 - (summed.length % 4)) % 4)}`) % 65535n !== 0n) return undefined
  for (let options = parts[2]!; options !== ''; ) {
    const digits = Number(`0x${options.slice(2, 4)}`) * 16
    if (!(digits > 0) || digits > options.length) return undefined
    options = options.slice(digits)
  }
  return { router: BigInt(`0x${source}`), lifetimeSeconds: Number(`0x${parts[1]}`) }
}
