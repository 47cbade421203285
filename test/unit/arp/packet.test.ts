import assert from 'node:assert/strict'
import fc from 'fast-check'
import { gratuitousFrames } from '../../../src/arp/announcement.ts'
import { type ArpFrame, type ArpProblem, decodeArpFrame, encodeArpFrame } from '../../../src/arp/packet.ts'

// Written out by hand from RFC 826.
const golden: { name: string; value: ArpFrame; hex: string }[] = [
  {
    name: 'request',
    value: {
      destination: 0xffffffffffff,
      source: 0x02005e000001,
      operation: 1,
      senderHardwareAddress: 0x02005e000001,
      senderProtocolAddress: 0xc00002c8,
      targetHardwareAddress: 0,
      targetProtocolAddress: 0xc0000201,
    },
    hex: 'ffffffffffff 02005e000001 0806 0001 0800 06 04 0001 02005e000001 c00002c8 000000000000 c0000201',
  },
  {
    name: 'reply',
    value: {
      destination: 0x02005e000001,
      source: 0x02005e000002,
      operation: 2,
      senderHardwareAddress: 0x02005e000002,
      senderProtocolAddress: 0xc0000201,
      targetHardwareAddress: 0x02005e000001,
      targetProtocolAddress: 0xc00002c8,
    },
    hex: '02005e000001 02005e000002 0806 0001 0800 06 04 0002 02005e000002 c0000201 02005e000001 c00002c8',
  },
  {
    name: 'probe (RFC 5227 §2.1.1)',
    value: {
      destination: 0xffffffffffff,
      source: 0x02005e000001,
      operation: 1,
      senderHardwareAddress: 0x02005e000001,
      senderProtocolAddress: 0,
      targetHardwareAddress: 0,
      targetProtocolAddress: 0xfffffffe,
    },
    hex: 'ffffffffffff 02005e000001 0806 0001 0800 06 04 0001 02005e000001 00000000 000000000000 fffffffe',
  },
]

const bad: { problem: ArpProblem; hex: string }[] = [
  { problem: 'truncated', hex: '' },
  {
    problem: 'notArp',
    hex: 'ffffffffffff 02005e000001 0800 0001 0800 06 04 0001 02005e000001 c00002c8 000000000000 c0000201',
  },
  {
    problem: 'unknownHardwareType',
    hex: 'ffffffffffff 02005e000001 0806 0006 0800 06 04 0001 02005e000001 c00002c8 000000000000 c0000201',
  },
  {
    problem: 'unknownProtocolType',
    hex: 'ffffffffffff 02005e000001 0806 0001 86dd 06 04 0001 02005e000001 c00002c8 000000000000 c0000201',
  },
  {
    problem: 'wrongAddressLengths',
    hex: 'ffffffffffff 02005e000001 0806 0001 0800 08 04 0001 02005e000001 c00002c8 000000000000 c0000201',
  },
]

const mac = fc.integer({ min: 0, max: 0xffffffffffff })
const ipv4 = fc.integer({ min: 0, max: 0xffffffff })
const frames: fc.Arbitrary<ArpFrame> = fc.record(
  {
    destination: mac,
    source: mac,
    operation: fc.nat(0xffff),
    senderHardwareAddress: mac,
    senderProtocolAddress: ipv4,
    targetHardwareAddress: mac,
    targetProtocolAddress: ipv4,
  },
  { noNullPrototype: true },
)

describe('ARP codec', () => {
  for (const { name, value, hex } of golden) {
    it(`encodes a ${name}`, () => assert.deepEqual(encodeArpFrame(value), fromHex(hex)))
    it(`decodes a ${name}`, () => assert.deepEqual(decodeArpFrame(fromHex(hex)), { frame: value }))

    it(`ignores the padding of a ${name}`, () => {
      const padded = new Uint8Array(60).fill(0xaa)
      padded.set(fromHex(hex))
      assert.deepEqual(decodeArpFrame(padded), { frame: value })
    })

    it(`finds a ${name} cut at any byte truncated`, () => {
      const bytes = fromHex(hex)
      for (let length = 0; length < bytes.length; length++) {
        assert.deepEqual(decodeArpFrame(bytes.subarray(0, length)), { problem: 'truncated' })
      }
    })
  }

  for (const { problem, hex } of bad) {
    it(`refuses a frame: ${problem}`, () => assert.deepEqual(decodeArpFrame(fromHex(hex)), { problem }))
  }

  it('decodes what it encodes', () => {
    fc.assert(fc.property(frames, frame => assert.deepEqual(decodeArpFrame(encodeArpFrame(frame)), { frame })))
  })

  it('never throws on input', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), bytes => {
        const decoded = decodeArpFrame(bytes)
        assert.ok('frame' in decoded || 'problem' in decoded)
      }),
    )
  })
})

describe('gratuitous ARP', () => {
  it('comes as a request and as a reply', () => {
    assert.deepEqual(gratuitousFrames(0x02005e000002, 0xc0000201), [
      fromHex('ffffffffffff 02005e000002 0806 0001 0800 06 04 0001 02005e000002 c0000201 000000000000 c0000201'),
      fromHex('ffffffffffff 02005e000002 0806 0001 0800 06 04 0002 02005e000002 c0000201 02005e000002 c0000201'),
    ])
  })
})

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], byte => Number.parseInt(byte, 16))
}
