/**
 * ARP and neighbour discovery as the tests' own hosts speak it and the sniffer reads it. Written apart from Herald's codecs on
 * purpose: a mistake there cannot hide itself here.
 */
import { formatAddress, parseAddress } from '../../../src/ip/address.ts'

const ETHERTYPE_ARP = 0x0806
const ETHERTYPE_IPV6 = 0x86dd
const ICMPV6 = 58
const NEIGHBOR_SOLICITATION = 135
const NEIGHBOR_ADVERTISEMENT = 136
const SOURCE_LINK_LAYER_ADDRESS = 1
const TARGET_LINK_LAYER_ADDRESS = 2
const FLAG_SOLICITED = 0x40000000
const FLAG_OVERRIDE = 0x20000000

/** What a frame says about one address. */
export interface AddressFrame {
  /** `ask`: who has it? `probe`: as ask, by one that thinks of taking it; `answer`: to one asker; `announce`: to all, without being asked */
  readonly kind: 'ask' | 'probe' | 'answer' | 'announce'
  /** in canonical form */
  readonly address: string
  /** of an ask or probe the sender's, of an answer or announcement the one where the address is said to be */
  readonly mac: string
}

/**
 * Reads an Ethernet frame.
 * @returns nothing for what is neither ARP for IPv4 nor a neighbour solicitation or advertisement; two for a request of a sender that
 *   names an address of its own: it asks for one and thereby announces the other
 */
export function readAddressFrames(frame: Buffer): AddressFrame[] {
  if (frame.length < 42) return []
  const etherType = frame.readUInt16BE(12)
  if (etherType === ETHERTYPE_ARP) return readArp(frame)
  return etherType === ETHERTYPE_IPV6 ? readNdp(frame) : []
}

function readArp(frame: Buffer): AddressFrame[] {
  const operation = frame.readUInt16BE(20)
  const mac = macAt(frame, 22)
  const sender = frame.readUInt32BE(28)
  const target = frame.readUInt32BE(38)
  const address = (value: number) => formatAddress({ family: 4, value })
  if (operation === 2) {
    const broadcast = frame.readUIntBE(0, 6) === 0xffffffffffff
    return [{ kind: broadcast ? 'announce' : 'answer', address: address(sender), mac }]
  }
  if (operation !== 1) return []
  if (sender === 0) return [{ kind: 'probe', address: address(target), mac }]
  const announced: AddressFrame = { kind: 'announce', address: address(sender), mac }
  return sender === target ? [announced] : [{ kind: 'ask', address: address(target), mac }, announced]
}

function readNdp(frame: Buffer): AddressFrame[] {
  if (frame.length < 78 || frame[20] !== ICMPV6) return []
  const type = frame[54]
  if (type !== NEIGHBOR_SOLICITATION && type !== NEIGHBOR_ADVERTISEMENT) return []
  const address = ipv6At(frame, 62)
  const optionType = type === NEIGHBOR_SOLICITATION ? SOURCE_LINK_LAYER_ADDRESS : TARGET_LINK_LAYER_ADDRESS
  const mac = linkLayerOption(frame, optionType) ?? macAt(frame, 6)
  if (type === NEIGHBOR_SOLICITATION) {
    const unspecified = frame.subarray(22, 38).every(byte => byte === 0)
    return [{ kind: unspecified ? 'probe' : 'ask', address, mac }]
  }
  const toAll = frame[38] === 0xff
  return [{ kind: toAll ? 'announce' : 'answer', address, mac }]
}

function linkLayerOption(frame: Buffer, wanted: number): string | undefined {
  let offset = 78
  while (offset + 8 <= frame.length) {
    const length = frame[offset + 1]! * 8
    if (length === 0) return undefined
    if (frame[offset] === wanted) return macAt(frame, offset + 2)
    offset += length
  }
  return undefined
}

/** One that speaks on a segment. */
export interface Speaking {
  readonly mac: string
  /** own addresses that it asks from */
  readonly ipv4: string
  readonly ipv6: string
}

/** A question to all who has an address, by one that means to talk to it (RFC 826; RFC 4861 §7.2.2). */
export function askFrame(from: Speaking, address: string): Uint8Array {
  const { family } = parsed(address)
  if (family === 4) return arp(1, BROADCAST, from.mac, [from.mac, from.ipv4], [ZERO_MAC, address])
  return ndp(NEIGHBOR_SOLICITATION, 0, from, { from: from.ipv6, to: solicitedNode(address), target: address })
}

/** A question by one that thinks of taking the address (RFC 5227 §2.1.1; RFC 4862 §5.4.2). */
export function probeFrame(from: Speaking, address: string): Uint8Array {
  const { family } = parsed(address)
  if (family === 4) return arp(1, BROADCAST, from.mac, [from.mac, '0.0.0.0'], [ZERO_MAC, address])
  return ndp(NEIGHBOR_SOLICITATION, 0, from, { from: '::', to: solicitedNode(address), target: address })
}

