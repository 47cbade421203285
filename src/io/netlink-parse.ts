import type { Address } from '../ip/address.ts'
import { addressFromBytes } from './address-bytes.ts'

/** A link as RTM_NEWLINK describes it (linux/rtnetlink.h, linux/if_link.h). */
export interface LinkRecord {
  index: number
  name: string
  /** ARPHRD_ETHER: it has a MAC address and carries Ethernet frames */
  ethernet: boolean
  /** 6 bytes; zeros when the link has no MAC address */
  mac: Uint8Array
  mtu: number
  /** IFF_UP: switched on by the administrator */
  up: boolean
  /** IFF_RUNNING: the link below works too */
  running: boolean
  broadcast: boolean
  noArp: boolean
  loopback: boolean
  /** the bridge, bond or VRF that it is a member of */
  masterIndex?: number
  /** driver of a virtual link: 'bridge', 'bond', 'vlan', 'veth'…; undefined for hardware */
  linkKind?: string
}

export const AddressScope = { global: 'global', site: 'site', link: 'link', host: 'host' } as const
export type AddressScope = (typeof AddressScope)[keyof typeof AddressScope]

/** An address as RTM_NEWADDR describes it (linux/if_addr.h). */
export interface AddressRecord {
  interfaceIndex: number
  address: Address
  prefixLength: number
  scope: AddressScope
  /** duplicate address detection has not ended, or has failed: the kernel does not use the address */
  tentative: boolean
}

/** One netlink message, as far as Herald cares. */
export type RouteMessageBody =
  | { kind: 'link'; deleted: boolean; link: LinkRecord }
  | { kind: 'address'; deleted: boolean; address: AddressRecord }
  | { kind: 'done' }
  /** the kernel's answer to a request; `number` 0 is an acknowledgement */
  | { kind: 'error'; number: number }
  | { kind: 'overrun' }
  | { kind: 'ignored'; reason: string }
  | { kind: 'malformed'; reason: string }

export interface RouteMessage {
  /** of the request that it answers, 0 for an event */
  sequence: number
  /** NLM_F_DUMP_INTR: the table changed while it was being dumped, so that the dump may be wrong */
  interrupted: boolean
  body: RouteMessageBody
}

const NLMSG_ERROR = 2
const NLMSG_DONE = 3
const NLMSG_OVERRUN = 4
const RTM_NEWLINK = 16
const RTM_DELLINK = 17
const RTM_GETLINK = 18
const RTM_NEWADDR = 20
const RTM_DELADDR = 21
const RTM_GETADDR = 22
const NLM_F_REQUEST = 0x1
const NLM_F_DUMP_INTR = 0x10
const NLM_F_DUMP = 0x300

const headerBytes = 16
const linkBytes = 16
const addressBytes = 8
const attributeBytes = 4
// the upper bits of an attribute's type: nested, network byte order
const attributeTypeMask = 0x3fff

const AF_UNSPEC = 0
const AF_INET = 2
const AF_INET6 = 10
const ARPHRD_ETHER = 1

// netlink speaks the byte order of the machine
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** The request to list all links or all addresses. */
export function encodeDumpRequest(what: 'links' | 'addresses', sequence: number): Uint8Array {
  const length = headerBytes + (what === 'links' ? linkBytes : addressBytes)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, length, littleEndian)
  view.setUint16(4, what === 'links' ? RTM_GETLINK : RTM_GETADDR, littleEndian)
  view.setUint16(6, NLM_F_REQUEST | NLM_F_DUMP, littleEndian)
  view.setUint32(8, sequence, littleEndian)
  return bytes
}

/** Reads the netlink messages of one datagram. Never throws; what cannot be read ends the list with a `malformed` message. */
export function parseRouteMessages(datagram: Uint8Array): RouteMessage[] {
  const messages: RouteMessage[] = []
  for (let offset = 0; offset < datagram.length; ) {
    const rest = datagram.subarray(offset)
    const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength)
    const length = rest.length >= headerBytes ? view.getUint32(0, littleEndian) : 0
    if (length < headerBytes || length > rest.length) {
      messages.push({ sequence: 0, interrupted: false, body: malformed('message length') })
      break
    }
    messages.push({
      sequence: view.getUint32(8, littleEndian),
      interrupted: (view.getUint16(6, littleEndian) & NLM_F_DUMP_INTR) !== 0,
      body: parseBody(view.getUint16(4, littleEndian), rest.subarray(headerBytes, length)),
    })
    offset += align(length)
  }
  return messages
}

function parseBody(type: number, body: Uint8Array): RouteMessageBody {
  switch (type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return parseLink(type === RTM_DELLINK, body)
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return parseAddress(type === RTM_DELADDR, body)
    case NLMSG_DONE:
      return { kind: 'done' }
    case NLMSG_ERROR:
      if (body.length < 4) return malformed('error length')
      return { kind: 'error', number: 0 - dataView(body).getInt32(0, littleEndian) }
    case NLMSG_OVERRUN:
      return { kind: 'overrun' }
    default:
      return { kind: 'ignored', reason: `message type ${type}` }
  }
}

