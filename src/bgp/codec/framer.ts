import { uint16At } from '../../wire/in-place.ts'
import { ErrorCode, HeaderSubcode, type ProtocolError } from '../error-codes.ts'
import { HEADER_LENGTH, MARKER_LENGTH, MAX_MESSAGE_LENGTH, MessageType } from './layout.ts'

/** A message whose header was checked: its type, and the bytes behind the header. */
export interface Frame {
  readonly type: MessageType
  readonly body: Uint8Array
}

export type Framed = { readonly frame: Frame } | { readonly error: ProtocolError }

/** Octets of a whole message of each type: at least, and at most where RFC 4271 §6.1 fixes them. */
const lengths: Readonly<Record<MessageType, { readonly least: number; readonly most?: number }>> = {
  // RFC 8654 §4: OPEN and KEEPALIVE are never extended.
  [MessageType.open]: { least: 29, most: MAX_MESSAGE_LENGTH },
  [MessageType.update]: { least: 23 },
  [MessageType.notification]: { least: 21 },
  [MessageType.keepalive]: { least: HEADER_LENGTH, most: HEADER_LENGTH },
  [MessageType.routeRefresh]: { least: HEADER_LENGTH },
}

/**
 * Cuts a byte stream into messages. A header is checked as soon as it is there, so that never more than one message of the largest length
 * allowed is buffered. After an error the stream has no boundaries any more: the error stays, and what is pushed is dropped.
 */
export class Framer {
  /** 4096, or 65535 once extended messages are negotiated */
  maxMessageLength: number
  /** what was pushed and not yet taken, the first from #offset on */
  readonly #chunks: Uint8Array[] = []
  #offset = 0
  readonly #header = new Uint8Array(HEADER_LENGTH)
  /** the message that spans chunks, once its length is known */
  #message: Uint8Array | undefined
  /** bytes of #header, then of #message, that are there */
  #filled = 0
  #error: ProtocolError | undefined

  constructor(init: { maxMessageLength?: number } = {}) {
    this.maxMessageLength = init.maxMessageLength ?? MAX_MESSAGE_LENGTH
  }

  /** Takes the next bytes of the stream, in any portions. Frames may be views of them, so they must not change any more. */
  push(chunk: Uint8Array): void {
    if (this.#error || chunk.length === 0) return
    // A socket's Buffers become plain arrays, of which slice() is a copy.
    this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
  }

  /** The next whole message, or why there is none any more; undefined when bytes are missing. Call it until then after each push. */
  next(): Framed | undefined {
    while (!this.#error) {
      const chunk = this.#chunks[0]
      if (!chunk) return undefined
      const frame = this.#takeWhole(chunk) ?? this.#collect(chunk)
      if (this.#offset === chunk.length) {
        this.#chunks.shift()
        this.#offset = 0
      }
      if (frame) return { frame }
    }
    this.#chunks.length = 0
    this.#message = undefined
    return { error: this.#error }
  }

  /** A message that lies in the chunk as a whole, as a view of it. */
  #takeWhole(chunk: Uint8Array): Frame | undefined {
    const start = this.#offset
    if (this.#filled > 0 || chunk.length - start < HEADER_LENGTH) return undefined
    const length = this.#checkedLength(chunk, start)
    if (length === undefined || chunk.length - start < length) return undefined
    this.#offset = start + length
    return frameOf(chunk.subarray(start, start + length))
  }

  /** Copies what the message under way lacks: its header first, which tells how much there is to come. */
  #collect(chunk: Uint8Array): Frame | undefined {
    if (this.#error) return undefined
    const target = this.#message ?? this.#header
    const part = chunk.subarray(this.#offset, this.#offset + target.length - this.#filled)
    target.set(part, this.#filled)
    this.#offset += part.length
    this.#filled += part.length
    if (!this.#message) {
      if (!this.#checkMarker(this.#header, 0, Math.min(this.#filled, MARKER_LENGTH))) return undefined
      if (this.#filled < HEADER_LENGTH) return undefined
      const length = this.#checkedLength(this.#header, 0)
      if (length === undefined) return undefined
      this.#message = new Uint8Array(length)
      this.#message.set(this.#header)
    }
    if (this.#filled < this.#message.length) return undefined
    const frame = frameOf(this.#message)
    this.#message = undefined
    this.#filled = 0
    return frame
  }

  /** The checks of RFC 4271 §6.1, in its order. */
  #checkedLength(bytes: Uint8Array, start: number): number | undefined {
    if (!this.#checkMarker(bytes, start, MARKER_LENGTH)) return undefined
    const length = uint16At(bytes, start + MARKER_LENGTH)
    const type = bytes[start + HEADER_LENGTH - 1]!
    const allowed = isMessageType(type) ? lengths[type] : { least: HEADER_LENGTH }
    if (length < allowed.least || length > Math.min(this.maxMessageLength, allowed.most ?? this.maxMessageLength)) {
      this.#fail(
        HeaderSubcode.badMessageLength,
        bytes.slice(start + MARKER_LENGTH, start + MARKER_LENGTH + 2),
        `a message of type ${type} cannot have ${length} octets`,
      )
      return undefined
    }
    if (!isMessageType(type)) {
      this.#fail(HeaderSubcode.badMessageType, Uint8Array.of(type), `there is no message type ${type}`)
      return undefined
    }
    return length
  }

  #checkMarker(bytes: Uint8Array, start: number, length: number): boolean {
    for (let index = start; index < start + length; index++) {
      if (bytes[index] === 0xff) continue
      this.#fail(HeaderSubcode.connectionNotSynchronized, new Uint8Array(0), 'the marker of a message is not all ones')
      return false
    }
    return true
  }

  #fail(subcode: HeaderSubcode, data: Uint8Array, reason: string): void {
    this.#error = { code: ErrorCode.messageHeader, subcode, data, reason }
  }
}

function isMessageType(type: number): type is MessageType {
  return type >= MessageType.open && type <= MessageType.routeRefresh
}

function frameOf(message: Uint8Array): Frame {
  return { type: message[HEADER_LENGTH - 1] as MessageType, body: message.subarray(HEADER_LENGTH) }
}
