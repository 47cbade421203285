import type { MacAddress } from '../wire/mac-address.ts'
import { solicitedNodeAddress, solicitedNodeMac } from './multicast.ts'
import { encodeNdpFrame } from './packet.ts'

/** The frame that asks whether anybody uses an address: a solicitation from ::, as in duplicate address detection (RFC 4862 §5.4.2). */
export function probeFrame(mac: MacAddress, address: bigint): Uint8Array {
  return encodeNdpFrame({
    destination: solicitedNodeMac(address),
    source: mac,
    sourceAddress: 0n,
    destinationAddress: solicitedNodeAddress(address),
    message: { type: 'solicitation', target: address },
  })
}

/**
 * The frame that asks for an address as any host does that wants to send something there (RFC 4861 §7.2.2).
 *
 * @param linkLocal the interface's link-local address
 */
export function questionFrame(mac: MacAddress, linkLocal: bigint, address: bigint): Uint8Array {
  return encodeNdpFrame({
    destination: solicitedNodeMac(address),
    source: mac,
    sourceAddress: linkLocal,
    destinationAddress: solicitedNodeAddress(address),
    message: { type: 'solicitation', target: address, sourceLinkLayerAddress: mac },
  })
}
