import type { Prefix } from '../../ip/prefix.ts'
import { uint16At } from '../../wire/in-place.ts'
import type { Writer } from '../../wire/writer.ts'
import { ErrorCode, type ProtocolError, UpdateSubcode } from '../error-codes.ts'
import {
  type AddressFamily,
  Afi,
  type MpUnreach,
  type PathAttributes,
  SAFI_UNICAST,
  type UpdateMessage,
} from '../message.ts'
import { asPath } from './as-path.ts'
import { withdrawFor } from './attribute-codec.ts'
import { type AttributeProblem, Handling } from './attribute-problem.ts'
import { localPreference, nextHop, origin } from './basic-attributes.ts'
import type { CodecOptions } from './codec-options.ts'
import { spokenFamily } from './layout.ts'
import { mpUnreach } from './multiprotocol.ts'
import { type DecodedAttributes, decodePathAttributes, writePathAttributes } from './path-attributes.ts'
import { decodePrefixes, encodePrefixes } from './prefixes.ts'

// The body of an UPDATE (RFC 4271 §4.3): length of the withdrawn prefixes (2), these, length of the path attributes (2), these,
// announced prefixes up to the end. Both lists of prefixes are of IPv4 unicast.

/** octets of the body beside prefixes and attributes */
export const UPDATE_LENGTH_FIELDS = 4

export type DecodedUpdate =
  | { readonly message: UpdateMessage; readonly problems?: readonly AttributeProblem[] }
  | { readonly error: ProtocolError }

/**
 * Reads the body of an UPDATE. Malformed attributes are handled after RFC 7606: where that asks for "treat-as-withdraw", the prefixes
 * announced come out as withdrawn, and no attributes with them.
 */
export function decodeUpdate(body: Uint8Array, options: CodecOptions): DecodedUpdate {
  const withdrawnEnd = 2 + uint16At(body, 0)
  const attributesStart = withdrawnEnd + 2
  const attributesEnd = attributesStart + uint16At(body, withdrawnEnd)
  // RFC 4271 §6.3, RFC 7606 §3 a
  if (!(attributesStart <= body.length && attributesEnd <= body.length)) {
    return reset(UpdateSubcode.malformedAttributeList, 'withdrawn prefixes and attributes are longer than the message')
  }
  const withdrawn = decodePrefixes(body.subarray(2, withdrawnEnd), 4)
  const announced = decodePrefixes(body.subarray(attributesEnd), 4)
  // RFC 7606 §5.3
  if ('problem' in withdrawn) return reset(UpdateSubcode.invalidNetworkField, withdrawn.problem)
  if ('problem' in announced) return reset(UpdateSubcode.invalidNetworkField, announced.problem)
  const decoded = decodePathAttributes(body.subarray(attributesStart, attributesEnd), options)
  const { attributes } = decoded
  const message: UpdateMessage = {
    type: 'update',
    withdrawn: withdrawn.prefixes,
    attributes,
    announced: announced.prefixes,
  }
  const problems = [...decoded.problems, ...missingAttributes(message, decoded, options)]
  if (problems.length === 0) return { message }
  // RFC 7606 §3 h: the strongest handling wins.
  const worst = problems.reduce((worst, problem) => (problem.handling > worst.handling ? problem : worst))
  if (worst.handling === Handling.attributeDiscard) return { message, problems }
  if (worst.handling === Handling.sessionReset || mayHaveLostPrefixes(message, decoded)) {
    return reset(worst.subcode, worst.reason, worst.data)
  }
  return { message: asWithdrawn(message), problems }
}

/** Writes the body of an UPDATE. */
export function writeUpdate(
  writer: Writer,
  { withdrawn, attributes, announced }: UpdateMessage,
  options: CodecOptions,
): void {
  const withdrawnBytes = encodePrefixes(withdrawn, 4)
  writer.uint16(withdrawnBytes.length).bytes(withdrawnBytes)
  const lengthOffset = writer.length
  writer.uint16(0)
  const start = writer.length
  writePathAttributes(writer, attributes, options)
  writer.patchUint16(lengthOffset, writer.length - start).bytes(encodePrefixes(announced, 4))
}

