import { uint32At } from '../../wire/in-place.ts'
import { UpdateSubcode } from '../error-codes.ts'
import { Origin } from '../message.ts'
import {
  type AttributeCodec,
  AttributeKind,
  type BeginAttribute,
  discardFor,
  withdrawFor,
  wrongLength,
} from './attribute-codec.ts'
import { isHostAddress } from './next-hop.ts'

/** RFC 4271 §5.1.1, RFC 7606 §7.1: one octet. */
export const origin: AttributeCodec = {
  code: 1,
  kind: AttributeKind.wellKnown,
  decode: (value, draft) => {
    if (value.length !== 1) return wrongLength(value, withdrawFor)
    const number = value[0]!
    if (number > Origin.incomplete) {
      return withdrawFor(UpdateSubcode.invalidOriginAttribute, `there is no origin ${number}`)
    }
    draft.origin = number as Origin
    return undefined
  },
  encode: ({ origin }, begin) => {
    if (origin !== undefined) begin(1).uint8(origin)
  },
}

/** RFC 4271 §5.1.3, RFC 7606 §7.3: an IPv4 address. */
export const nextHop: AttributeCodec = {
  code: 3,
  kind: AttributeKind.wellKnown,
  decode: (value, draft) => {
    if (value.length !== 4) return wrongLength(value, withdrawFor)
    const address = { family: 4, value: uint32At(value, 0) } as const
    if (!isHostAddress(address)) {
      return withdrawFor(UpdateSubcode.invalidNextHopAttribute, 'the next hop is no address of a host')
    }
    draft.nextHop = address
    return undefined
  },
  encode: ({ nextHop }, begin) => {
    if (nextHop?.family === 6) throw new RangeError('NEXT_HOP is of IPv4; IPv6 goes into MP_REACH_NLRI')
    writeFourOctets(nextHop?.value, begin)
  },
}

/** RFC 4271 §5.1.4, RFC 7606 §7.4 */
export const multiExitDiscriminator: AttributeCodec = {
  code: 4,
  kind: AttributeKind.optionalNonTransitive,
  decode: (value, draft) => {
    if (value.length !== 4) return wrongLength(value, withdrawFor)
    draft.multiExitDiscriminator = uint32At(value, 0)
    return undefined
  },
  encode: ({ multiExitDiscriminator }, begin) => writeFourOctets(multiExitDiscriminator, begin),
}

/** RFC 4271 §5.1.5, RFC 7606 §7.5 */
export const localPreference: AttributeCodec = {
  code: 5,
  kind: AttributeKind.wellKnown,
  unwanted: ({ internal }) => (internal ? undefined : 'LOCAL_PREF from another AS'),
  decode: (value, draft) => {
    if (value.length !== 4) return wrongLength(value, withdrawFor)
    draft.localPreference = uint32At(value, 0)
    return undefined
  },
  encode: ({ localPreference }, begin) => writeFourOctets(localPreference, begin),
}

/** RFC 4271 §5.1.6, RFC 7606 §7.6: nothing but that it is there. */
export const atomicAggregate: AttributeCodec = {
  code: 6,
  kind: AttributeKind.wellKnown,
  decode: (value, draft) => {
    if (value.length !== 0) return wrongLength(value, discardFor)
    draft.atomicAggregate = true
    return undefined
  },
  encode: ({ atomicAggregate }, begin) => {
    if (atomicAggregate) begin(0)
  },
}

/** RFC 4456 §8, RFC 7606 §7.9 */
export const originatorId: AttributeCodec = {
  code: 9,
  kind: AttributeKind.optionalNonTransitive,
  unwanted: ({ internal }) => (internal ? undefined : 'ORIGINATOR_ID from another AS'),
  decode: value => (value.length === 4 ? undefined : wrongLength(value, withdrawFor)),
}

/** RFC 4456 §8, RFC 7606 §7.10: four octets for each cluster. */
export const clusterList: AttributeCodec = {
  code: 10,
  kind: AttributeKind.optionalNonTransitive,
  unwanted: ({ internal }) => (internal ? undefined : 'CLUSTER_LIST from another AS'),
  decode: value => (value.length > 0 && value.length % 4 === 0 ? undefined : wrongLength(value, withdrawFor)),
}

function writeFourOctets(value: number | undefined, begin: BeginAttribute): void {
  if (value !== undefined) begin(4).uint32(value)
}
