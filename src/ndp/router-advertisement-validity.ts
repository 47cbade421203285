import { uint16At } from '../wire/in-place.ts'
import { areOptionsWhole, ETHERTYPE_IPV6, endOfMessage, HOP_LIMIT, ICMPV6, messageChecksum, Offset } from './layout.ts'
import { RouterMessageType, RouterOffset } from './router-advertisement-layout.ts'

/** Why bytes are no valid router advertisement. */
export type RouterAdvertisementProblem =
  | 'truncated'
  | 'notIpv6'
  | 'wrongVersion'
  | 'payloadBeyondFrame'
  | 'notIcmpv6'
  | 'notRouterAdvertisement'
  | 'sourceNotLinkLocal'
  | 'wrongHopLimit'
  | 'wrongCode'
  | 'shortMessage'
  | 'wrongChecksum'
  | 'brokenOptions'

interface ValidityRule {
  readonly reason: RouterAdvertisementProblem
  readonly drops: (frame: Uint8Array) => boolean
}

/** When a frame holds a router advertisement that may be believed: when no rule drops it (RFC 4861 §6.1.2). A rule may rely on those before it. */
export const ROUTER_ADVERTISEMENT_RULES: readonly ValidityRule[] = [
  { reason: 'truncated', drops: frame => frame.length < RouterOffset.options },
  { reason: 'notIpv6', drops: frame => uint16At(frame, Offset.etherType) !== ETHERTYPE_IPV6 },
  { reason: 'wrongVersion', drops: frame => frame[Offset.version]! >>> 4 !== 6 },
  { reason: 'payloadBeyondFrame', drops: frame => endOfMessage(frame) > frame.length },
  { reason: 'notIcmpv6', drops: frame => frame[Offset.nextHeader] !== ICMPV6 },
  { reason: 'notRouterAdvertisement', drops: frame => frame[Offset.type] !== RouterMessageType.advertisement },
  // fe80::/10, RFC 4291 §2.5.6
  { reason: 'sourceNotLinkLocal', drops: frame => uint16At(frame, Offset.source) >>> 6 !== 0xfe80 >>> 6 },
  { reason: 'wrongHopLimit', drops: frame => frame[Offset.hopLimit] !== HOP_LIMIT },
  { reason: 'wrongCode', drops: frame => frame[Offset.code] !== 0 },
  { reason: 'shortMessage', drops: frame => endOfMessage(frame) < RouterOffset.options },
  { reason: 'wrongChecksum', drops: frame => messageChecksum(frame) !== 0 },
  { reason: 'brokenOptions', drops: frame => !areOptionsWhole(frame, RouterOffset.options) },
]

/** The first rule that the frame breaks; undefined when it is valid. */
export function routerAdvertisementProblem(frame: Uint8Array): RouterAdvertisementProblem | undefined {
  for (const { reason, drops } of ROUTER_ADVERTISEMENT_RULES) if (drops(frame)) return reason
  return undefined
}
