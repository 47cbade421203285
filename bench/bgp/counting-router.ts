import { createServer, type Server, type Socket } from 'node:net'
import { BASIC_OPTIONS } from '../../src/bgp/codec/codec-options.ts'
import { encodeMessage } from '../../src/bgp/codec/encode-message.ts'
import { MessageType } from '../../src/bgp/codec/layout.ts'
import type { Message } from '../../src/bgp/message.ts'
import { openOf } from '../../test/support/bgp/scripted-peer.ts'
import type { NetworkNamespace } from '../../test/support/netns.ts'
import { MessageCounter } from './message-counter.ts'

const OCTETS_OF_PREFIX = 5

/** Takes all calls to a port as a router would, on any of its addresses, and only counts what it is told. */
export class CountingRouter {
  readonly #server: Server
  readonly #sessions = new Map<Socket, MessageCounter>()
  #established = 0
  #onUpdate = () => {}

  constructor(namespace: NetworkNamespace, port: number) {
    this.#server = createServer({ noDelay: true }, socket => this.#take(socket))
    namespace.enter(() => this.#server.listen(port))
  }

  /** Whether there are so many sessions, and each has been told at least as much as so many host routes need. */
  knows(prefixes: number, { sessions }: { sessions: number }): boolean {
    const counters = [...this.#sessions.values()]
    return this.#established === sessions && counters.every(({ octets }) => octets >= prefixes * OCTETS_OF_PREFIX)
  }

  /** When the last session has been told something from now on. */
  untilAllTold(): Promise<number> {
    const before = new Map([...this.#sessions.values()].map(counter => [counter, counter.updates]))
    const { promise, resolve } = Promise.withResolvers<number>()
    this.#onUpdate = () => {
      if ([...before].some(([counter, updates]) => counter.updates === updates)) return
      resolve(Math.max(...[...before.keys()].map(({ lastUpdateMs }) => lastUpdateMs)))
    }
    return promise
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sessions.keys()) socket.destroy()
  }

  #take(socket: Socket): void {
    const say = (message: Message) => socket.write(encodeMessage(message, BASIC_OPTIONS))
    const counter = new MessageCounter(type => {
      if (type === MessageType.open) {
        this.#established++
        say(openOf())
      }
      // The first says yes to their OPEN; then it speaks as often as they do.
      if (type === MessageType.open || type === MessageType.keepalive) say({ type: 'keepalive' })
      if (type === MessageType.update) this.#onUpdate()
    })
    this.#sessions.set(socket, counter)
    socket.on('error', () => {})
    socket.on('data', chunk => counter.push(chunk as Buffer))
    socket.once('close', () => this.#sessions.delete(socket))
  }
}
