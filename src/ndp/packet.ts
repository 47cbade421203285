import type { MacAddress } from '../wire/mac-address.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { encodeIcmpv6Frame } from './icmpv6-frame.ts'
import { endOfMessage, Flag, LINK_LAYER_OPTION_LENGTH, MessageType, Offset, OptionType } from './layout.ts'
import { isSolicitation, type NdpProblem, ndpProblem } from './validity.ts'

/** What both messages say. Of several options of one type the first counts; those of other types are passed over. */
interface NeighborMessage {
  /** the address that the message is about */
  readonly target: bigint
  readonly sourceLinkLayerAddress?: MacAddress
  readonly targetLinkLayerAddress?: MacAddress
  /** tells the sender's own messages from others' (RFC 3971 §5.3.2, RFC 7527 §4): 6 bytes, 14, 22 … */
  readonly nonce?: Uint8Array
}

export interface Solicitation extends NeighborMessage {
  readonly type: 'solicitation'
}

export interface Advertisement extends NeighborMessage {
  readonly type: 'advertisement'
  /** the sender is a router */
  readonly router: boolean
  /** it answers a solicitation, so the way to the sender works in both directions */
  readonly solicited: boolean
  /** it replaces what neighbours have learnt before */
  readonly override: boolean
}

/** An Ethernet frame with a neighbour discovery message. IPv6 addresses are unsigned 128-bit numbers. */
export interface NdpFrame {
  readonly destination: MacAddress
  readonly source: MacAddress
  readonly sourceAddress: bigint
  readonly destinationAddress: bigint
  readonly message: Solicitation | Advertisement
}

/** Reads a frame if it is valid by NDP_VALIDITY_RULES. Padding behind the message is ignored. */
export function decodeNdpFrame(bytes: Uint8Array): { frame: NdpFrame } | { problem: NdpProblem } {
  const problem = ndpProblem(bytes)
  if (problem) return { problem }
  const reader = new Reader(bytes, 0, endOfMessage(bytes))
  const destination = reader.uint48()
  const source = reader.uint48()
  reader.skip(Offset.source - Offset.etherType)
  const sourceAddress = reader.uint128()
  const destinationAddress = reader.uint128()
  reader.skip(Offset.flags - Offset.type)
  const flags = reader.uint8()
  reader.skip(3)
  const about = { target: reader.uint128(), ...readOptions(reader) }
  const message: Solicitation | Advertisement = isSolicitation(bytes)
    ? { type: 'solicitation', ...about }
    : {
        type: 'advertisement',
        router: (flags & Flag.router) !== 0,
        solicited: (flags & Flag.solicited) !== 0,
        override: (flags & Flag.override) !== 0,
        ...about,
      }
  return { frame: { destination, source, sourceAddress, destinationAddress, message } }
}

function readOptions(reader: Reader): Omit<NeighborMessage, 'target'> {
  const options: { -readonly [Name in keyof Omit<NeighborMessage, 'target'>]: NeighborMessage[Name] } = {}
  while (reader.remaining > 0) {
    const type = reader.uint8()
    const content = reader.sub(reader.uint8() * 8 - 2)
    if (type === OptionType.sourceLinkLayerAddress) options.sourceLinkLayerAddress ??= content.uint48()
    else if (type === OptionType.targetLinkLayerAddress) options.targetLinkLayerAddress ??= content.uint48()
    else if (type === OptionType.nonce) options.nonce ??= content.bytes(content.remaining).slice()
  }
  return options
}

/**
 * Writes a frame, checksum and all.
 *
 * @throws RangeError when a field does not fit
 */
export function encodeNdpFrame(frame: NdpFrame): Uint8Array {
  const { message } = frame
  const options = encodeOptions(message)
  const body = new Writer({ capacity: Offset.options - Offset.type + options.length })
    .uint8(MessageType[message.type])
    .zeros(3)
    .uint8(message.type === 'advertisement' ? flagsOf(message) : 0)
    .zeros(3)
    .uint128(message.target)
    .bytes(options)
    .finish()
  return encodeIcmpv6Frame(frame, body)
}

function flagsOf({ router, solicited, override }: Advertisement): number {
  return (router ? Flag.router : 0) | (solicited ? Flag.solicited : 0) | (override ? Flag.override : 0)
}

function encodeOptions({ sourceLinkLayerAddress, targetLinkLayerAddress, nonce }: NeighborMessage): Uint8Array {
  const writer = new Writer({ capacity: LINK_LAYER_OPTION_LENGTH })
  if (sourceLinkLayerAddress !== undefined)
    writer.uint8(OptionType.sourceLinkLayerAddress).uint8(1).uint48(sourceLinkLayerAddress)
  if (targetLinkLayerAddress !== undefined)
    writer.uint8(OptionType.targetLinkLayerAddress).uint8(1).uint48(targetLinkLayerAddress)
  if (nonce) {
    if (nonce.length % 8 !== 6) throw new RangeError(`a nonce of ${nonce.length} bytes does not fill its option`)
    writer
      .uint8(OptionType.nonce)
      .uint8((nonce.length + 2) / 8)
      .bytes(nonce)
  }
  return writer.finish()
}