/** RFC 4724 §2: the UPDATE that says that all routes of a family have been told. */
export function endOfRib({ afi, safi }: AddressFamily): UpdateMessage {
  const attributes = afi === Afi.ipv4 && safi === SAFI_UNICAST ? {} : { mpUnreach: { afi, safi, withdrawn: [] } }
  return { type: 'update', withdrawn: [], attributes, announced: [] }
}

/** Of which family an UPDATE marks the end of all routes; undefined when it is an ordinary one. */
export function endOfRibFamily({ withdrawn, attributes, announced }: UpdateMessage): AddressFamily | undefined {
  if (withdrawn.length > 0 || announced.length > 0) return undefined
  const { mpUnreach, ...rest } = attributes
  if (Object.keys(rest).length > 0) return undefined
  if (!mpUnreach) return { afi: Afi.ipv4, safi: SAFI_UNICAST }
  return mpUnreach.withdrawn.length > 0 ? undefined : { afi: mpUnreach.afi, safi: mpUnreach.safi }
}

/** RFC 7606 §3 d: what every announcement must have. NEXT_HOP goes with the prefixes of its own field alone (RFC 4760 §3). */
function missingAttributes(
  { announced, attributes }: UpdateMessage,
  { present }: DecodedAttributes,
  { internal }: CodecOptions,
): AttributeProblem[] {
  if (announced.length === 0 && !attributes.mpReach?.announced.length) return []
  const mandatory = [origin, asPath]
  if (announced.length > 0) mandatory.push(nextHop)
  // RFC 4271 §5.1.5
  if (internal) mandatory.push(localPreference)
  return mandatory
    .filter(({ code }) => !present.has(code))
    .map(({ code }) => ({
      ...withdrawFor(UpdateSubcode.missingWellKnownAttribute, `attribute ${code} is missing`),
      attribute: code,
      data: Uint8Array.of(code),
    }))
}

/** RFC 7606 §5.2: attributes without any prefix that they are about; who knows where the prefixes are. */
function mayHaveLostPrefixes({ announced, attributes }: UpdateMessage, { present }: DecodedAttributes): boolean {
  const { mpReach } = attributes
  if (announced.length > 0 || (mpReach && (mpReach.announced.length > 0 || !spokenFamily(mpReach)))) return false
  return present.size !== 1 || !present.has(mpUnreach.code)
}

/** RFC 7606 §2, "treat-as-withdraw". */
function asWithdrawn({ withdrawn, attributes, announced }: UpdateMessage): UpdateMessage {
  const { mpReach, mpUnreach } = attributes
  const parts: readonly MpUnreach[] = [
    ...(mpUnreach ? [mpUnreach] : []),
    ...(mpReach ? [{ afi: mpReach.afi, safi: mpReach.safi, withdrawn: mpReach.announced }] : []),
  ]
  const ofFamily = (family: 4 | 6): readonly Prefix[] =>
    parts.flatMap(part => (spokenFamily(part) === family ? part.withdrawn : []))
  const ipv6 = ofFamily(6)
  // There is one MP_UNREACH_NLRI only: IPv4 goes into its own field.
  const mpWithdrawn: PathAttributes['mpUnreach'] =
    ipv6.length > 0 ? { afi: Afi.ipv6, safi: SAFI_UNICAST, withdrawn: ipv6 } : parts.find(part => !spokenFamily(part))
  return {
    type: 'update',
    withdrawn: [...withdrawn, ...ofFamily(4), ...announced],
    attributes: mpWithdrawn ? { mpUnreach: mpWithdrawn } : {},
    announced: [],
  }
}

function reset(
  subcode: UpdateSubcode,
  reason: string,
  data: Uint8Array = new Uint8Array(0),
): { readonly error: ProtocolError } {
  return { error: { code: ErrorCode.update, subcode, data, reason } }
}
