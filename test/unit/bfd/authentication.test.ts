import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  AUTHENTICATION_RULES,
  Authentication,
  type AuthenticationProblem,
  type AuthenticationSequence,
  AuthenticationType,
} from '../../../src/bfd/authentication.ts'
import { type ControlPacket, encodeControlPacket, SessionState } from '../../../src/bfd/packet.ts'

const packet: ControlPacket = {
  diagnostic: 0,
  state: SessionState.up,
  poll: false,
  final: false,
  controlPlaneIndependent: false,
  authenticationPresent: true,
  demand: false,
  detectMultiplier: 3,
  myDiscriminator: 1,
  yourDiscriminator: 2,
  desiredMinTxIntervalUs: 100_000,
  requiredMinRxIntervalUs: 100_000,
  requiredMinEchoRxIntervalUs: 0,
}
const key = new TextEncoder().encode('sixteen-byte-key')

function signer(type: AuthenticationType, init: { keyId?: number; key?: Uint8Array } = {}): Authentication {
  return new Authentication({ type, keyId: 7, key, ...init })
}

/** A packet signed with this sequence number. */
function signed(authentication: Authentication, sequenceNumber: number): Uint8Array {
  const bytes = encodeControlPacket(packet, authentication.sectionLength)
  authentication.sign(bytes, { transmitted: (sequenceNumber - 1) >>> 0, received: undefined })
  return bytes
}

describe('BFD authentication', () => {
  it('writes the section of RFC 5880 §4.4', () => {
    const bytes = signed(signer(AuthenticationType.meticulousKeyedSha1), 0x01020304)
    const head = '20c403340000000100000002000186a0000186a000000000' + '051c0700' + '01020304'
    assert.equal(Buffer.from(bytes.subarray(0, 32)).toString('hex'), head)
    // The digest by its definition: over the packet with the key, padded with zeros, in the digest's place.
    const covered = Buffer.from(`${head}${Buffer.from(key).toString('hex')}00000000`, 'hex')
    assert.deepEqual(Buffer.from(bytes.subarray(32)), createHash('sha1').update(covered).digest())
  })

  it('counts its packets, across the greatest number', () => {
    const sequence: AuthenticationSequence = { transmitted: 0xfffffffe, received: undefined }
    const numbers = [1, 2, 3].map(() => {
      const bytes = encodeControlPacket(packet, 28)
      signer(AuthenticationType.keyedSha1).sign(bytes, sequence)
      return Buffer.from(bytes).readUInt32BE(28)
    })
    assert.deepEqual(numbers, [0xffffffff, 0, 1])
  })

  for (const type of [AuthenticationType.keyedSha1, AuthenticationType.meticulousKeyedSha1]) {
    const meticulous = type === AuthenticationType.meticulousKeyedSha1
    describe(meticulous ? 'meticulous keyed SHA1' : 'keyed SHA1', () => {
      const windows: { sequenceNumber: number; received: number | undefined; taken: boolean }[] = [
        { sequenceNumber: 12345, received: undefined, taken: true },
        { sequenceNumber: 100, received: 100, taken: !meticulous },
        { sequenceNumber: 99, received: 100, taken: false },
        { sequenceNumber: 101, received: 100, taken: true },
        { sequenceNumber: 109, received: 100, taken: true },
        { sequenceNumber: 110, received: 100, taken: false },
        { sequenceNumber: 3, received: 0xfffffffd, taken: true },
        { sequenceNumber: 7, received: 0xfffffffd, taken: false },
        { sequenceNumber: 0xfffffffd, received: 3, taken: false },
      ]
      for (const { sequenceNumber, received, taken } of windows) {
        it(`${taken ? 'takes' : 'drops'} ${sequenceNumber} after ${received}`, () => {
          const authentication = signer(type)
          const sequence: AuthenticationSequence = { transmitted: 0, received }
          const problem = authentication.check(signed(authentication, sequenceNumber), sequence)
          assert.equal(problem, taken ? undefined : 'staleSequenceNumber')
          assert.equal(sequence.received, taken ? sequenceNumber : received)
        })
      }
    })
  }

  const changes: { problem: AuthenticationProblem; what: string; change(bytes: Uint8Array): Uint8Array }[] = [
    { problem: 'wrongAuthenticationType', what: 'meticulous', change: bytes => set(bytes, 24, 5) },
    { problem: 'wrongAuthenticationType', what: 'simple password', change: bytes => set(bytes, 24, 1) },
    { problem: 'unknownKey', what: 'another key ID', change: bytes => set(bytes, 26, 8) },
    { problem: 'unknownKey', what: 'a section of two bytes', change: bytes => set(bytes.slice(0, 26), 3, 26) },
    { problem: 'wrongAuthenticationLength', what: 'section 27', change: bytes => set(bytes, 25, 27) },
    { problem: 'wrongAuthenticationLength', what: 'packet 51', change: bytes => set(bytes, 3, 51) },
    {
      problem: 'wrongAuthenticationLength',
      what: 'packet 53',
      change: bytes => set(Uint8Array.of(...bytes, 0), 3, 53),
    },
    { problem: 'staleSequenceNumber', what: 'an old number', change: bytes => set(bytes, 31, 49) },
    { problem: 'wrongDigest', what: 'another state', change: bytes => set(bytes, 1, 0x44) },
    { problem: 'wrongDigest', what: 'another number in the window', change: bytes => set(bytes, 31, 51) },
    { problem: 'wrongDigest', what: 'reserved byte set', change: bytes => set(bytes, 27, 1) },
    { problem: 'wrongDigest', what: 'one bit of the digest', change: bytes => set(bytes, 51, bytes[51]! ^ 1) },
  ]
  for (const { problem, what, change } of changes) {
    it(`drops ${what}: ${problem} (RFC 5880 §6.7.4)`, () => {
      const authentication = signer(AuthenticationType.keyedSha1)
      const sequence: AuthenticationSequence = { transmitted: 0, received: 50 }
      assert.equal(authentication.check(change(signed(authentication, 50)), sequence), problem)
      assert.equal(sequence.received, 50)
    })
  }

  it('has a dropped packet for every rule', () => {
    const dropped = new Set(changes.map(({ problem }) => problem))
    assert.deepEqual(
      AUTHENTICATION_RULES.map(({ problem }) => problem).filter(problem => !dropped.has(problem)),
      [],
    )
  })

  it('drops what another key has signed, and learns no sequence number from it', () => {
    const sequence: AuthenticationSequence = { transmitted: 0, received: undefined }
    const foreign = signed(signer(AuthenticationType.keyedSha1, { key: Uint8Array.of(1) }), 5)
    assert.equal(signer(AuthenticationType.keyedSha1).check(foreign, sequence), 'wrongDigest')
    assert.equal(sequence.received, undefined)
  })

  it('refuses keys and key IDs that RFC 5880 does not know', () => {
    const type = AuthenticationType.keyedSha1
    assert.throws(() => signer(type, { key: new Uint8Array(0) }), /1 to 20 bytes, not 0/)
    assert.throws(() => signer(type, { key: new Uint8Array(21) }), /1 to 20 bytes, not 21/)
    assert.throws(() => signer(type, { keyId: 256 }), /0 to 255, not 256/)
    assert.throws(() => signer(type, { keyId: 1.5 }), /0 to 255, not 1.5/)
  })
})

function set(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  bytes[offset] = value
  return bytes
}
