import { Reader } from '../../wire/reader.ts'
import type { Writer } from '../../wire/writer.ts'
import { UpdateSubcode } from '../error-codes.ts'
import { type AsPathSegment, AsSegmentType } from '../message.ts'
import { type AttributeCodec, AttributeKind, type BeginAttribute, discardFor, withdrawFor } from './attribute-codec.ts'
import { AS_TRANS } from './layout.ts'

// RFC 4271 §4.3 b: segments of a path, each: type (1), number of AS numbers (1), AS numbers of two octets or, among speakers of
// RFC 6793, four.

type Width = 2 | 4
const maxSegmentLength = 255
export const maxTwoOctetAs = 0xffff

/** RFC 4271 §5.1.2, RFC 6793 §4, RFC 7606 §7.2 */
export const asPath: AttributeCodec = {
  code: 2,
  kind: AttributeKind.wellKnown,
  decode: (value, draft, { fourOctetAs, internal }) => {
    const decoded = decodeSegments(value, fourOctetAs ? 4 : 2)
    if ('problem' in decoded) return withdrawFor(UpdateSubcode.malformedAsPath, decoded.problem)
    // RFC 5065 §5.3: nothing of a confederation comes from outside it.
    if (!internal && decoded.segments.some(isOfConfederation)) {
      return withdrawFor(UpdateSubcode.malformedAsPath, 'a confederation segment from another AS')
    }
    draft.asPath = decoded.segments
    return undefined
  },
  encode: ({ asPath }, begin, { fourOctetAs }) => {
    if (asPath) writeSegments(asPath, fourOctetAs ? 4 : 2, begin)
  },
}

/** RFC 6793 §3 and §6: the path in four octets, through speakers of two. */
export const as4Path: AttributeCodec = {
  code: 17,
  kind: AttributeKind.optionalTransitive,
  unwanted: ({ fourOctetAs }) => (fourOctetAs ? 'AS4_PATH from a speaker of four-octet AS numbers' : undefined),
  decode: (value, draft) => {
    const decoded = decodeSegments(value, 4)
    if ('problem' in decoded) return discardFor(UpdateSubcode.optionalAttributeError, decoded.problem)
    if (decoded.segments.length === 0) return discardFor(UpdateSubcode.attributeLengthError, 'AS4_PATH is empty')
    draft.as4Path = decoded.segments.filter(segment => !isOfConfederation(segment))
    return undefined
  },
  encode: ({ asPath }, begin, { fourOctetAs }) => {
    // RFC 6793 §4.2.2: only where it says more than AS_PATH, and without confederation segments.
    if (fourOctetAs || !asPath?.some(({ asNumbers }) => asNumbers.some(number => number > maxTwoOctetAs))) return
    const segments = asPath.filter(segment => !isOfConfederation(segment))
    if (segments.length > 0) writeSegments(segments, 4, begin)
  },
}

/**
 * RFC 6793 §4.2.3: the whole path, made of the AS_PATH of a speaker of two-octet AS numbers and the AS4_PATH that came with it. What
 * AS_PATH is longer was put in front by speakers that know no AS4_PATH.
 */
export function mergePaths(path: readonly AsPathSegment[], path4: readonly AsPathSegment[]): readonly AsPathSegment[] {
  let missing = pathLength(path) - pathLength(path4)
  if (missing < 0) return path
  const merged: AsPathSegment[] = []
  for (const segment of path) {
    const { type, asNumbers } = segment
    if (isOfConfederation(segment)) {
      merged.push(segment)
      continue
    }
    if (missing === 0) break
    const taken = type === AsSegmentType.set ? segment : { type, asNumbers: asNumbers.slice(0, missing) }
    merged.push(taken)
    missing -= segmentLength(taken)
    if (taken.asNumbers.length < asNumbers.length) break
  }
  const last = merged.at(-1)
  const [first, ...rest] = path4
  if (last?.type !== AsSegmentType.sequence || first?.type !== AsSegmentType.sequence) return [...merged, ...path4]
  const joined = [...last.asNumbers, ...first.asNumbers]
  if (joined.length > maxSegmentLength) return [...merged, ...path4]
  return [...merged.slice(0, -1), { type: AsSegmentType.sequence, asNumbers: joined }, ...rest]
}

/** How long a path is when routes are compared: a set counts as one AS, confederations not (RFC 4271 §9.1.2.2, RFC 5065 §5.3). */
function pathLength(path: readonly AsPathSegment[]): number {
  return path.reduce((sum, segment) => sum + segmentLength(segment), 0)
}

function segmentLength(segment: AsPathSegment): number {
  if (isOfConfederation(segment)) return 0
  return segment.type === AsSegmentType.set ? 1 : segment.asNumbers.length
}

function isOfConfederation({ type }: AsPathSegment): boolean {
  return type === AsSegmentType.confederationSequence || type === AsSegmentType.confederationSet
}

function decodeSegments(
  value: Uint8Array,
  width: Width,
): { readonly segments: readonly AsPathSegment[] } | { readonly problem: string } {
  const segments: AsPathSegment[] = []
  const reader = new Reader(value)
  while (reader.remaining > 0) {
    const type = reader.uint8()
    const count = reader.uint8()
    const numbers = reader.sub(count * width)
    // RFC 7606 §7.2: a type that does not exist, a segment that overruns the attribute, one octet left over, an empty segment.
    if (reader.truncated) return { problem: 'a segment is longer than the path' }
    if (type < AsSegmentType.set || type > AsSegmentType.confederationSet) {
      return { problem: `there is no segment type ${type}` }
    }
    if (count === 0) return { problem: 'a segment is empty' }
    const asNumbers = Array.from({ length: count }, () => (width === 4 ? numbers.uint32() : numbers.uint16()))
    // RFC 7607 §2
    if (asNumbers.includes(0)) return { problem: 'AS 0 is in the path' }
    segments.push({ type: type as AsSegmentType, asNumbers })
  }
  return { segments }
}

function writeSegments(segments: readonly AsPathSegment[], width: Width, begin: BeginAttribute): void {
  const writer = begin(segments.reduce((sum, { asNumbers }) => sum + 2 + asNumbers.length * width, 0))
  for (const { type, asNumbers } of segments) {
    if (asNumbers.length === 0 || asNumbers.length > maxSegmentLength) {
      throw new RangeError(`a segment of ${asNumbers.length} AS numbers`)
    }
    writer.uint8(type).uint8(asNumbers.length)
    for (const asNumber of asNumbers) writeAs(writer, asNumber, width)
  }
}

/** Writes an AS number; what does not fit in two octets goes as AS_TRANS (RFC 6793 §4.2.2). */
export function writeAs(writer: Writer, asNumber: number, width: Width): Writer {
  if (width === 4) return writer.uint32(asNumber)
  return writer.uint16(asNumber > maxTwoOctetAs ? AS_TRANS : asNumber)
}
