import { hash, timingSafeEqual } from 'node:crypto'
import { BFD_PACKET_LENGTH, storeUint32, uint32 } from './packet.ts'

// The authentication section with SHA1 (RFC 5880 §4.4). Offsets in the packet:
//
//   24  type: 4 keyed SHA1, 5 meticulous keyed SHA1     27  reserved
//   25  length, 28                                       28  sequence number (4)
//   26  key ID                                           32  digest (20); the key itself while the digest is computed

const sectionOffset = BFD_PACKET_LENGTH
const sha1SectionLength = 28
const sha1PacketLength = BFD_PACKET_LENGTH + sha1SectionLength
const sequenceOffset = 28
const digestOffset = 32
/** the longest key that RFC 5880 §4.4 knows, in bytes */
export const MAX_SHA1_KEY_LENGTH = 20

/**
 * RFC 5880 §4.1, "Auth Type". Simple passwords (1) and MD5 (2, 3) are not offered: the first protects nothing, the RFC itself advises against the
 * others.
 */
export const AuthenticationType = { keyedSha1: 4, meticulousKeyedSha1: 5 } as const
export type AuthenticationType = (typeof AuthenticationType)[keyof typeof AuthenticationType]

/** What a session remembers of sequence numbers (RFC 5880 §6.8.1); it outlives restarts of the session's state machine. */
export interface AuthenticationSequence {
  /** bfd.XmitAuthSeq */
  transmitted: number
  /** bfd.RcvAuthSeq; undefined while bfd.AuthSeqKnown is 0 */
  received: number | undefined
}

/** Why a packet is not what a holder of the key has sent now. */
export type AuthenticationProblem =
  | 'wrongAuthenticationType'
  | 'unknownKey'
  | 'wrongAuthenticationLength'
  | 'staleSequenceNumber'
  | 'wrongDigest'

interface AuthenticationRule {
  readonly problem: AuthenticationProblem
  readonly drops: (payload: Uint8Array, authentication: Authentication, sequence: AuthenticationSequence) => boolean
}

/** RFC 5880 §6.7.4, "Receipt Using Keyed SHA1 and Meticulous Keyed SHA1", in its order. */
export const AUTHENTICATION_RULES: readonly AuthenticationRule[] = [
  { problem: 'wrongAuthenticationType', drops: (payload, { type }) => payload[sectionOffset] !== type },
  { problem: 'unknownKey', drops: (payload, { keyId }) => payload[26] !== keyId },
  // The digest covers the whole packet, so the section has to end where the packet does.
  {
    problem: 'wrongAuthenticationLength',
    drops: payload => payload[25] !== sha1SectionLength || payload[3] !== sha1PacketLength,
  },
  {
    problem: 'staleSequenceNumber',
    drops: (payload, { type }, { received }) => {
      if (received === undefined) return false
      // Circular: numbers wrap at 2^32. The window is three times the packet's own Detect Mult.
      const ahead = (uint32(payload, sequenceOffset) - received) >>> 0
      const least = type === AuthenticationType.meticulousKeyedSha1 ? 1 : 0
      return ahead < least || ahead > 3 * payload[2]!
    },
  },
  { problem: 'wrongDigest', drops: (payload, authentication) => !authentication.hasDigest(payload) },
]

/** SHA1 of some bytes, 20 bytes. */
export type Digest = (bytes: Uint8Array) => Uint8Array

const sha1: Digest = bytes => hash('sha1', bytes, 'buffer')

/** One key, shared by all sessions that use it. It is immutable: a changed key is another object. */
export class Authentication {
  readonly type: AuthenticationType
  readonly keyId: number
  readonly sectionLength = sha1SectionLength
  readonly #key = new Uint8Array(MAX_SHA1_KEY_LENGTH)
  readonly #scratch = new Uint8Array(sha1PacketLength)
  readonly #digest: Digest

  /**
   * @param init.digest for simulations, where SHA1 is most of a packet's cost
   * @throws RangeError when the key is empty or longer than 20 bytes, or the key ID is none
   */
  constructor(init: { type: AuthenticationType; keyId: number; key: Uint8Array; digest?: Digest }) {
    if (init.key.length < 1 || init.key.length > MAX_SHA1_KEY_LENGTH) {
      throw new RangeError(`a BFD key has 1 to ${MAX_SHA1_KEY_LENGTH} bytes, not ${init.key.length}`)
    }
    if (!Number.isInteger(init.keyId) || init.keyId < 0 || init.keyId > 255) {
      throw new RangeError(`a BFD key ID is a number from 0 to 255, not ${init.keyId}`)
    }
    this.type = init.type
    this.keyId = init.keyId
    this.#digest = init.digest ?? sha1
    // RFC 5880 §4.4: a shorter key is padded with zeros.
    this.#key.set(init.key)
  }

  /** Fills the authentication section of a packet of 52 bytes, with the next sequence number. */
  sign(packet: Uint8Array, sequence: AuthenticationSequence): void {
    // RFC 5880 §6.7.4 allows a keyed sequence to stand still; counting every packet shortens what can be replayed.
    sequence.transmitted = (sequence.transmitted + 1) >>> 0
    packet[sectionOffset] = this.type
    packet[25] = sha1SectionLength
    packet[26] = this.keyId
    storeUint32(packet, sequenceOffset, sequence.transmitted)
    packet.set(this.#key, digestOffset)
    packet.set(this.#digest(packet), digestOffset)
  }

  /**
   * Judges a packet that decodes and says that it is authenticated. When it is genuine its sequence number is remembered: only then, or
   * anyone could move the window.
   */
  check(payload: Uint8Array, sequence: AuthenticationSequence): AuthenticationProblem | undefined {
    for (let index = 0; index < AUTHENTICATION_RULES.length; index++) {
      const rule = AUTHENTICATION_RULES[index]!
      if (rule.drops(payload, this, sequence)) return rule.problem
    }
    sequence.received = uint32(payload, sequenceOffset)
    return undefined
  }

  /** Whether a packet of at least 52 bytes carries the digest of its first 52. */
  hasDigest(payload: Uint8Array): boolean {
    const scratch = this.#scratch
    scratch.set(payload.subarray(0, digestOffset))
    scratch.set(this.#key, digestOffset)
    return timingSafeEqual(this.#digest(scratch), payload.subarray(digestOffset, sha1PacketLength))
  }
}
