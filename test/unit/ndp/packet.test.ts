import assert from 'node:assert/strict'
import fc from 'fast-check'
import { unsolicitedAdvertisement } from '../../../src/ndp/announcement.ts'
import { decodeNdpFrame, encodeNdpFrame, type NdpFrame } from '../../../src/ndp/packet.ts'
import { probeFrame } from '../../../src/ndp/probe.ts'
import { NDP_VALIDITY_RULES, type NdpProblem } from '../../../src/ndp/validity.ts'
import { ipv6Arbitrary } from '../../support/addresses.ts'
import { fromHex } from '../../support/hex.ts'
import {
  announced,
  asker,
  askerMac,
  duplicateProbe,
  ipv6,
  ownLinkLocal,
  ownMac,
  reachabilityProbe,
  solicitation,
  unsolicited,
} from '../../support/neighbors.ts'

// Written out by hand from RFC 4861 §4.3, §4.4 and §4.6.1, RFC 8200 §3 and RFC 3971 §5.3.2.
const golden: { name: string; value: NdpFrame; hex: string }[] = [
  {
    name: 'solicitation',
    value: solicitation,
    hex: `3333ff000001 02005e000001 86dd 60000000 0020 3a ff
      20010db80000000000000000000000c8 ff0200000000000000000001ff000001
      87 00 bd61 00000000 20010db8000000000000000000000001 01 01 02005e000001`,
  },
  {
    name: 'reachability probe',
    value: reachabilityProbe,
    hex: `02005e000002 02005e000001 86dd 60000000 0018 3a ff
      20010db80000000000000000000000c8 20010db8000000000000000000000001
      87 00 eeb7 00000000 20010db8000000000000000000000001`,
  },
  {
    name: 'duplicate address probe',
    value: duplicateProbe,
    hex: `3333ff000001 02005e000001 86dd 60000000 0018 3a ff
      00000000000000000000000000000000 ff0200000000000000000001ff000001
      87 00 4ced 00000000 20010db8000000000000000000000001`,
  },
  {
    name: 'duplicate address probe with a nonce',
    value: {
      ...duplicateProbe,
      message: { ...duplicateProbe.message, nonce: fromHex('a1b2c3d4e5f6') },
    },
    hex: `3333ff000001 02005e000001 86dd 60000000 0020 3a ff
      00000000000000000000000000000000 ff0200000000000000000001ff000001
      87 00 f365 00000000 20010db8000000000000000000000001 0e 01 a1b2c3d4e5f6`,
  },
  {
    name: 'solicited advertisement',
    value: {
      ...unsolicited,
      destination: askerMac,
      destinationAddress: asker,
      message: { ...unsolicited.message, solicited: true },
    },
    hex: `02005e000001 02005e000002 86dd 60000000 0020 3a ff
      fe8000000000000000005efffe000002 20010db80000000000000000000000c8
      88 00 fde2 60000000 20010db8000000000000000000000001 02 01 02005e000002`,
  },
  {
    name: 'unsolicited advertisement',
    value: unsolicited,
    hex: `333300000001 02005e000002 86dd 60000000 0020 3a ff
      fe8000000000000000005efffe000002 ff020000000000000000000000000001
      88 00 6d60 20000000 20010db8000000000000000000000001 02 01 02005e000002`,
  },
  {
    name: "router's advertisement without options",
    value: {
      ...unsolicited,
      message: { type: 'advertisement', router: true, solicited: false, override: false, target: announced },
    },
    hex: `333300000001 02005e000002 86dd 60000000 0018 3a ff
      fe8000000000000000005efffe000002 ff020000000000000000000000000001
      88 00 6f6b 80000000 20010db8000000000000000000000001`,
  },
]

// Each breaks one rule alone; the checksums are right but for the one that is not.
const bad: { problem: NdpProblem; hex: string }[] = [
  { problem: 'truncated', hex: '' },
  {
    problem: 'notIpv6',
    hex: `3333ff000001 02005e000001 0800 60000000 0018 3a ff 20010db80000000000000000000000c8
      20010db8000000000000000000000001 87 00 eeb7 00000000 20010db8000000000000000000000001`,
  },
  {
    problem: 'wrongChecksum',
    hex: `3333ff000001 02005e000001 86dd 60000000 0018 3a ff 20010db80000000000000000000000c8
      20010db8000000000000000000000001 87 00 eeb8 00000000 20010db8000000000000000000000001`,
  },
  {
    problem: 'payloadBeyondFrame',
    hex: `3333ff000001 02005e000001 86dd 60000000 0019 3a ff 20010db80000000000000000000000c8
      20010db8000000000000000000000001 87 00 eeb6 00000000 20010db8000000000000000000000001`,
  },
]

