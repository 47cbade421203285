import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  BFD_PACKET_LENGTH,
  type ControlPacket,
  decodeControlPacket,
  encodeControlPacket,
  PACKET_RULES,
  type PacketProblem,
  SessionState,
} from '../../../src/bfd/packet.ts'

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

const up: ControlPacket = {
  diagnostic: 0,
  state: SessionState.up,
  poll: false,
  final: false,
  controlPlaneIndependent: false,
  authenticationPresent: false,
  demand: false,
  detectMultiplier: 3,
  myDiscriminator: 0x01020304,
  yourDiscriminator: 0xfffefdfc,
  desiredMinTxIntervalUs: 100_000,
  requiredMinRxIntervalUs: 300_000,
  requiredMinEchoRxIntervalUs: 0,
}

const goldenPackets: { name: string; packet: ControlPacket; bytes: string }[] = [
  { name: 'up', packet: up, bytes: '20 c0 03 18 01020304 fffefdfc 000186a0 000493e0 00000000' },
  {
    name: 'the first packet of a session',
    packet: { ...up, state: SessionState.down, yourDiscriminator: 0, desiredMinTxIntervalUs: 1_000_000 },
    bytes: '20 40 03 18 01020304 00000000 000f4240 000493e0 00000000',
  },
  {
    name: 'init with Poll and a diagnostic',
    packet: { ...up, state: SessionState.init, poll: true, diagnostic: 1 },
    bytes: '21 a0 03 18 01020304 fffefdfc 000186a0 000493e0 00000000',
  },
  {
    name: 'Final, control plane independent, demand',
    packet: { ...up, final: true, controlPlaneIndependent: true, demand: true, detectMultiplier: 255 },
    bytes: '20 da ff 18 01020304 fffefdfc 000186a0 000493e0 00000000',
  },
  {
    name: 'administratively down, with echo and the greatest numbers',
    packet: {
      ...up,
      state: SessionState.adminDown,
      diagnostic: 31,
      myDiscriminator: 0xffffffff,
      desiredMinTxIntervalUs: 0xffffffff,
      requiredMinRxIntervalUs: 0x80000000,
      requiredMinEchoRxIntervalUs: 50_000,
    },
    bytes: '3f 00 03 18 ffffffff fffefdfc ffffffff 80000000 0000c350',
  },
  {
    name: 'room for authentication',
    packet: { ...up, authenticationPresent: true },
    bytes: `20 c4 03 34 01020304 fffefdfc 000186a0 000493e0 00000000 ${'00'.repeat(28)}`,
  },
]

const badPackets: { problem: PacketProblem; section: string; bytes: string }[] = [
  { problem: 'truncated', section: '§4.1', bytes: '' },
  { problem: 'truncated', section: '§4.1', bytes: '20 c0 03 18 01020304 fffefdfc 000186a0 000493e0 000000' },
  {
    problem: 'wrongVersion',
    section: '§6.8.6, version',
    bytes: '00 c0 03 18 01020304 fffefdfc 000186a0 000493e0 00000000',
  },
  {
    problem: 'wrongVersion',
    section: '§6.8.6, version',
    bytes: '40 c0 03 18 01020304 fffefdfc 000186a0 000493e0 00000000',
  },
  {
    problem: 'lengthTooShort',
    section: '§6.8.6, 24 without the A bit',
    bytes: '20 c0 03 17 01020304 fffefdfc 000186a0 000493e0 00000000',
  },
  {
    problem: 'lengthTooShort',
    section: '§6.8.6, 26 with the A bit',
    bytes: '20 c4 03 19 01020304 fffefdfc 000186a0 000493e0 00000000 0000',
  },
  {
    problem: 'lengthBeyondPayload',
    section: '§6.8.6, Length',
    bytes: '20 c0 03 19 01020304 fffefdfc 000186a0 000493e0 00000000',
  },
  {
    problem: 'zeroDetectMultiplier',
    section: '§6.8.6, Detect Mult',
    bytes: '20 c0 00 18 01020304 fffefdfc 000186a0 000493e0 00000000',
  },
  {
    problem: 'multipoint',
    section: '§6.8.6, M bit',
    bytes: '20 c1 03 18 01020304 fffefdfc 000186a0 000493e0 00000000',
  },
  {
    problem: 'zeroMyDiscriminator',
    section: '§6.8.6, My Discriminator',
    bytes: '20 c0 03 18 00000000 fffefdfc 000186a0 000493e0 00000000',
  },
  {
    problem: 'stateNeedsDiscriminator',
    section: '§6.8.6, Your Discriminator',
    bytes: '20 c0 03 18 01020304 00000000 000186a0 000493e0 00000000',
  },
  {
    problem: 'stateNeedsDiscriminator',
    section: '§6.8.6, Your Discriminator',
    bytes: '20 80 03 18 01020304 00000000 000186a0 000493e0 00000000',
  },
]

