import type { Family } from '../../ip/address.ts'
import type { Prefix } from '../../ip/prefix.ts'
import { Reader } from '../../wire/reader.ts'
import { UpdateSubcode } from '../error-codes.ts'
import type { AddressFamily } from '../message.ts'
import { type AttributeCodec, AttributeKind, resetFor, withdrawFor } from './attribute-codec.ts'
import type { CodecOptions } from './codec-options.ts'
import { spokenFamily } from './layout.ts'
import { decodeNextHop, encodeNextHop } from './next-hop.ts'
import { decodePrefixes, encodePrefixes } from './prefixes.ts'

// RFC 4760 §3, MP_REACH_NLRI: AFI (2), SAFI (1), length of the next hop (1), next hop, reserved (1), prefixes up to the end.
// RFC 4760 §4, MP_UNREACH_NLRI: AFI (2), SAFI (1), prefixes up to the end.
//
// Whatever hides where prefixes are resets the session (RFC 7606 §3 j, §5.3, §7.11, §7.12).

/** RFC 4760 §3 */
export const mpReach: AttributeCodec = {
  code: 14,
  kind: AttributeKind.optionalNonTransitive,
  decode: (value, draft, options) => {
    const reader = new Reader(value)
    const family: AddressFamily = { afi: reader.uint16(), safi: reader.uint8() }
    const nextHop = reader.bytes(reader.uint8())
    reader.skip(1)
    if (reader.truncated) return resetFor(UpdateSubcode.optionalAttributeError, 'MP_REACH_NLRI is broken off')
    const spoken = spokenFamily(family)
    if (!spoken) {
      draft.mpReach = { ...family, nextHop: {}, announced: [] }
      return undefined
    }
    if (!nextHopLengths(spoken, options).includes(nextHop.length)) {
      return resetFor(UpdateSubcode.optionalAttributeError, `a next hop of ${nextHop.length} octets`)
    }
    const decoded = decodePrefixes(reader.bytes(reader.remaining), spoken)
    if ('problem' in decoded) return resetFor(UpdateSubcode.optionalAttributeError, decoded.problem)
    draft.mpReach = { ...family, nextHop: decodeNextHop(nextHop), announced: decoded.prefixes }
    const { global, linkLocal } = draft.mpReach.nextHop
    if (global || linkLocal) return undefined
    return withdrawFor(UpdateSubcode.invalidNextHopAttribute, 'the next hop is no address of a host')
  },
  encode: ({ mpReach }, begin, options) => {
    if (!mpReach) return
    const spoken = writable(mpReach, mpReach.announced)
    const nextHop = encodeNextHop(mpReach.nextHop)
    if (spoken && !nextHopLengths(spoken, options).includes(nextHop.length)) {
      throw new RangeError(`a next hop of ${nextHop.length} octets for IPv${spoken}`)
    }
    const prefixes = encodePrefixes(mpReach.announced, spoken ?? 4)
    const writer = begin(5 + nextHop.length + prefixes.length)
      .uint16(mpReach.afi)
      .uint8(mpReach.safi)
    writer.uint8(nextHop.length).bytes(nextHop).uint8(0).bytes(prefixes)
  },
}

/** RFC 4760 §4 */
export const mpUnreach: AttributeCodec = {
  code: 15,
  kind: AttributeKind.optionalNonTransitive,
  decode: (value, draft) => {
    const reader = new Reader(value)
    const family: AddressFamily = { afi: reader.uint16(), safi: reader.uint8() }
    if (reader.truncated) return resetFor(UpdateSubcode.optionalAttributeError, 'MP_UNREACH_NLRI is broken off')
    const spoken = spokenFamily(family)
    const decoded = spoken ? decodePrefixes(reader.bytes(reader.remaining), spoken) : { prefixes: [] }
    if ('problem' in decoded) return resetFor(UpdateSubcode.optionalAttributeError, decoded.problem)
    draft.mpUnreach = { ...family, withdrawn: decoded.prefixes }
    return undefined
  },
  encode: ({ mpUnreach }, begin) => {
    if (!mpUnreach) return
    const spoken = writable(mpUnreach, mpUnreach.withdrawn)
    const prefixes = encodePrefixes(mpUnreach.withdrawn, spoken ?? 4)
    begin(3 + prefixes.length)
      .uint16(mpUnreach.afi)
      .uint8(mpUnreach.safi)
      .bytes(prefixes)
  },
}

/** RFC 2545 §3; RFC 8950 §3: with its capability IPv6 next hops also for IPv4. */
function nextHopLengths(family: Family, { extendedNextHop }: CodecOptions): readonly number[] {
  if (family === 6) return [16, 32]
  return extendedNextHop ? [4, 16, 32] : [4]
}

function writable(family: AddressFamily, prefixes: readonly Prefix[]): Family | undefined {
  const spoken = spokenFamily(family)
  if (!spoken && prefixes.length > 0) throw new RangeError(`prefixes of AFI ${family.afi}, SAFI ${family.safi}`)
  return spoken
}
