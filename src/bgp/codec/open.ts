import { Reader } from '../../wire/reader.ts'
import type { Writer } from '../../wire/writer.ts'
import { ErrorCode, OpenSubcode, type ProtocolError, UNSPECIFIC } from '../error-codes.ts'
import type { Capability, OpenMessage } from '../message.ts'
import { decodeCapabilities, encodeCapabilities } from './capability.ts'

// The body of an OPEN (RFC 4271 §4.2). Offsets in bytes:
//
//    0  version (1)         5  BGP identifier (4)
//    1  my AS (2)           9  length of the optional parameters (1)
//    3  hold time (2)      10  optional parameters: type (1), length (1), value
//
// RFC 9072 §2: where the first optional parameter would have type 255, the extended form follows:
//
//    9  not 0, else ignored (1)     11  length of the optional parameters (2)
//   10  255 (1)                     13  optional parameters: type (1), length (2), value

export const BGP_VERSION = 4

const parametersLengthOffset = 9
/** RFC 5492 §4 */
const capabilitiesParameter = 2
/** RFC 9072 §2 */
const extendedParameters = 255

/** Reads the body of an OPEN, with the checks of RFC 4271 §6.2 that need no configuration. */
export function decodeOpen(body: Uint8Array): { message: OpenMessage } | { error: ProtocolError } {
  const reader = new Reader(body, 0, parametersLengthOffset)
  const version = reader.uint8()
  const asNumber = reader.uint16()
  const holdTimeSeconds = reader.uint16()
  const bgpIdentifier = reader.uint32()
  if (reader.truncated) return refuse(UNSPECIFIC, 'the message is broken off')
  if (version !== BGP_VERSION) {
    // RFC 4271 §6.2: the data is the largest version spoken here, in two octets.
    return refuse(OpenSubcode.unsupportedVersionNumber, `BGP version ${version}`, Uint8Array.of(0, BGP_VERSION))
  }
  const parameters = readOptionalParameters(body)
  if ('error' in parameters) return parameters
  const { capabilities } = parameters
  // RFC 7607 §2: nobody is AS 0.
  if (asNumber === 0 || capabilities.some(each => each.type === 'fourOctetAs' && each.asNumber === 0)) {
    return refuse(OpenSubcode.badPeerAs, 'AS number 0')
  }
  // RFC 4271 §4.2: zero, or at least three seconds.
  if (holdTimeSeconds === 1 || holdTimeSeconds === 2) {
    return refuse(OpenSubcode.unacceptableHoldTime, `a hold time of ${holdTimeSeconds} s`)
  }
  // RFC 6286 §2.2
  if (bgpIdentifier === 0) return refuse(OpenSubcode.badBgpIdentifier, 'BGP identifier 0.0.0.0')
  return { message: { type: 'open', version, asNumber, holdTimeSeconds, bgpIdentifier, capabilities } }
}

/**
 * Writes the body of an OPEN, the capabilities in one optional parameter; in the extended form of RFC 9072 only where the usual one
 * has no room.
 */
export function writeOpen(writer: Writer, message: OpenMessage): void {
  writer.uint8(message.version).uint16(message.asNumber).uint16(message.holdTimeSeconds).uint32(message.bgpIdentifier)
  const capabilities = encodeCapabilities(message.capabilities)
  const { length } = capabilities
  if (length === 0) {
    writer.uint8(0)
    return
  }
  if (2 + length < extendedParameters) {
    writer.uint8(2 + length)
    writer.uint8(capabilitiesParameter).uint8(length).bytes(capabilities)
    return
  }
  writer.uint8(extendedParameters).uint8(extendedParameters)
  writer.uint16(3 + length)
  writer.uint8(capabilitiesParameter).uint16(length).bytes(capabilities)
}

function readOptionalParameters(
  body: Uint8Array,
): { readonly capabilities: readonly Capability[] } | { readonly error: ProtocolError } {
  const reader = new Reader(body, parametersLengthOffset)
  let length = reader.uint8()
  // RFC 9072 §2: the type of the first parameter decides, and then the one-octet length means nothing.
  const extended = length > 0 && body[reader.offset] === extendedParameters
  if (extended) {
    reader.skip(1)
    length = reader.uint16()
  }
  if (reader.truncated || reader.remaining !== length) {
    return refuse(UNSPECIFIC, `optional parameters of ${length} octets, where there are ${reader.remaining}`)
  }
  const capabilities: Capability[] = []
  while (reader.remaining > 0) {
    const type = reader.uint8()
    const value = reader.sub(extended ? reader.uint16() : reader.uint8())
    if (reader.truncated) return refuse(UNSPECIFIC, 'an optional parameter is longer than all of them')
    if (type !== capabilitiesParameter) {
      return refuse(OpenSubcode.unsupportedOptionalParameter, `optional parameter ${type}`)
    }
    const decoded = decodeCapabilities(value)
    if ('problem' in decoded) return refuse(UNSPECIFIC, decoded.problem)
    capabilities.push(...decoded.capabilities)
  }
  return { capabilities }
}

function refuse(subcode: number, reason: string, data = new Uint8Array(0)): { error: ProtocolError } {
  return { error: { code: ErrorCode.open, subcode, data, reason } }
}
