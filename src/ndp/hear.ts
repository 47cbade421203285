import { isUnicastMacAt, macAt, uint16At } from '../wire/in-place.ts'
import type { MacAddress } from '../wire/mac-address.ts'
import { Reader } from '../wire/reader.ts'
import { ETHERTYPE_IPV6, isUnspecifiedAt, Offset } from './layout.ts'
import { isAdvertisement, isProbe, isSolicitation, ndpProblem, senderMacOffset } from './validity.ts'

/** What a frame says of an IPv6 address, to everybody who hears it. */
export interface HeardNdp {
  /** probe: the sender asks whether the address is free (RFC 4862 §5.4.3). claim: it says that the address is at `mac` (§5.4.4) */
  readonly kind: 'probe' | 'claim'
  readonly address: bigint
  readonly mac: MacAddress
}

/**
 * Where in a frame the address stands that it would say something of, if it is valid; -1 if it can say nothing. A flood of ordinary
 * questions says only something of the addresses of those who ask: look those up first (Ipv6Map.find), and call hearNdp() for an
 * address that matters.
 */
export function heardNdpOffset(frame: Uint8Array): number {
  if (frame.length < Offset.options || uint16At(frame, Offset.etherType) !== ETHERTYPE_IPV6) return -1
  if (isAdvertisement(frame)) return Offset.target
  if (!isSolicitation(frame)) return -1
  return isUnspecifiedAt(frame, Offset.source) ? Offset.target : Offset.source
}

/**
 * What a frame says of the address at heardNdpOffset(): an advertisement, that its target is at its target link-layer address; a
 * solicitation from ::, that its target is asked for; another one, that its source address is at its source link-layer address. Without
 * that option it is the Ethernet source. Undefined if the frame is not valid. Own frames speak like others': compare `mac`.
 */
export function hearNdp(frame: Uint8Array): HeardNdp | undefined {
  if (ndpProblem(frame)) return undefined
  const macOffset = senderMacOffset(frame)
  if (!isUnicastMacAt(frame, Offset.sourceMac) || !isUnicastMacAt(frame, macOffset)) return undefined
  return {
    kind: isProbe(frame) ? 'probe' : 'claim',
    address: new Reader(frame, heardNdpOffset(frame)).uint128(),
    mac: macAt(frame, macOffset),
  }
}
