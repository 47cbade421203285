import { type Address, parseAddress } from '../../ip/address.ts'
import type { KnownSpeaker } from '../../layer2/neighbourhood.ts'
import type { NodeView } from '../../resources/node.ts'
import { isRegistered, type SpeakerView } from '../../resources/speaker-view.ts'
import { parseMac } from '../../wire/mac-address.ts'

/** Whose frames are speakers', and where their liveness is reached: the node's own addresses first, then those of its interfaces. */
export function knownSpeakers(
  speakers: Iterable<SpeakerView>,
  nodeOf: (name: string) => NodeView | undefined,
): KnownSpeaker[] {
  return [...speakers]
    .filter(({ reported }) => reported)
    .map(speaker => ({
      node: speaker.name,
      macs: speaker.interfaces.map(({ mac }) => parseMac(mac)).filter(mac => mac !== undefined),
      addresses: addressesOf(nodeOf(speaker.name), speaker),
      expired: !isRegistered(speaker),
    }))
    .sort((a, b) => (a.node < b.node ? -1 : 1))
}

function addressesOf(node: NodeView | undefined, { interfaces }: SpeakerView): Address[] {
  const texts = [
    ...(node?.addresses ?? []),
    ...interfaces.flatMap(({ addresses }) => addresses.map(text => text.split('/')[0]!)),
  ]
  return [...new Set(texts)]
    .map(parseAddress)
    .filter(address => address !== undefined && !isLinkLocal(address)) as Address[]
}

/** An address that means something on one interface alone (RFC 4291 §2.5.6, fe80::/10) names nobody to the others. */
function isLinkLocal({ family, value }: Address): boolean {
  return family === 6 && value >> 118n === 0x3fan
}
