import { SessionState } from '../../../src/bfd/packet.ts'
import { type PeerConfig, SessionSet, type SessionSetAction } from '../../../src/bfd/session-set.ts'
import { openUdpSocket, type UdpSocket } from '../../../src/io/udp.ts'
import type { Address } from '../../../src/ip/address.ts'
import type { NetworkNamespace } from '../netns.ts'
import { seededRandom } from './network.ts'

export interface UdpEndInit {
  readonly namespace: NetworkNamespace
  readonly family: 4 | 6
  readonly peer: PeerConfig
  /** where packets arrive, on both sides; default 3784 (RFC 5881 §4) */
  readonly port?: number
  /** where they are sent from; RFC 5881 §4 wants 49152–65535; default 49152 */
  readonly sourcePort?: number
  /** TTL of what is sent; default 255 */
  readonly ttl?: number
}

/** One BFD session over real UDP sockets and the real clock: just enough of a driver for tests. */
export class UdpEnd {
  /** `up 1234.5`: states entered, with the time */
  readonly states: { state: SessionState; diagnostic: number; atMs: number }[] = []
  readonly errors: Error[] = []
  readonly set: SessionSet
  readonly #init: UdpEndInit
  readonly #receiver: UdpSocket
  readonly #sender: UdpSocket
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(init: UdpEndInit) {
    this.#init = init
    this.set = new SessionSet(
      { random: seededRandom(Math.floor(Math.random() * 2 ** 31)) },
      {
        peerOf: ({ source }) => (init.peer.addresses.some(({ value }) => value === source.value) ? 'peer' : undefined),
      },
    )
    const { family, ttl = 255, port = 3784, sourcePort = 49152 } = init
    const onError = (error: Error) => this.errors.push(error)
    const onBatch = (batch: Parameters<Parameters<typeof openUdpSocket>[0]['onBatch']>[0]) => {
      for (let i = 0; i < batch.count; i++) {
        const arrival = { source: batch.sourceAddress(i), ttl: batch.ttl(i) }
        this.#perform(this.set.receive(batch.payload(i), arrival, performance.now()))
      }
    }
    this.#receiver = init.namespace.enter(() => openUdpSocket({ family, port, ttl, onBatch, onError }))
    this.#sender =
      sourcePort === port
        ? this.#receiver
        : init.namespace.enter(() => openUdpSocket({ family, port: sourcePort, ttl, onBatch, onError }))
    this.configure(init.peer)
  }

  get state(): SessionState | undefined {
    return this.set.session('peer')?.state
  }

  get isUp(): boolean {
    return this.state === SessionState.up
  }

  configure(peer: PeerConfig): void {
    this.#perform(this.set.setPeers(new Map([['peer', peer]]), performance.now()))
  }

  adminDown(): void {
    this.#perform(this.set.adminDown(performance.now()))
  }

  /** Falls silent at once, as a process that is killed. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#receiver.close()
    if (this.#sender !== this.#receiver) this.#sender.close()
  }

  #perform(actions: readonly SessionSetAction[]): void {
    for (const action of actions) {
      if (action.type === 'send') this.#send(action.address, action.payload)
      else this.states.push({ state: action.state, diagnostic: action.diagnostic, atMs: performance.now() })
    }
    clearTimeout(this.#timer)
    const { dueMs } = this.set
    if (dueMs === undefined || this.#closed) return
    const waitMs = Math.max(0, dueMs - performance.now())
    this.#timer = setTimeout(() => this.#perform(this.set.timer(performance.now())), Math.ceil(waitMs))
  }

  #send(address: Address, payload: Uint8Array): void {
    this.#sender.send([{ address, payload, port: this.#init.port ?? 3784 }])
  }
}
