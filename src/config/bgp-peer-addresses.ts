import type { PeerLocation } from '../bgp/peer-config.ts'
import { type Address, parseAddress } from '../ip/address.ts'
import { checkText, type Fields, isEmpty } from './field-checks.ts'
import type { Problem } from './problem.ts'

/** Where a peer is, and from where it is spoken to. */
export interface PeerAddresses {
  readonly location: PeerLocation
  readonly sourceAddress?: Address
  readonly routerId?: number
  readonly vrf?: string
}

type Result = PeerAddresses | { readonly problem: Problem }

/** Linux, dev_valid_name(): 15 bytes, no blank, slash or colon. */
const INTERFACE_NAME = /^(?!\.{1,2}$)[^\s/:]{1,15}$/

/** Reads the fields of a BGPPeer that name addresses and interfaces. */
export function parsePeerAddresses({
  peerAddress,
  interface: peerInterface,
  sourceAddress,
  routerID,
  vrf,
}: Fields): Result {
  const location = parseLocation(peerAddress, peerInterface)
  if ('problem' in location) return location
  let source: Address | undefined
  if (!isEmpty(sourceAddress)) {
    const field = 'spec.sourceAddress'
    source = addressOf(sourceAddress)
    if (!source || !isUnicast(source)) return wrong(field, `${shown(sourceAddress)} is no address of a host`)
    // A neighbour on an interface is spoken to over IPv6 (RFC 8950).
    const family = location.type === 'address' ? location.address.family : 6
    if (source.family !== family)
      return wrong(field, `${shown(sourceAddress)} must be an IPv${family} address, as the peer's`)
  }
  const identifier = isEmpty(routerID) ? undefined : addressOf(routerID)
  // RFC 6286 §2.1: any number of 32 bits but 0; it is written like an IPv4 address.
  if (!isEmpty(routerID) && (identifier?.family !== 4 || identifier.value === 0)) {
    return wrong('spec.routerID', `${shown(routerID)} must be an IPv4 address other than 0.0.0.0`)
  }
  const problem = checkText('spec.vrf', vrf)
  if (problem) return { problem }
  if (!isEmpty(vrf) && !INTERFACE_NAME.test(vrf as string))
    return wrong('spec.vrf', `${shown(vrf)} is no name of a VRF`)
  return {
    location,
    ...(source && { sourceAddress: source }),
    ...(identifier?.family === 4 && { routerId: identifier.value }),
    ...(!isEmpty(vrf) && { vrf: vrf as string }),
  }
}

function parseLocation(address: unknown, peerInterface: unknown): PeerLocation | { problem: Problem } {
  if (isEmpty(address) && isEmpty(peerInterface)) return wrong('spec.peerAddress', 'or interface must be given')
  if (!isEmpty(address) && !isEmpty(peerInterface)) {
    return wrong('spec.interface', 'must not be given together with peerAddress')
  }
  if (isEmpty(address)) {
    return typeof peerInterface === 'string' && INTERFACE_NAME.test(peerInterface)
      ? { type: 'interface', interface: peerInterface }
      : wrong('spec.interface', `${shown(peerInterface)} is no name of a network interface`)
  }
  const parsed = addressOf(address)
  if (!parsed || !isUnicast(parsed)) return wrong('spec.peerAddress', `invalid BGPPeer address ${shown(address)}`)
  if (isLinkLocal(parsed)) {
    const message = `invalid BGPPeer address ${shown(address)}: it is link-local, so name the interface instead`
    return wrong('spec.peerAddress', message)
  }
  return { type: 'address', address: parsed }
}

function addressOf(text: unknown): Address | undefined {
  return typeof text === 'string' ? parseAddress(text) : undefined
}

/** An address that one host can have: neither unspecified, nor multicast, nor broadcast (RFC 6890, RFC 4291 §2.4). */
function isUnicast({ family, value }: Address): boolean {
  if (family === 6) return value !== 0n && value >> 120n !== 0xffn
  const firstOctet = value >>> 24
  return firstOctet > 0 && firstOctet < 224
}

/** RFC 4291 §2.5.6: fe80::/10 */
function isLinkLocal({ family, value }: Address): boolean {
  return family === 6 && value >> 118n === 0x3fan
}

function shown(value: unknown): string {
  return String(JSON.stringify(value))
}

function wrong(field: string, message: string): { problem: Problem } {
  return { problem: { field, message } }
}
