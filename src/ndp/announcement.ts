import type { MacAddress } from '../wire/mac-address.ts'
import { ALL_NODES_ADDRESS, ALL_NODES_MAC } from './multicast.ts'
import { encodeNdpFrame } from './packet.ts'

/**
 * The frame that tells a segment where an address lives now: an unsolicited advertisement that replaces what neighbours have learnt
 * (RFC 4861 §7.2.6).
 *
 * @param linkLocal the interface's link-local address
 */
export function unsolicitedAdvertisement(mac: MacAddress, linkLocal: bigint, address: bigint): Uint8Array {
  return encodeNdpFrame({
    destination: ALL_NODES_MAC,
    source: mac,
    sourceAddress: linkLocal,
    destinationAddress: ALL_NODES_ADDRESS,
    message: {
      type: 'advertisement',
      router: false,
      solicited: false,
      override: true,
      target: address,
      targetLinkLayerAddress: mac,
    },
  })
}
