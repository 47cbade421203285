import { uint16At } from '../wire/in-place.ts'
import type { MacAddress } from '../wire/mac-address.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { encodeIcmpv6Frame } from './icmpv6-frame.ts'
import { LINK_LAYER_OPTION_LENGTH, Offset, OptionType } from './layout.ts'
import { ALL_NODES_ADDRESS, ALL_NODES_MAC, ALL_ROUTERS_ADDRESS, ALL_ROUTERS_MAC } from './multicast.ts'
import { RouterMessageType, RouterOffset } from './router-advertisement-layout.ts'
import { type RouterAdvertisementProblem, routerAdvertisementProblem } from './router-advertisement-validity.ts'

/** What this node asks of a router advertisement. */
export interface RouterAdvertisement {
  /** the router's link-local address on this segment */
  readonly router: bigint
  /** for how long it may serve as default router; 0: not at all */
  readonly lifetimeSeconds: number
}

/** Reads a frame if it is valid by ROUTER_ADVERTISEMENT_RULES. */
export function decodeRouterAdvertisement(
  frame: Uint8Array,
): { advertisement: RouterAdvertisement } | { problem: RouterAdvertisementProblem } {
  const problem = routerAdvertisementProblem(frame)
  if (problem) return { problem }
  const router = new Reader(frame, Offset.source).uint128()
  return { advertisement: { router, lifetimeSeconds: uint16At(frame, RouterOffset.lifetime) } }
}

/**
 * The frame by which unnumbered peers learn this node's link-local address (RFC 4861 §4.2). It offers nothing to anybody else: no default
 * router, no prefix, no hop limit, no timers.
 */
export function encodeRouterAdvertisement(mac: MacAddress, linkLocal: bigint): Uint8Array {
  const message = new Writer({ capacity: RouterOffset.options - Offset.type + LINK_LAYER_OPTION_LENGTH })
    .uint8(RouterMessageType.advertisement)
    .zeros(RouterOffset.options - Offset.code)
  const addresses = { destination: ALL_NODES_MAC, destinationAddress: ALL_NODES_ADDRESS }
  return encode(mac, linkLocal, addresses, message)
}

/** The frame that asks routers to advertise themselves now (RFC 4861 §4.1). */
export function encodeRouterSolicitation(mac: MacAddress, linkLocal: bigint): Uint8Array {
  const message = new Writer().uint8(RouterMessageType.solicitation).zeros(Offset.target - Offset.code)
  const addresses = { destination: ALL_ROUTERS_MAC, destinationAddress: ALL_ROUTERS_ADDRESS }
  return encode(mac, linkLocal, addresses, message)
}

function encode(
  mac: MacAddress,
  linkLocal: bigint,
  to: { destination: MacAddress; destinationAddress: bigint },
  message: Writer,
): Uint8Array {
  // RFC 4861 §4.6.1: what saves the others a question.
  message.uint8(OptionType.sourceLinkLayerAddress).uint8(1).uint48(mac)
  return encodeIcmpv6Frame({ source: mac, sourceAddress: linkLocal, ...to }, message.finish())
}
