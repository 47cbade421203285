// A BFD control packet (RFC 5880 §4.1), all of the UDP payload. Offsets in bytes:
//
//    0  version (3 bits), diagnostic (5)                     12  desired min TX interval, µs (4)
//    1  state (2), poll, final, control plane independent,   16  required min RX interval, µs (4)
//       authentication present, demand, multipoint           20  required min echo RX interval, µs (4)
//    2  detect multiplier                                    24  authentication section, if present: type (1), length (1),
//    3  length of all                                            key ID (1), then by type; see authentication.ts
//    4  my discriminator (4)
//    8  your discriminator (4)

const BFD_VERSION = 1
/** bytes of a packet without authentication section */
export const BFD_PACKET_LENGTH = 24

/** RFC 5880 §4.1, "State (Sta)": the numbers on the wire. */
export const SessionState = { adminDown: 0, down: 1, init: 2, up: 3 } as const
export type SessionState = (typeof SessionState)[keyof typeof SessionState]

/** RFC 5880 §4.1, "Diagnostic (Diag)": why the session was last not Up. Larger numbers are reserved and kept as they came. */
export const Diagnostic = {
  none: 0,
  controlDetectionTimeExpired: 1,
  echoFunctionFailed: 2,
  neighborSignaledSessionDown: 3,
  forwardingPlaneReset: 4,
  pathDown: 5,
  concatenatedPathDown: 6,
  administrativelyDown: 7,
  reverseConcatenatedPathDown: 8,
} as const

const diagnosticTexts = [
  'none',
  'control detection time expired',
  'echo function failed',
  'neighbor signaled session down',
  'forwarding plane reset',
  'path down',
  'concatenated path down',
  'administratively down',
  'reverse concatenated path down',
]

/** A diagnostic in the words of RFC 5880 §4.1. */
export function diagnosticText(diagnostic: number): string {
  return diagnosticTexts[diagnostic] ?? `reserved (${diagnostic})`
}

/** The mandatory section of a control packet. Intervals are in microseconds, as on the wire. */
export interface ControlPacket {
  readonly diagnostic: number
  readonly state: SessionState
  readonly poll: boolean
  readonly final: boolean
  readonly controlPlaneIndependent: boolean
  readonly authenticationPresent: boolean
  readonly demand: boolean
  readonly detectMultiplier: number
  readonly myDiscriminator: number
  readonly yourDiscriminator: number
  readonly desiredMinTxIntervalUs: number
  readonly requiredMinRxIntervalUs: number
  readonly requiredMinEchoRxIntervalUs: number
}

/** Why bytes are no control packet that any session may see. */
export type PacketProblem =
  | 'truncated'
  | 'wrongVersion'
  | 'lengthTooShort'
  | 'lengthBeyondPayload'
  | 'zeroDetectMultiplier'
  | 'multipoint'
  | 'zeroMyDiscriminator'
  | 'stateNeedsDiscriminator'

interface PacketRule {
  readonly problem: PacketProblem
  readonly drops: (payload: Uint8Array) => boolean
}

const authenticationFlag = 0x04
const multipointFlag = 0x01

/**
 * The reception checks of RFC 5880 §6.8.6 that need no session, in its order; the first that does not hold names the problem. Those that
 * need one are in receive-rules.ts.
 */
export const PACKET_RULES: readonly PacketRule[] = [
  // The shortest packet; only then the fields below exist.
  { problem: 'truncated', drops: payload => payload.length < BFD_PACKET_LENGTH },
  { problem: 'wrongVersion', drops: payload => payload[0]! >> 5 !== BFD_VERSION },
  {
    problem: 'lengthTooShort',
    drops: payload => payload[3]! < (payload[1]! & authenticationFlag ? BFD_PACKET_LENGTH + 2 : BFD_PACKET_LENGTH),
  },
  { problem: 'lengthBeyondPayload', drops: payload => payload[3]! > payload.length },
  { problem: 'zeroDetectMultiplier', drops: payload => payload[2] === 0 },
  { problem: 'multipoint', drops: payload => (payload[1]! & multipointFlag) !== 0 },
  { problem: 'zeroMyDiscriminator', drops: payload => uint32(payload, 4) === 0 },
  // Whoever is in Init or Up has heard our discriminator.
  {
    problem: 'stateNeedsDiscriminator',
    drops: payload => uint32(payload, 8) === 0 && payload[1]! >> 6 > SessionState.down,
  },
]

/**
 * Reads a control packet. What follows its length in the payload is ignored; the authentication section stays in the bytes, for
 * authentication.ts.
 */
export function decodeControlPacket(payload: Uint8Array): { packet: ControlPacket } | { problem: PacketProblem } {
  for (let index = 0; index < PACKET_RULES.length; index++) {
    const rule = PACKET_RULES[index]!
    if (rule.drops(payload)) return { problem: rule.problem }
  }
  const flags = payload[1]!
  return {
    packet: {
      diagnostic: payload[0]! & 0x1f,
      state: (flags >> 6) as SessionState,
      poll: (flags & 0x20) !== 0,
      final: (flags & 0x10) !== 0,
      controlPlaneIndependent: (flags & 0x08) !== 0,
      authenticationPresent: (flags & authenticationFlag) !== 0,
      demand: (flags & 0x02) !== 0,
      detectMultiplier: payload[2]!,
      myDiscriminator: uint32(payload, 4),
      yourDiscriminator: uint32(payload, 8),
      desiredMinTxIntervalUs: uint32(payload, 12),
      requiredMinRxIntervalUs: uint32(payload, 16),
      requiredMinEchoRxIntervalUs: uint32(payload, 20),
    },
  }
}

/**
 * Writes a control packet, followed by `sectionLength` zero bytes for the authentication section if the packet says that there is one.
 *
 * @param packet numbers in their fields' ranges: the session keeps them so
 */
export function encodeControlPacket(packet: ControlPacket, sectionLength = 0): Uint8Array {
  const length = packet.authenticationPresent ? BFD_PACKET_LENGTH + sectionLength : BFD_PACKET_LENGTH
  const bytes = new Uint8Array(length)
  bytes[0] = (BFD_VERSION << 5) | packet.diagnostic
  bytes[1] =
    (packet.state << 6) |
    (packet.poll ? 0x20 : 0) |
    (packet.final ? 0x10 : 0) |
    (packet.controlPlaneIndependent ? 0x08 : 0) |
    (packet.authenticationPresent ? authenticationFlag : 0) |
    (packet.demand ? 0x02 : 0)
  bytes[2] = packet.detectMultiplier
  bytes[3] = length
  storeUint32(bytes, 4, packet.myDiscriminator)
  storeUint32(bytes, 8, packet.yourDiscriminator)
  storeUint32(bytes, 12, packet.desiredMinTxIntervalUs)
  storeUint32(bytes, 16, packet.requiredMinRxIntervalUs)
  storeUint32(bytes, 20, packet.requiredMinEchoRxIntervalUs)
  return bytes
}

/** Reads a big-endian number; the bytes must be there. */
export function uint32(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!) >>> 0
}

export function storeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24
  bytes[offset + 1] = value >>> 16
  bytes[offset + 2] = value >>> 8
  bytes[offset + 3] = value
}
