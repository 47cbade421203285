import {
  areOptionsWhole,
  endOfMessage,
  Flag,
  isSolicitedNodeGroupAt,
  isUnspecifiedAt,
  LINK_LAYER_OPTION_LENGTH,
  MessageType,
  Offset,
  OptionType,
  optionOffset,
} from './layout.ts'
import {
  CHECKSUM_RULE,
  firstProblem,
  ICMPV6_RULES,
  type MessageProblem,
  ON_LINK_RULES,
  type ValidityRule,
} from './validity-rule.ts'

/** Why bytes are no valid neighbour solicitation or advertisement. */
export type NdpProblem =
  | MessageProblem
  | 'truncated'
  | 'notNeighborDiscovery'
  | 'shortMessage'
  | 'targetIsMulticast'
  | 'brokenOptions'
  | 'wrongLinkLayerLength'
  | 'sourceIsMulticast'
  | 'probeNotToGroup'
  | 'probeWithLinkLayerAddress'
  | 'solicitedByNobody'

/**
 * When a frame holds a solicitation or advertisement that may be believed: when no rule drops it (RFC 4861 §7.1.1 and §7.1.2).
 */
export const NDP_VALIDITY_RULES: readonly ValidityRule<NdpProblem>[] = [
  { reason: 'truncated', drops: frame => frame.length < Offset.options },
  ...ICMPV6_RULES,
  { reason: 'notNeighborDiscovery', drops: frame => !isSolicitation(frame) && !isAdvertisement(frame) },
  ...ON_LINK_RULES,
  CHECKSUM_RULE,
  { reason: 'shortMessage', drops: frame => endOfMessage(frame) < Offset.options },
  { reason: 'targetIsMulticast', drops: frame => frame[Offset.target] === 0xff },
  { reason: 'brokenOptions', drops: frame => !areOptionsWhole(frame) },
  // RFC 2464 §6: on Ethernet the option is 8 bytes long.
  {
    reason: 'wrongLinkLayerLength',
    drops: frame =>
      hasOtherLength(frame, OptionType.sourceLinkLayerAddress) ||
      hasOtherLength(frame, OptionType.targetLinkLayerAddress),
  },
  // RFC 4291 §2.7: no packet comes from a group.
  { reason: 'sourceIsMulticast', drops: frame => frame[Offset.source] === 0xff },
  {
    reason: 'probeNotToGroup',
    drops: frame => isProbe(frame) && !isSolicitedNodeGroupAt(frame, Offset.destination),
  },
  {
    reason: 'probeWithLinkLayerAddress',
    drops: frame => isProbe(frame) && optionOffset(frame, OptionType.sourceLinkLayerAddress) >= 0,
  },
  // RFC 4861 §7.1.2: nobody can have solicited what goes to a group.
  {
    reason: 'solicitedByNobody',
    drops: frame =>
      isAdvertisement(frame) && frame[Offset.destination] === 0xff && (frame[Offset.flags]! & Flag.solicited) !== 0,
  },
]

/** The first rule that the frame breaks; undefined when it is valid. */
export function ndpProblem(frame: Uint8Array): NdpProblem | undefined {
  return firstProblem(NDP_VALIDITY_RULES, frame)
}

export function isSolicitation(frame: Uint8Array): boolean {
  return frame[Offset.type] === MessageType.solicitation
}

export function isAdvertisement(frame: Uint8Array): boolean {
  return frame[Offset.type] === MessageType.advertisement
}

/** True for a solicitation from the unspecified address: its sender asks whether the target is free (RFC 4862 §5.4). */
export function isProbe(frame: Uint8Array): boolean {
  return isSolicitation(frame) && isUnspecifiedAt(frame, Offset.source)
}

/**
 * Where the MAC stands at which the sender can be reached, or, in an advertisement, the target: in the option, or in the Ethernet
 * header, since the option may be left out of what goes to one node alone (RFC 4861 §4.3, §4.4).
 */
export function senderMacOffset(frame: Uint8Array): number {
  const type = isSolicitation(frame) ? OptionType.sourceLinkLayerAddress : OptionType.targetLinkLayerAddress
  const option = optionOffset(frame, type)
  return option < 0 ? Offset.sourceMac : option + 2
}

function hasOtherLength(frame: Uint8Array, type: number): boolean {
  const offset = optionOffset(frame, type)
  return offset >= 0 && frame[offset + 1]! * 8 !== LINK_LAYER_OPTION_LENGTH
}
