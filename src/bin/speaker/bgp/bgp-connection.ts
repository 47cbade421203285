import type { Socket } from 'node:net'
import type { AttributeProblem } from '../../../bgp/codec/attribute-problem.ts'
import { BASIC_OPTIONS, type CodecOptions } from '../../../bgp/codec/codec-options.ts'
import { decodeMessage } from '../../../bgp/codec/decode-message.ts'
import { encodeMessage } from '../../../bgp/codec/encode-message.ts'
import { Framer } from '../../../bgp/codec/framer.ts'
import { MAX_EXTENDED_MESSAGE_LENGTH, MAX_MESSAGE_LENGTH } from '../../../bgp/codec/layout.ts'
import type { ProtocolError } from '../../../bgp/error-codes.ts'
import type { Message } from '../../../bgp/message.ts'
import type { CancelTimer, Clock } from '../../../io/clock.ts'
import { connectionCause } from './connection-cause.ts'

export interface BgpConnectionInit {
  onMessage(message: Message): void
  /** RFC 7606: faults of an UPDATE that the session survives */
  onProblems(problems: readonly AttributeProblem[]): void
  /** nothing more can be read from the stream */
  onProtocolError(error: ProtocolError): void
  /** the peer or the network ended it: not after close() */
  onClosed(cause: string): void
  /** what was written has left: there is room for more */
  onDrain(): void
  /** the socket is gone, whoever ended it; the last call */
  onGone(): void
}

/** A turn of the event loop belongs to all peers: one that floods is read in portions, and its TCP window closes meanwhile. */
const FRAMES_PER_TURN = 64
const BYTES_PER_TURN = 64 * 1024
/** a peer that does not close after the last message is left after this time */
const LINGER_MS = 1_000

/** One TCP connection with a peer: bytes to messages and back. It reads no more than is worked off, and knows when the peer takes no more. */
export class BgpConnection {
  readonly #clock: Clock
  readonly #socket: Socket
  readonly #init: BgpConnectionInit
  readonly #framer = new Framer()
  #options: CodecOptions = BASIC_OPTIONS
  #cancelTurn: CancelTimer | undefined
  #cancelLinger: CancelTimer = () => {}
  /** nothing that arrives counts any more */
  #deaf = false
  #closing = false
  #cause = 'the peer closed the connection'

  constructor({ clock, socket }: { clock: Clock; socket: Socket }, init: BgpConnectionInit) {
    this.#clock = clock
    this.#socket = socket
    this.#init = init
    socket.setNoDelay(true)
    socket.on('data', chunk => this.#onData(chunk as Buffer))
    socket.on('drain', () => {
      if (!this.#closing) this.#init.onDrain()
    })
    socket.on('error', error => {
      this.#cause = connectionCause(error)
    })
    socket.on('close', () => this.#onClose())
  }

  /** as text, without a zone */
  get localAddress(): string {
    return withoutZone(this.#socket.localAddress ?? '')
  }

  get remoteAddress(): string {
    return withoutZone(this.#socket.remoteAddress ?? '')
  }

  /** more bytes wait to leave than is good */
  get blocked(): boolean {
    return this.#socket.writableNeedDrain
  }

  /** bytes that the peer has not taken */
  get unsentBytes(): number {
    return this.#socket.writableLength
  }

  /** bytes that have left, to tell a slow peer from one that takes nothing (RFC 9687) */
  get sentBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength
  }

  /** From now on messages are read and written as the session has negotiated. */
  setOptions(options: CodecOptions): void {
    this.#options = options
    this.#framer.maxMessageLength = options.extendedMessage ? MAX_EXTENDED_MESSAGE_LENGTH : MAX_MESSAGE_LENGTH
  }

  send(message: Message): void {
    this.write(encodeMessage(message, this.#options))
  }

  write(bytes: Uint8Array): void {
    if (!this.#closing && this.#socket.writable) this.#socket.write(bytes)
  }

  /** Lets several writes leave as one. */
  batch(write: () => void): void {
    this.#socket.cork()
    write()
    this.#socket.uncork()
  }

  /**
   * Ends the connection, after what was written has left. It goes on reading until the peer closes too: a socket closed over unread bytes
   * resets the connection, and the reset overtakes a NOTIFICATION at the peer.
   */
  close(options: { abort?: boolean } = {}): void {
    if (this.#closing) return
    this.#closing = true
    this.#deaf = true
    this.#cancelTurn?.()
    if (options.abort) {
      this.#socket.resetAndDestroy()
      return
    }
    this.#socket.resume()
    this.#socket.end()
    this.#cancelLinger = this.#clock.setTimer(() => this.#socket.destroy(), LINGER_MS)
  }

  #onData(chunk: Buffer): void {
    if (this.#deaf) return
    this.#framer.push(chunk)
    if (!this.#cancelTurn) this.#read()
  }

  #read(): void {
    this.#cancelTurn = undefined
    let bytes = 0
    for (let frames = 0; frames < FRAMES_PER_TURN && bytes < BYTES_PER_TURN; frames++) {
      const framed = this.#framer.next()
      if (!framed) {
        if (this.#socket.isPaused()) this.#socket.resume()
        return
      }
      if ('error' in framed) {
        this.#fail(framed.error)
        return
      }
      bytes += framed.frame.body.length
      const decoded = decodeMessage(framed.frame, this.#options)
      if ('error' in decoded) {
        this.#fail(decoded.error)
        return
      }
      if (decoded.problems && decoded.problems.length > 0) this.#init.onProblems(decoded.problems)
      this.#init.onMessage(decoded.message)
      if (this.#deaf) return
    }
    this.#socket.pause()
    this.#cancelTurn = this.#clock.setTimer(() => this.#read(), 0)
  }

  #fail(error: ProtocolError): void {
    this.#deaf = true
    this.#socket.resume()
    this.#init.onProtocolError(error)
  }

  #onClose(): void {
    this.#cancelTurn?.()
    this.#cancelLinger()
    if (!this.#closing) {
      this.#closing = true
      this.#deaf = true
      this.#init.onClosed(this.#cause)
    }
    this.#init.onGone()
  }
}

function withoutZone(address: string): string {
  return address.split('%')[0]!
}
