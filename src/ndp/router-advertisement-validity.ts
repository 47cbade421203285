import { uint16At } from '../wire/in-place.ts'
import { areOptionsWhole, endOfMessage, Offset } from './layout.ts'
import { RouterMessageType, RouterOffset } from './router-advertisement-layout.ts'
import {
  CHECKSUM_RULE,
  firstProblem,
  ICMPV6_RULES,
  type MessageProblem,
  ON_LINK_RULES,
  type ValidityRule,
} from './validity-rule.ts'

/** Why bytes are no valid router advertisement. */
export type RouterAdvertisementProblem =
  | MessageProblem
  | 'truncated'
  | 'notRouterAdvertisement'
  | 'sourceNotLinkLocal'
  | 'shortMessage'
  | 'brokenOptions'

/** When a frame holds a router advertisement that may be believed: when no rule drops it (RFC 4861 §6.1.2). */
export const ROUTER_ADVERTISEMENT_RULES: readonly ValidityRule<RouterAdvertisementProblem>[] = [
  { reason: 'truncated', drops: frame => frame.length < RouterOffset.options },
  ...ICMPV6_RULES,
  { reason: 'notRouterAdvertisement', drops: frame => frame[Offset.type] !== RouterMessageType.advertisement },
  // fe80::/10, RFC 4291 §2.5.6
  { reason: 'sourceNotLinkLocal', drops: frame => uint16At(frame, Offset.source) >>> 6 !== 0xfe80 >>> 6 },
  ...ON_LINK_RULES,
  { reason: 'shortMessage', drops: frame => endOfMessage(frame) < RouterOffset.options },
  CHECKSUM_RULE,
  { reason: 'brokenOptions', drops: frame => !areOptionsWhole(frame, RouterOffset.options) },
]

/** The first rule that the frame breaks; undefined when it is valid. */
export function routerAdvertisementProblem(frame: Uint8Array): RouterAdvertisementProblem | undefined {
  return firstProblem(ROUTER_ADVERTISEMENT_RULES, frame)
}
