import { uint16At } from '../wire/in-place.ts'
import { ETHERTYPE_IPV6, endOfMessage, HOP_LIMIT, ICMPV6, messageChecksum, Offset } from './layout.ts'

/** A reason to drop a frame. It may rely on the rules before it, and reads the bytes in place. */
export interface ValidityRule<Problem extends string> {
  readonly reason: Problem
  readonly drops: (frame: Uint8Array) => boolean
}

/** What every message of neighbour discovery has in common. */
export type MessageProblem =
  | 'notIpv6'
  | 'wrongVersion'
  | 'payloadBeyondFrame'
  | 'notIcmpv6'
  | 'wrongHopLimit'
  | 'wrongCode'
  | 'wrongChecksum'

/** The frame holds a whole ICMPv6 message. */
export const ICMPV6_RULES: readonly ValidityRule<MessageProblem>[] = [
  { reason: 'notIpv6', drops: frame => uint16At(frame, Offset.etherType) !== ETHERTYPE_IPV6 },
  { reason: 'wrongVersion', drops: frame => frame[Offset.version]! >>> 4 !== 6 },
  { reason: 'payloadBeyondFrame', drops: frame => endOfMessage(frame) > frame.length },
  { reason: 'notIcmpv6', drops: frame => frame[Offset.nextHeader] !== ICMPV6 },
]

/** RFC 4861 §6.1.2, §7.1.1, §7.1.2: no router has forwarded it, and its code is 0. */
export const ON_LINK_RULES: readonly ValidityRule<MessageProblem>[] = [
  { reason: 'wrongHopLimit', drops: frame => frame[Offset.hopLimit] !== HOP_LIMIT },
  { reason: 'wrongCode', drops: frame => frame[Offset.code] !== 0 },
]

export const CHECKSUM_RULE: ValidityRule<MessageProblem> = {
  reason: 'wrongChecksum',
  drops: frame => messageChecksum(frame) !== 0,
}

/** The first rule that the frame breaks; undefined when it is valid. */
export function firstProblem<Problem extends string>(
  rules: readonly ValidityRule<Problem>[],
  frame: Uint8Array,
): Problem | undefined {
  for (const { reason, drops } of rules) if (drops(frame)) return reason
  return undefined
}
