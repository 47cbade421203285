import { createServer, type Server, type Socket } from 'node:net'
import { connectTcp } from '../../src/io/tcp.ts'
import { address } from '../../test/support/addresses.ts'
import type { NetworkNamespace } from '../../test/support/netns.ts'
import { MessageCounter, monotonicMs } from './message-counter.ts'

export interface GateInit {
  /** where announcers call, on all addresses of the namespace */
  readonly port: number
  /** the address from which it calls the router */
  readonly from: string
  readonly router: string
}

const BGP_PORT = 179

/**
 * Stands before a router in its namespace and lets one call through. It tells when the call came, for announcers try again at moments of their own, and
 * counts what they say.
 */
export class Gate {
  readonly counter = new MessageCounter()
  /** when the call came */
  openedMs = Number.NaN
  readonly #namespace: NetworkNamespace
  readonly #init: GateInit
  readonly #server: Server
  readonly #sockets: Socket[] = []

  constructor(namespace: NetworkNamespace, init: GateInit) {
    this.#namespace = namespace
    this.#init = init
    this.#server = createServer({ noDelay: true, pauseOnConnect: true }, socket => void this.#pass(socket))
    namespace.enter(() => this.#server.listen(init.port))
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  async #pass(near: Socket): Promise<void> {
    near.on('error', () => {})
    if (this.#sockets.length > 0) {
      near.destroy()
      return
    }
    this.openedMs = monotonicMs()
    this.#sockets.push(near)
    const { from, router } = this.#init
    const far = await this.#namespace.enter(() =>
      connectTcp({ localAddress: address(from), remoteAddress: address(router), remotePort: BGP_PORT, ttl: 1 }),
    )
    far.setNoDelay(true)
    far.on('error', () => {})
    this.#sockets.push(far)
    near.on('data', chunk => {
      far.write(chunk)
      this.counter.push(chunk as Buffer)
    })
    far.pipe(near)
    near.once('close', () => far.destroy())
    near.resume()
  }
}