const mac = fc.integer({ min: 0, max: 0xffffffffffff })
const unicast = ipv6Arbitrary.map(({ value }) => BigInt.asUintN(127, BigInt(value)) | 1n)
const options = {
  sourceLinkLayerAddress: mac,
  targetLinkLayerAddress: mac,
  nonce: fc.nat(3).chain(more => fc.uint8Array({ minLength: 6 + 8 * more, maxLength: 6 + 8 * more })),
}
const frames: fc.Arbitrary<NdpFrame> = fc.record(
  {
    destination: mac,
    source: mac,
    sourceAddress: unicast,
    destinationAddress: unicast,
    message: fc.oneof(
      fc.record(
        { type: fc.constant('solicitation' as const), target: unicast, ...options },
        { requiredKeys: ['type', 'target'], noNullPrototype: true },
      ),
      fc.record(
        {
          type: fc.constant('advertisement' as const),
          router: fc.boolean(),
          solicited: fc.boolean(),
          override: fc.boolean(),
          target: unicast,
          ...options,
        },
        { requiredKeys: ['type', 'router', 'solicited', 'override', 'target'], noNullPrototype: true },
      ),
    ),
  },
  { noNullPrototype: true },
)

describe('neighbour discovery codec', () => {
  for (const { name, value, hex } of golden) {
    it(`encodes a ${name}`, () => assert.deepEqual(encodeNdpFrame(value), fromHex(hex)))
    it(`decodes a ${name}`, () => assert.deepEqual(decodeNdpFrame(fromHex(hex)), { frame: value }))

    it(`ignores what follows a ${name}`, () => {
      const padded = Uint8Array.of(...fromHex(hex), ...new Uint8Array(9).fill(0xaa))
      assert.deepEqual(decodeNdpFrame(padded), { frame: value })
    })

    it(`refuses a ${name} cut at any byte`, () => {
      const bytes = fromHex(hex)
      for (let length = 0; length < bytes.length; length++) {
        const problem = length < 78 ? 'truncated' : 'payloadBeyondFrame'
        assert.deepEqual(decodeNdpFrame(bytes.subarray(0, length)), { problem })
      }
    })
  }

  for (const { problem, hex } of bad) {
    it(`refuses a frame: ${problem}`, () => assert.deepEqual(decodeNdpFrame(fromHex(hex)), { problem }))
  }

  it('passes over options that it does not know, and takes the first of those it knows', () => {
    const hex = `02005e000002 02005e000001 86dd 60000000 0040 3a ff
      20010db80000000000000000000000c8 20010db8000000000000000000000001
      87 00 a3d2 00000000 20010db8000000000000000000000001
      fd 02 0102030405060708090a0b0c0d0e 01 01 02005e000001 01 01 02005e0000ff 0e 01 a1b2c3d4e5f6`
    assert.deepEqual(decodeNdpFrame(fromHex(hex)), {
      frame: {
        ...reachabilityProbe,
        message: { ...solicitation.message, nonce: fromHex('a1b2c3d4e5f6') },
      },
    })
  })

  it('decodes what it encodes', () => {
    fc.assert(fc.property(frames, frame => assert.deepEqual(decodeNdpFrame(encodeNdpFrame(frame)), { frame })))
  })

  it('keeps nothing of the bytes it has read, which are used again', () => {
    const bytes = encodeNdpFrame({
      ...duplicateProbe,
      message: { ...duplicateProbe.message, nonce: new Uint8Array(6) },
    })
    const decoded = decodeNdpFrame(bytes)
    bytes.fill(0xff)
    assert.deepEqual('frame' in decoded && decoded.frame.message.nonce, new Uint8Array(6))
  })

  it('refuses to encode a nonce that does not fill its option', () => {
    const frame = { ...duplicateProbe, message: { ...duplicateProbe.message, nonce: new Uint8Array(7) } }
    assert.throws(() => encodeNdpFrame(frame), RangeError)
  })

  it('never throws on input', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), bytes => {
        const decoded = decodeNdpFrame(bytes)
        assert.ok('problem' in decoded && NDP_VALIDITY_RULES.some(({ reason }) => reason === decoded.problem))
      }),
    )
  })
})

describe('own messages', () => {
  it('announce by an unsolicited advertisement', () => {
    assert.deepEqual(unsolicitedAdvertisement(ownMac, ownLinkLocal, announced), encodeNdpFrame(unsolicited))
  })

  it('ask by a probe to the group of the address', () => {
    assert.deepEqual(probeFrame(askerMac, announced), encodeNdpFrame(duplicateProbe))
    assert.deepEqual(decodeNdpFrame(probeFrame(askerMac, ipv6('2001:db8::1234:5678:9abc'))), {
      frame: {
        ...duplicateProbe,
        destination: 0x3333ff789abc,
        destinationAddress: ipv6('ff02::1:ff78:9abc'),
        message: { type: 'solicitation', target: ipv6('2001:db8::1234:5678:9abc') },
      },
    })
  })
})
