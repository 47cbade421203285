import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { BASIC_OPTIONS, type CodecOptions } from '../../../src/bgp/codec/codec-options.ts'
import { decodeMessage } from '../../../src/bgp/codec/decode-message.ts'
import { encodeMessage } from '../../../src/bgp/codec/encode-message.ts'
import { Framer } from '../../../src/bgp/codec/framer.ts'
import type { Capability, Message, OpenMessage } from '../../../src/bgp/message.ts'
import { eventually } from '../processes.ts'

type MessageOf<T extends Message['type']> = Extract<Message, { type: T }>

const sessionOptions: CodecOptions = { ...BASIC_OPTIONS, fourOctetAs: true }

/** The OPEN of a well-behaved peer: AS 64512, IPv4 unicast. */
export function openOf(
  change: Partial<OpenMessage> = {},
  capabilities: readonly Capability[] = [
    { type: 'multiprotocol', afi: 1, safi: 1 },
    { type: 'routeRefresh' },
    { type: 'fourOctetAs', asNumber: 64512 },
  ],
): OpenMessage {
  return {
    type: 'open',
    version: 4,
    asNumber: 64512,
    holdTimeSeconds: 90,
    bgpIdentifier: 0xc0000263,
    capabilities,
    ...change,
  }
}

/** A message of this type with this body, whatever they are; `length`: what its header says, if not the truth. */
export function rawMessage(type: number, body: Uint8Array | readonly number[], length = 19 + body.length): Uint8Array {
  const bytes = new Uint8Array(19 + body.length).fill(0xff, 0, 16)
  bytes.set([length >> 8, length & 255, type], 16)
  bytes.set(body, 19)
  return bytes
}

/** One connection with the speaker, whose other end says what the test tells it to. */
export class ScriptedConnection {
  readonly socket: Socket
  /** what the speaker has sent, in order; refused frames end it */
  readonly received: Message[] = []
  /** bytes of the messages, with the same index */
  readonly frames: number[] = []
  ended = false
  readonly #framer = new Framer()

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('data', chunk => this.#onData(chunk as Buffer))
    socket.on('close', () => {
      this.ended = true
    })
  }

  send(...messages: readonly (Message | Uint8Array)[]): void {
    for (const message of messages) {
      this.socket.write(message instanceof Uint8Array ? message : encodeMessage(message, sessionOptions))
    }
  }

  /** Goes through OPEN and KEEPALIVE. */
  async establish(open: OpenMessage = openOf()): Promise<void> {
    await this.next('open')
    this.send(open, { type: 'keepalive' })
    await this.next('keepalive')
  }

  /** Waits for the `count`-th message of a type. */
  next<T extends Message['type']>(type: T, count = 1, timeoutMs = 10_000): Promise<MessageOf<T>> {
    const probe = () => this.all(type)[count - 1]
    return eventually(`${type} number ${count} of the speaker`, probe, { timeoutMs, everyMs: 5 })
  }

  all<T extends Message['type']>(type: T): MessageOf<T>[] {
    return this.received.filter((message): message is MessageOf<T> => message.type === type)
  }

  /** Waits until the speaker has ended the connection; what it said last, as `code/subcode`. */
  async untilEnded(): Promise<string> {
    await eventually('the end of the connection', () => this.ended, { timeoutMs: 10_000, everyMs: 5 })
    const last = this.all('notification').at(-1)
    return last ? `${last.code}/${last.subcode}` : 'silence'
  }

  close(): void {
    this.socket.destroy()
  }

  #onData(chunk: Buffer): void {
    this.#framer.push(chunk)
    for (let framed = this.#framer.next(); framed; framed = this.#framer.next()) {
      if ('error' in framed) throw new Error(`the speaker sent a bad header: ${framed.error.reason}`)
      const decoded = decodeMessage(framed.frame, sessionOptions)
      if ('error' in decoded) throw new Error(`the speaker sent a bad message: ${decoded.error.reason}`)
      if (decoded.problems?.length)
        throw new Error(`the speaker sent bad attributes: ${JSON.stringify(decoded.problems)}`)
      this.received.push(decoded.message)
      this.frames.push(19 + framed.frame.body.length)
    }
  }
}

/** A peer on loopback that waits for the speaker's call. */
export class ScriptedPeer {
  readonly connections: ScriptedConnection[] = []
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', socket => this.connections.push(new ScriptedConnection(socket)))
  }

  static async listen(host = '127.0.0.1'): Promise<ScriptedPeer> {
    const server = createServer()
    server.listen(0, host)
    await once(server, 'listening')
    return new ScriptedPeer(server)
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address ? address.port : 0
  }

  /** The speaker's call number `count`. */
  connection(count = 1): Promise<ScriptedConnection> {
    return eventually(`call number ${count}`, () => this.connections[count - 1], { timeoutMs: 10_000, everyMs: 5 })
  }

  close(): void {
    this.#server.close()
    for (const connection of this.connections) connection.close()
  }
}
