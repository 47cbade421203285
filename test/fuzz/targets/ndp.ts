import assert from 'node:assert/strict'
import { heardNdpOffset, hearNdp } from '../../../src/ndp/hear.ts'
import { storeChecksum } from '../../../src/ndp/icmpv6-frame.ts'
import { decodeNdpFrame, encodeNdpFrame } from '../../../src/ndp/packet.ts'
import { NDP_ANSWER_LENGTH, NdpResponder } from '../../../src/ndp/responder.ts'
import {
  announced,
  duplicateProbe,
  ownLinkLocal,
  ownMac,
  reachabilityProbe,
  solicitation,
  unsolicited,
} from '../../support/neighbors.ts'
import { bytesFormat } from '../bytes-format.ts'
import type { FuzzTarget } from '../target.ts'

const nonce = new Uint8Array(6).fill(7)
const seeds = [
  solicitation,
  reachabilityProbe,
  duplicateProbe,
  { ...duplicateProbe, message: { ...duplicateProbe.message, nonce } },
  { ...solicitation, message: { ...solicitation.message, nonce, targetLinkLayerAddress: 0x02005e0000ff } },
  unsolicited,
  // and near misses
  { ...solicitation, sourceAddress: announced },
  { ...solicitation, sourceAddress: 0n },
  { ...solicitation, source: 0x01005e000001 },
  { ...unsolicited, message: { ...unsolicited.message, solicited: true } },
].map(encodeNdpFrame)

/** Makes the checksum of a frame right that has room for one. */
export function repairChecksum(bytes: Uint8Array): void {
  if (bytes.length >= 58) storeChecksum(bytes)
}

/** asked by every input, for the counts of its rules */
export const responder = new NdpResponder({ mac: ownMac, linkLocal: ownLinkLocal })
responder.addresses.set(announced, { requestsReceived: 0, responsesSent: 0, gratuitousSent: 0 })
const reply = new Uint8Array(NDP_ANSWER_LENGTH)

export const ndp: FuzzTarget = {
  name: 'ndp',
  format: bytesFormat({ repair: repairChecksum, maxLength: 200 }),
  seeds,
  check(bytes) {
    const message = dissect(bytes)
    assert.equal('frame' in decodeNdpFrame(bytes), message !== undefined, hex(bytes))
    const heard = message && said(message)
    assert.deepEqual(hearNdp(bytes), heard, hex(bytes))
    if (heard) assert.equal(address(hex(bytes).substr(heardNdpOffset(bytes) * 2, 32)), heard.address)
    const accepted = responder.accept(bytes) !== undefined
    assert.equal(accepted, message !== undefined && isQuestion(message), hex(bytes))
    if (!accepted || !message) return heard ? 'heard' : 'dropped'
    responder.answer(bytes, reply)
    const toAll = message.source === UNSPECIFIED
    assert.deepEqual(dissect(reply), {
      destinationMac: toAll ? '333300000001' : (message.options.get('01') ?? message.sourceMac),
      sourceMac: '02005e000002',
      source: 'fe8000000000000000005efffe000002',
      destination: toAll ? 'ff020000000000000000000000000001' : message.source,
      type: '88',
      flags: toAll ? '20' : '60',
      target: ANNOUNCED,
      options: new Map([['02', '02005e000002']]),
    })
    return heard ? 'answered and heard' : 'answered'
  },
}

// The same judgements as the code's, made in another way: on the frame as a text of hexadecimal digits.

const UNSPECIFIED = '0'.repeat(32)
const ANNOUNCED = '20010db8000000000000000000000001'
const STATION = /^(?!0{12}).[02468ace]/

interface Dissected {
  destinationMac: string
  sourceMac: string
  source: string
  destination: string
  type: string
  flags: string
  target: string
  /** the content of the first option of each type */
  options: Map<string, string>
}

/** The parts of a valid solicitation or advertisement; undefined for everything else. */
function dissect(bytes: Uint8Array): Dissected | undefined {
  const header = /^(.{12})(.{12})86dd6.{7}(.{4})3aff(.{32})(.{32})(.*)$/.exec(hex(bytes))
  if (!header) return undefined
  const [, destinationMac, sourceMac, length, source, destination, rest] = header as unknown as string[]
  const message = rest!.slice(0, Number(`0x${length}`) * 2)
  if (message.length !== Number(`0x${length}`) * 2) return undefined
  const parts = /^(8[78])00.{4}(..).{6}((?!ff).{32})(.*)$/.exec(message)
  if (!parts) return undefined
  const [, type, flags, target, tail] = parts as unknown as string[]
  // RFC 1071 §2: the words of a packet whose checksum is right add up to a multiple of 65535.
  const summed = `${source}${destination}0000${length}0000003a${message}`
  if (BigInt(`0x${summed}${'0'.repeat((4 - (summed.length % 4)) % 4)}`) % 65535n !== 0n) return undefined
  const options = takeOptions(tail!)
  if (!options || source!.startsWith('ff')) return undefined
  if (source === UNSPECIFIED && type === '87') {
    if (!destination!.startsWith('ff0200000000000000000001ff') || options.has('01')) return undefined
  }
  if (type === '88' && destination!.startsWith('ff') && /^[4567cdef]/.test(flags!)) return undefined
  return {
    destinationMac: destinationMac!,
    sourceMac: sourceMac!,
    source: source!,
    destination: destination!,
    type: type!,
    flags: flags!,
    target: target!,
    options,
  }
}

function takeOptions(tail: string): Map<string, string> | undefined {
  const options = new Map<string, string>()
  while (tail !== '') {
    const length = Number(`0x${tail.slice(2, 4)}`) * 16
    if (!(length > 0) || length > tail.length) return undefined
    const type = tail.slice(0, 2)
    if (!options.has(type)) options.set(type, tail.slice(4, length))
    tail = tail.slice(length)
  }
  // On Ethernet a link-layer address is six bytes long.
  if ([options.get('01'), options.get('02')].some(mac => mac !== undefined && mac.length !== 12)) return undefined
  return options
}

/** True if the message is a question for the announced address that must be answered. */
function isQuestion({ type, destinationMac, sourceMac, source, target, options }: Dissected): boolean {
  const own = '02005e000002'
  const asker = options.get('01') ?? sourceMac
  return (
    type === '87' &&
    target === ANNOUNCED &&
    source !== ANNOUNCED &&
    (destinationMac === own || destinationMac.startsWith('3333ff')) &&
    [asker, sourceMac].every(mac => mac !== own && STATION.test(mac))
  )
}

function said({ type, sourceMac, source, target, options }: Dissected): ReturnType<typeof hearNdp> {
  const mac = options.get(type === '87' ? '01' : '02') ?? sourceMac
  if (!STATION.test(mac) || !STATION.test(sourceMac)) return undefined
  const from = { mac: Number(`0x${mac}`) }
  if (type === '88') return { kind: 'claim', address: address(target), ...from }
  if (source === UNSPECIFIED) return { kind: 'probe', address: address(target), ...from }
  return { kind: 'claim', address: address(source), ...from }
}

function address(digits: string): bigint {
  return BigInt(`0x${digits}`)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
