import { uint16At } from '../../wire/in-place.ts'
import { Writer } from '../../wire/writer.ts'
import { UpdateSubcode } from '../error-codes.ts'
import type { PathAttributes, RawAttribute } from '../message.ts'
import { aggregator, as4Aggregator, mergeFourOctetAs } from './aggregator.ts'
import { as4Path, asPath } from './as-path.ts'
import {
  type AttributeCodec,
  type AttributeDraft,
  AttributeFlag,
  discardFor,
  resetFor,
  withdrawFor,
} from './attribute-codec.ts'
import { type AttributeFault, type AttributeProblem, Handling } from './attribute-problem.ts'
import {
  atomicAggregate,
  clusterList,
  localPreference,
  multiExitDiscriminator,
  nextHop,
  origin,
  originatorId,
} from './basic-attributes.ts'
import type { CodecOptions } from './codec-options.ts'
import { communities, extendedCommunities, ipv6ExtendedCommunities, largeCommunities } from './communities.ts'
import { MAX_NOTIFICATION_DATA_LENGTH } from './layout.ts'
import { mpReach, mpUnreach } from './multiprotocol.ts'

// RFC 4271 §4.3: flags (1), type code (1), length (1, or 2 with the flag for that), value; one attribute after the other.

/** In the order in which they are written: MP_REACH_NLRI and MP_UNREACH_NLRI first (RFC 7606 §5.1), then by code (RFC 4271 §5). */
const codecs: readonly AttributeCodec[] = [
  mpReach,
  mpUnreach,
  origin,
  asPath,
  nextHop,
  multiExitDiscriminator,
  localPreference,
  atomicAggregate,
  aggregator,
  communities,
  originatorId,
  clusterList,
  extendedCommunities,
  as4Path,
  as4Aggregator,
  ipv6ExtendedCommunities,
  largeCommunities,
]
const codecByCode: readonly (AttributeCodec | undefined)[] = Array.from({ length: 256 }, (_, code) =>
  codecs.find(codec => codec.code === code),
)
const kindMask = AttributeFlag.optional | AttributeFlag.transitive

export interface DecodedAttributes {
  readonly attributes: PathAttributes
  /** codes of all attributes that were there, malformed ones too */
  readonly present: ReadonlySet<number>
  /** in the order in which they were found; one that resets the session is the last */
  readonly problems: readonly AttributeProblem[]
}

/** Reads the path attributes of an UPDATE, as far as faults allow. */
export function decodePathAttributes(bytes: Uint8Array, options: CodecOptions): DecodedAttributes {
  const draft: AttributeDraft = {}
  const raw: RawAttribute[] = []
  const present = new Set<number>()
  const problems: AttributeProblem[] = []
  let offset = 0
  while (offset < bytes.length) {
    const start = offset
    const remaining = bytes.length - start
    const flags = bytes[start]!
    const headerLength = flags & AttributeFlag.extendedLength ? 4 : 3
    if (remaining < headerLength) {
      // RFC 7606 §4: the length of all attributes tells where the prefixes begin all the same.
      const fault = withdrawFor(UpdateSubcode.malformedAttributeList, 'octets are left behind the last attribute')
      problems.push({ ...fault, attribute: 0, data: new Uint8Array(0) })
      break
    }
    const code = bytes[start + 1]!
    const length = headerLength === 4 ? uint16At(bytes, start + 2) : bytes[start + 2]!
    offset = start + headerLength + length
    const fault =
      offset > bytes.length
        ? overrun(code)
        : decodeAttribute({ flags, code, value: bytes.subarray(start + headerLength, offset) }, present.has(code))
    present.add(code)
    if (fault) problems.push({ ...fault, attribute: code, data: dataOf(fault, bytes.subarray(start, offset)) })
    if (fault?.handling === Handling.sessionReset) break
  }
  if (raw.length > 0) draft.unknown = raw
  return { attributes: mergeFourOctetAs(draft), present, problems }

  function decodeAttribute({ flags, code, value }: RawAttribute, repeated: boolean): AttributeFault | undefined {
    if (repeated) return repetition(code)
    const codec = codecByCode[code]
    if (!codec && !(flags & AttributeFlag.optional)) {
      return resetFor(UpdateSubcode.unrecognizedWellKnownAttribute, `there is no well-known attribute ${code}`)
    }
    const unwanted = codec?.unwanted?.(options)
    if (unwanted) return discardFor(UpdateSubcode.malformedAttributeList, unwanted)
    // RFC 7606 §3 c. Of prefixes that are to be withdrawn for it we have to know which they are.
    const wrongFlags = codec !== undefined && (flags & kindMask) !== codec.kind
    const fault = wrongFlags && !holdsPrefixes(code) ? undefined : codec?.decode(value, draft, options)
    if (fault?.handling === Handling.sessionReset) return fault
    if (wrongFlags)
      return withdrawFor(UpdateSubcode.attributeFlagsError, `attribute ${code} cannot have flags ${flags}`)
    if (!fault && !codec?.encode) {
      raw.push({ flags: flags & ~AttributeFlag.extendedLength, code, value: new Uint8Array(value) })
    }
    return fault
  }
}

/**
 * Writes path attributes as they stand in an UPDATE, without the length of all; lists that are empty are left out.
 *
 * @throws RangeError when a field does not fit
 */
export function encodePathAttributes(attributes: PathAttributes, options: CodecOptions): Uint8Array {
  const writer = new Writer({ capacity: 128 })
  writePathAttributes(writer, attributes, options)
  return writer.finish()
}

/** As encodePathAttributes(), into a message under way. */
export function writePathAttributes(writer: Writer, attributes: PathAttributes, options: CodecOptions): void {
  for (const { kind, code, encode } of codecs) {
    encode?.(attributes, length => writeHeader(writer, kind, code, length), options)
  }
  for (const { flags, code, value } of attributes.unknown ?? []) {
    if (codecByCode[code]?.encode) throw new RangeError(`attribute ${code} is none to be written raw`)
    writeHeader(writer, flags, code, value.length).bytes(value)
  }
}

function writeHeader(writer: Writer, flags: number, code: number, length: number): Writer {
  const extended = length > 255
  writer.uint8(extended ? flags | AttributeFlag.extendedLength : flags & ~AttributeFlag.extendedLength).uint8(code)
  return extended ? writer.uint16(length) : writer.uint8(length)
}

function holdsPrefixes(code: number): boolean {
  return code === mpReach.code || code === mpUnreach.code
}

/** RFC 7606 §4; §3 j where prefixes are cut off. */
function overrun(code: number): AttributeFault {
  const fault = holdsPrefixes(code) ? resetFor : withdrawFor
  return fault(UpdateSubcode.attributeLengthError, `attribute ${code} is longer than all of them`)
}

/** RFC 7606 §3 g: the first one counts, but of prefixes nothing may be lost. */
function repetition(code: number): AttributeFault {
  const fault = holdsPrefixes(code) ? resetFor : discardFor
  return fault(UpdateSubcode.malformedAttributeList, `attribute ${code} is there more than once`)
}

/** RFC 4271 §6.3: with most subcodes the attribute as it came. */
function dataOf({ subcode }: AttributeFault, attribute: Uint8Array): Uint8Array {
  if (subcode === UpdateSubcode.malformedAttributeList || subcode === UpdateSubcode.malformedAsPath) {
    return new Uint8Array(0)
  }
  return new Uint8Array(attribute.subarray(0, MAX_NOTIFICATION_DATA_LENGTH))
}