describe('BFD control packet', () => {
  for (const { name, packet, bytes } of goldenPackets) {
    it(`reads and writes: ${name}`, () => {
      assert.deepEqual(decodeControlPacket(hex(bytes)), { packet })
      assert.deepEqual(encodeControlPacket(packet, 28), hex(bytes))
    })
  }

  for (const { problem, section, bytes } of badPackets) {
    it(`refuses ${bytes.slice(0, 40) || 'nothing'}…: ${problem} (RFC 5880 ${section})`, () => {
      assert.deepEqual(decodeControlPacket(hex(bytes)), { problem })
    })
  }

  it('has a refused packet for every rule', () => {
    const refused = new Set(badPackets.map(({ problem }) => problem))
    assert.deepEqual(
      PACKET_RULES.map(({ problem }) => problem).filter(problem => !refused.has(problem)),
      [],
    )
  })

  it('names the first of several problems', () => {
    assert.deepEqual(decodeControlPacket(hex(`00 c1 00 17 ${'00'.repeat(20)}`)), { problem: 'wrongVersion' })
    assert.deepEqual(decodeControlPacket(hex(`20 c1 00 17 ${'00'.repeat(20)}`)), { problem: 'lengthTooShort' })
    assert.deepEqual(decodeControlPacket(hex(`20 c1 00 18 ${'00'.repeat(20)}`)), { problem: 'zeroDetectMultiplier' })
    assert.deepEqual(decodeControlPacket(hex(`20 c1 03 18 ${'00'.repeat(20)}`)), { problem: 'multipoint' })
  })

  it('ignores what follows its length, and every cut of it is truncated', () => {
    const bytes = hex(goldenPackets[0]!.bytes)
    assert.deepEqual(decodeControlPacket(Uint8Array.of(...bytes, 1, 2, 3)), { packet: up })
    for (let length = 0; length < bytes.length; length++) {
      assert.deepEqual(decodeControlPacket(bytes.subarray(0, length)), { problem: 'truncated' })
    }
  })

  it('writes back what it has read, and never throws', function () {
    this.timeout(120_000)
    const valid = fc
      .tuple(fc.constantFrom(...goldenPackets), fc.array(fc.tuple(fc.nat(51), fc.nat(255)), { maxLength: 4 }))
      .map(([{ bytes }, changes]) => {
        const mutated = hex(bytes)
        for (const [offset, value] of changes) if (offset < mutated.length) mutated[offset] = value
        return mutated
      })
    let decodedPackets = 0
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), valid), bytes => {
        const decoded = decodeControlPacket(bytes)
        if ('problem' in decoded) return
        decodedPackets++
        assert.ok(bytes.length >= BFD_PACKET_LENGTH)
        const written = encodeControlPacket(decoded.packet, bytes[3]! - BFD_PACKET_LENGTH)
        // Length may exceed 24 without authentication; then the rest is not ours to repeat.
        written[3] = bytes[3]!
        assert.equal(Buffer.compare(written.subarray(0, BFD_PACKET_LENGTH), bytes.subarray(0, BFD_PACKET_LENGTH)), 0)
      }),
      { numRuns: Number(process.env.HERALD_RUNS ?? 100_000) },
    )
    assert.ok(decodedPackets > 0)
  })
})
