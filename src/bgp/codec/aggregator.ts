import { Reader } from '../../wire/reader.ts'
import { UpdateSubcode } from '../error-codes.ts'
import type { PathAttributes } from '../message.ts'
import { maxTwoOctetAs, mergePaths, writeAs } from './as-path.ts'
import {
  type AttributeCodec,
  type AttributeDraft,
  AttributeKind,
  type BeginAttribute,
  discardFor,
  wrongLength,
} from './attribute-codec.ts'
import type { AttributeFault } from './attribute-problem.ts'
import { AS_TRANS } from './layout.ts'

// RFC 4271 §5.1.7: an AS number of two or four octets, as in AS_PATH, and an IPv4 address (4).

/** RFC 4271 §5.1.7, RFC 6793 §4, RFC 7606 §7.7 */
export const aggregator: AttributeCodec = {
  code: 7,
  kind: AttributeKind.optionalTransitive,
  decode: (value, draft, { fourOctetAs }) => {
    const decoded = decodeAggregator(value, fourOctetAs ? 4 : 2)
    if ('handling' in decoded) return decoded
    draft.aggregator = decoded
    return undefined
  },
  encode: ({ aggregator }, begin, { fourOctetAs }) => {
    if (aggregator) writeAggregator(aggregator, fourOctetAs ? 4 : 2, begin)
  },
}

/** RFC 6793 §3 and §6: the aggregator in four octets, through speakers of two. */
export const as4Aggregator: AttributeCodec = {
  code: 18,
  kind: AttributeKind.optionalTransitive,
  unwanted: ({ fourOctetAs }) => (fourOctetAs ? 'AS4_AGGREGATOR from a speaker of four-octet AS numbers' : undefined),
  decode: (value, draft) => {
    const decoded = decodeAggregator(value, 4)
    if ('handling' in decoded) return decoded
    draft.as4Aggregator = decoded
    return undefined
  },
  encode: ({ aggregator }, begin, { fourOctetAs }) => {
    if (!fourOctetAs && aggregator && aggregator.asNumber > maxTwoOctetAs) writeAggregator(aggregator, 4, begin)
  },
}

/** RFC 6793 §4.2.3: puts the numbers of four octets, as far as they came along, in the places of those of two. */
export function mergeFourOctetAs({ as4Path, as4Aggregator, ...attributes }: AttributeDraft): PathAttributes {
  const { aggregator, asPath } = attributes
  if (aggregator && as4Aggregator) {
    // An aggregator that the AGGREGATOR names itself has not known of AS4_PATH either.
    if (aggregator.asNumber !== AS_TRANS) return attributes
    attributes.aggregator = as4Aggregator
  }
  if (asPath && as4Path) attributes.asPath = mergePaths(asPath, as4Path)
  return attributes
}

type Aggregator = NonNullable<PathAttributes['aggregator']>

function decodeAggregator(value: Uint8Array, width: 2 | 4): Aggregator | AttributeFault {
  if (value.length !== width + 4) return wrongLength(value, discardFor)
  const reader = new Reader(value)
  const asNumber = width === 4 ? reader.uint32() : reader.uint16()
  // RFC 7607 §2
  if (asNumber === 0) return discardFor(UpdateSubcode.optionalAttributeError, 'the aggregator is AS 0')
  return { asNumber, address: { family: 4, value: reader.uint32() } }
}

function writeAggregator({ asNumber, address }: Aggregator, width: 2 | 4, begin: BeginAttribute): void {
  if (address.family !== 4) throw new RangeError('an aggregator has an IPv4 address')
  writeAs(begin(width + 4), asNumber, width).uint32(address.value)
}