const IFF_UP = 0x1
const IFF_BROADCAST = 0x2
const IFF_LOOPBACK = 0x8
const IFF_RUNNING = 0x40
const IFF_NOARP = 0x80

const IFLA_ADDRESS = 1
const IFLA_IFNAME = 3
const IFLA_MTU = 4
const IFLA_MASTER = 10
const IFLA_WIRELESS = 11
const IFLA_LINKINFO = 18
const IFLA_INFO_KIND = 1

function parseLink(deleted: boolean, body: Uint8Array): RouteMessageBody {
  if (body.length < linkBytes) return malformed('link length')
  const view = dataView(body)
  // A bridge reports its ports as links of family AF_BRIDGE too: "deleted" there means that a port left the bridge.
  if (body[0] !== AF_UNSPEC) return { kind: 'ignored', reason: `link family ${body[0]}` }
  const attributes = parseAttributes(body.subarray(linkBytes))
  if (!attributes) return malformed('link attributes')
  if (attributes.has(IFLA_WIRELESS)) return { kind: 'ignored', reason: 'wireless event' }
  const name = attributes.get(IFLA_IFNAME)
  if (!name) return malformed('link without name')
  const mac = attributes.get(IFLA_ADDRESS)
  const information = parseAttributes(attributes.get(IFLA_LINKINFO) ?? new Uint8Array())
  const linkKind = information?.get(IFLA_INFO_KIND)
  const flags = view.getUint32(8, littleEndian)
  const link: LinkRecord = {
    index: view.getInt32(4, littleEndian),
    name: text(name),
    ethernet: view.getUint16(2, littleEndian) === ARPHRD_ETHER,
    mac: mac?.length === 6 ? mac.slice() : new Uint8Array(6),
    mtu: word(attributes.get(IFLA_MTU)) ?? 0,
    up: (flags & IFF_UP) !== 0,
    running: (flags & IFF_RUNNING) !== 0,
    broadcast: (flags & IFF_BROADCAST) !== 0,
    noArp: (flags & IFF_NOARP) !== 0,
    loopback: (flags & IFF_LOOPBACK) !== 0,
    masterIndex: word(attributes.get(IFLA_MASTER)),
    linkKind: linkKind && text(linkKind),
  }
  return { kind: 'link', deleted, link }
}

const IFA_ADDRESS = 1
const IFA_LOCAL = 2
const IFA_FLAGS = 8
const IFA_F_DADFAILED = 0x08
const IFA_F_TENTATIVE = 0x40

const scopes = new Map<number, AddressScope>([
  [0, AddressScope.global],
  [200, AddressScope.site],
  [253, AddressScope.link],
  [254, AddressScope.host],
])

function parseAddress(deleted: boolean, body: Uint8Array): RouteMessageBody {
  if (body.length < addressBytes) return malformed('address length')
  const [systemFamily, prefixLength, shortFlags, scope] = body as unknown as [number, number, number, number]
  if (systemFamily !== AF_INET && systemFamily !== AF_INET6) {
    return { kind: 'ignored', reason: `address family ${systemFamily}` }
  }
  const family = systemFamily === AF_INET ? 4 : 6
  const attributes = parseAttributes(body.subarray(addressBytes))
  if (!attributes) return malformed('address attributes')
  // on a link with a peer IFA_ADDRESS is the peer's and IFA_LOCAL ours; else IPv6 has IFA_ADDRESS alone
  const value = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS)
  if (value?.length !== (family === 4 ? 4 : 16)) return malformed('address value')
  if (prefixLength > (family === 4 ? 32 : 128)) return malformed('prefix length')
  const flags = word(attributes.get(IFA_FLAGS)) ?? shortFlags
  const address: AddressRecord = {
    interfaceIndex: dataView(body).getUint32(4, littleEndian),
    address: addressFromBytes(family, value),
    prefixLength,
    scope: scopes.get(scope) ?? AddressScope.global,
    tentative: (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) !== 0,
  }
  return { kind: 'address', deleted, address }
}

// struct rtattr: length, type, value, padded to 4 bytes. Undefined when a length does not fit.
function parseAttributes(bytes: Uint8Array): Map<number, Uint8Array> | undefined {
  const attributes = new Map<number, Uint8Array>()
  const view = dataView(bytes)
  for (let offset = 0; offset + attributeBytes <= bytes.length; ) {
    const length = view.getUint16(offset, littleEndian)
    if (length < attributeBytes || offset + length > bytes.length) return undefined
    const type = view.getUint16(offset + 2, littleEndian) & attributeTypeMask
    attributes.set(type, bytes.subarray(offset + attributeBytes, offset + length))
    offset += align(length)
  }
  return attributes
}

function malformed(reason: string): RouteMessageBody {
  return { kind: 'malformed', reason }
}

function word(bytes: Uint8Array | undefined): number | undefined {
  return bytes?.length === 4 ? dataView(bytes).getUint32(0, littleEndian) : undefined
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}

function dataView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function align(length: number): number {
  return (length + 3) & ~3
}
