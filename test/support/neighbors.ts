import type { NdpFrame } from '../../src/ndp/packet.ts'
import { address } from './addresses.ts'

/** The parties of the tests of neighbour discovery. */
export const ownMac = 0x02005e000002
export const askerMac = 0x02005e000001
export const ownLinkLocal = ipv6('fe80::5eff:fe00:2')
export const asker = ipv6('2001:db8::c8')
export const announced = ipv6('2001:db8::1')
/** the group of `announced`, and its MAC */
export const group = ipv6('ff02::1:ff00:1')
export const groupMac = 0x3333ff000001

/** The question for `announced` as a neighbour asks it first. */
export const solicitation = {
  destination: groupMac,
  source: askerMac,
  sourceAddress: asker,
  destinationAddress: group,
  message: { type: 'solicitation', target: announced, sourceLinkLayerAddress: askerMac },
} as const satisfies NdpFrame

/** The same question as one who knows the answer asks it again (RFC 4861 §7.3.3). */
export const reachabilityProbe = {
  ...solicitation,
  destination: ownMac,
  destinationAddress: announced,
  message: { type: 'solicitation', target: announced },
} as const satisfies NdpFrame

/** Whether `announced` is free (RFC 4862 §5.4.2). */
export const duplicateProbe = {
  ...solicitation,
  sourceAddress: 0n,
  message: { type: 'solicitation', target: announced },
} as const satisfies NdpFrame

export const unsolicited = {
  destination: 0x333300000001,
  source: ownMac,
  sourceAddress: ownLinkLocal,
  destinationAddress: ipv6('ff02::1'),
  message: {
    type: 'advertisement',
    router: false,
    solicited: false,
    override: true,
    target: announced,
    targetLinkLayerAddress: ownMac,
  },
} as const satisfies NdpFrame

/** An IPv6 address that a test writes as text. */
export function ipv6(text: string): bigint {
  return BigInt(address(text).value)
}
