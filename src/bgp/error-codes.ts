/** RFC 4271 §4.5, RFC 7313 §6.1: what a NOTIFICATION is about. */
export const ErrorCode = {
  messageHeader: 1,
  open: 2,
  update: 3,
  holdTimerExpired: 4,
  finiteStateMachine: 5,
  cease: 6,
  routeRefresh: 7,
} as const
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode]

/** The subcode of an error that has no other. */
export const UNSPECIFIC = 0

/** RFC 4271 §6.1 */
export const HeaderSubcode = { connectionNotSynchronized: 1, badMessageLength: 2, badMessageType: 3 } as const
export type HeaderSubcode = (typeof HeaderSubcode)[keyof typeof HeaderSubcode]

/** RFC 4271 §6.2, RFC 5492 §5; 5 is deprecated. */
export const OpenSubcode = {
  unsupportedVersionNumber: 1,
  badPeerAs: 2,
  badBgpIdentifier: 3,
  unsupportedOptionalParameter: 4,
  unacceptableHoldTime: 6,
  unsupportedCapability: 7,
} as const
export type OpenSubcode = (typeof OpenSubcode)[keyof typeof OpenSubcode]

/** RFC 4271 §6.3; 7 is deprecated. */
export const UpdateSubcode = {
  malformedAttributeList: 1,
  unrecognizedWellKnownAttribute: 2,
  missingWellKnownAttribute: 3,
  attributeFlagsError: 4,
  attributeLengthError: 5,
  invalidOriginAttribute: 6,
  invalidNextHopAttribute: 8,
  optionalAttributeError: 9,
  invalidNetworkField: 10,
  malformedAsPath: 11,
} as const
export type UpdateSubcode = (typeof UpdateSubcode)[keyof typeof UpdateSubcode]

/** RFC 6608 §3: an unexpected message; its type is the data, one octet. */
export const FiniteStateMachineSubcode = { inOpenSent: 1, inOpenConfirm: 2, inEstablished: 3 } as const
export type FiniteStateMachineSubcode = (typeof FiniteStateMachineSubcode)[keyof typeof FiniteStateMachineSubcode]

/** RFC 4486 §3, RFC 8538 §3.1 (9), RFC 9384 §3 (10) */
export const CeaseSubcode = {
  maximumNumberOfPrefixesReached: 1,
  administrativeShutdown: 2,
  peerDeconfigured: 3,
  administrativeReset: 4,
  connectionRejected: 5,
  otherConfigurationChange: 6,
  connectionCollisionResolution: 7,
  outOfResources: 8,
  hardReset: 9,
  bfdDown: 10,
} as const
export type CeaseSubcode = (typeof CeaseSubcode)[keyof typeof CeaseSubcode]

/** RFC 7313 §5 */
export const RouteRefreshSubcode = { invalidMessageLength: 1 } as const
export type RouteRefreshSubcode = (typeof RouteRefreshSubcode)[keyof typeof RouteRefreshSubcode]

/** Why a session has to end: what the NOTIFICATION says, and the reason in words for log and status. */
export interface ProtocolError {
  readonly code: number
  readonly subcode: number
  readonly data: Uint8Array
  readonly reason: string
}

/** octets of a shutdown communication at most: its length is one octet */
const maxCommunicationLength = 255

/**
 * RFC 9003 §2: the data of Cease with Administrative Shutdown or Administrative Reset that tells people why. A longer text is cut
 * after the last whole character that fits.
 */
export function shutdownCommunication(text: string): Uint8Array {
  const data = new Uint8Array(1 + maxCommunicationLength)
  const { written } = new TextEncoder().encodeInto(text, data.subarray(1))
  data[0] = written
  return data.subarray(0, 1 + written)
}

/**
 * Reads a shutdown communication. Control characters become blanks, since the text goes to logs and statuses (RFC 9003 §5).
 *
 * @returns undefined when there is none, or when it is broken off or no UTF-8
 */
export function readShutdownCommunication(data: Uint8Array): string | undefined {
  const length = data[0] ?? 0
  if (length === 0 || length >= data.length) return undefined
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(data.subarray(1, 1 + length))
    return text.replaceAll(/\p{Cc}+/gu, ' ')
  } catch {
    return undefined
  }
}

/** RFC 8538 §3.1: Cease with Hard Reset carries what would have been sent to a peer without the N bit. */
export function hardReset({ code, subcode, data, reason }: ProtocolError): ProtocolError {
  return {
    code: ErrorCode.cease,
    subcode: CeaseSubcode.hardReset,
    data: Uint8Array.of(code, subcode, ...data),
    reason,
  }
}