/** A claim that nobody asked for (RFC 5227 §2.3; RFC 4861 §7.2.6). */
export function claimFrame(from: Speaking, address: string): Uint8Array {
  const { family } = parsed(address)
  if (family === 4) return arp(1, BROADCAST, from.mac, [from.mac, address], [ZERO_MAC, address])
  return ndp(NEIGHBOR_ADVERTISEMENT, FLAG_OVERRIDE, from, { from: address, to: 'ff02::1', target: address })
}

/** A claim that looks like an answer to one host alone; only that one learns of it. */
export function answerFrame(from: Speaking, to: Speaking, address: string): Uint8Array {
  const { family } = parsed(address)
  if (family === 4) return arp(2, to.mac, from.mac, [from.mac, address], [to.mac, to.ipv4])
  const flags = FLAG_SOLICITED | FLAG_OVERRIDE
  return ndp(NEIGHBOR_ADVERTISEMENT, flags, from, { from: address, to: to.ipv6, target: address }, to.mac)
}

const BROADCAST = 'ff:ff:ff:ff:ff:ff'
const ZERO_MAC = '00:00:00:00:00:00'

function arp(operation: number, to: string, from: string, sender: [string, string], target: [string, string]): Buffer {
  const head = Buffer.from([0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, operation])
  const pair = ([mac, address]: [string, string]) => [macBytes(mac), addressBytes(address)]
  return Buffer.concat([macBytes(to), macBytes(from), head, ...pair(sender), ...pair(target)])
}

function ndp(
  type: number,
  flags: number,
  sender: Speaking,
  addresses: { from: string; to: string; target: string },
  toMac?: string,
): Buffer {
  const [from, to] = [addressBytes(addresses.from), addressBytes(addresses.to)]
  // RFC 4862 §5.4.2: a probe, which comes from no address, names no link-layer address either.
  const isProbe = addresses.from === '::'
  const optionType = type === NEIGHBOR_SOLICITATION ? SOURCE_LINK_LAYER_ADDRESS : TARGET_LINK_LAYER_ADDRESS
  const option = isProbe ? Buffer.alloc(0) : Buffer.concat([Buffer.from([optionType, 1]), macBytes(sender.mac)])
  const message = Buffer.concat([Buffer.from([type, 0, 0, 0, 0, 0, 0, 0]), addressBytes(addresses.target), option])
  message.writeUInt32BE(flags, 4)
  const ip = Buffer.concat([Buffer.from([0x60, 0, 0, 0, 0, message.length, ICMPV6, 255]), from, to])
  const pseudoHeader = Buffer.concat([from, to, Buffer.from([0, 0, 0, message.length, 0, 0, 0, ICMPV6])])
  message.writeUInt16BE(internetChecksum(Buffer.concat([pseudoHeader, message])), 2)
  // RFC 2464 §7: 33:33 and the last four bytes of the group
  const destination =
    toMac === undefined ? Buffer.concat([Buffer.from([0x33, 0x33]), to.subarray(12)]) : macBytes(toMac)
  return Buffer.concat([destination, macBytes(sender.mac), Buffer.from([0x86, 0xdd]), ip, message])
}

function internetChecksum(bytes: Buffer): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

/** RFC 4291 §2.7.1: the group of all nodes that have an address with these last 24 bits. */
function solicitedNode(address: string): string {
  const bytes = addressBytes(address)
  return `ff02::1:ff${hex(bytes.subarray(13, 14))}:${hex(bytes.subarray(14, 16))}`
}

function parsed(address: string) {
  const result = parseAddress(address)
  if (result === undefined) throw new Error(`the test's address ${address} cannot be read`)
  return result
}

function addressBytes(address: string): Buffer {
  const { family, value } = parsed(address)
  return Buffer.from(value.toString(16).padStart(family === 4 ? 8 : 32, '0'), 'hex')
}

const macBytes = (mac: string) => Buffer.from(mac.replaceAll(':', ''), 'hex')
const hex = (bytes: Buffer) => bytes.toString('hex')
const macAt = (frame: Buffer, offset: number) => hex(frame.subarray(offset, offset + 6)).replace(/..(?!$)/g, '$&:')
const texts = new Map<string, string>()

/** Printing IPv6 is slow, and a capture names the same addresses thousands of times. */
function ipv6At(frame: Buffer, offset: number): string {
  const key = hex(frame.subarray(offset, offset + 16))
  let text = texts.get(key)
  if (text === undefined) {
    text = formatAddress({ family: 6, value: BigInt(`0x${key}`) })
    texts.set(key, text)
  }
  return text
}
