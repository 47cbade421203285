import type { DatagramBatch, OutgoingDatagram, UdpSocket, UdpSocketInit } from '../../../src/io/udp.ts'
import { type Address, formatAddress, sameAddress } from '../../../src/ip/address.ts'

interface Datagram {
  readonly payload: Uint8Array
  readonly source: Address
  readonly sourcePort: number
  readonly destination: Address
  readonly ttl: number
}

/** UDP between hosts in memory: what is sent to an address arrives at the socket that is bound to the port there. */
export class MemoryUdp {
  /** faults: a partition, one way or both. By default everything passes. */
  passes: (from: MemoryUdpHost, to: MemoryUdpHost) => boolean = () => true
  readonly #hosts: MemoryUdpHost[] = []

  addHost(addresses: readonly Address[]): MemoryUdpHost {
    const host = new MemoryUdpHost(this, addresses)
    this.#hosts.push(host)
    return host
  }

  /** @internal */
  transmit(from: MemoryUdpHost, { payload, address, port }: OutgoingDatagram, sourcePort: number, ttl: number): void {
    const to = this.#hosts.find(host => host.addresses.some(own => sameAddress(own, address)))
    const source = from.addresses.find(({ family }) => family === address.family)
    if (!to || !source || !this.passes(from, to)) return
    const datagram = { payload: payload.slice(), source, sourcePort, destination: address, ttl }
    queueMicrotask(() => to.receive(datagram, port))
  }
}

/** The addresses of one host and its open sockets. */
export class MemoryUdpHost {
  readonly addresses: readonly Address[]
  /** every socket that is opened from now on fails with it */
  refuse: ((init: UdpSocketInit) => Error | undefined) | undefined
  readonly #network: MemoryUdp
  readonly #sockets = new Set<MemoryUdpSocket>()
  #paused = false

  constructor(network: MemoryUdp, addresses: readonly Address[]) {
    this.#network = network
    this.addresses = addresses
  }

  /** An OpenUdpSocket for this host. */
  readonly open = (init: UdpSocketInit): UdpSocket => {
    const refused = this.refuse?.(init)
    if (refused) throw refused
    const socket = new MemoryUdpSocket(this, init)
    this.#sockets.add(socket)
    return socket
  }

  /** how each open socket was opened */
  get inits(): UdpSocketInit[] {
    return [...this.#sockets].map(({ init }) => init)
  }

  /** open sockets; 0 after a clean stop() */
  get openSockets(): number {
    return this.#sockets.size
  }

  /** While the process does not run, datagrams wait in its sockets. */
  setPaused(paused: boolean): void {
    this.#paused = paused
    if (!paused) for (const socket of [...this.#sockets]) socket.wake()
  }

  /** @internal */
  get paused(): boolean {
    return this.#paused
  }

  /** @internal */
  transmit(datagram: OutgoingDatagram, sourcePort: number, ttl: number): void {
    this.#network.transmit(this, datagram, sourcePort, ttl)
  }

  /** @internal */
  receive(datagram: Datagram, port: number): void {
    for (const socket of [...this.#sockets]) {
      if (socket.localPort === port && socket.family === datagram.source.family) socket.receive(datagram)
    }
  }

  /** @internal */
  detach(socket: MemoryUdpSocket): void {
    this.#sockets.delete(socket)
  }
}

class MemoryUdpSocket implements UdpSocket {
  readonly localPort: number
  readonly family: 4 | 6
  readonly #host: MemoryUdpHost
  readonly init: UdpSocketInit
  #queue: Datagram[] = []
  #paused = false
  #closed = false

  constructor(host: MemoryUdpHost, init: UdpSocketInit) {
    if (!init.port) throw new Error('a socket in memory needs a port')
    this.localPort = init.port
    this.family = init.family
    this.#host = host
    this.init = init
  }

  send(datagrams: readonly OutgoingDatagram[]): number {
    if (this.#closed) return 0
    for (const datagram of datagrams) {
      if (datagram.address.family !== this.family) {
        throw new TypeError(`${formatAddress(datagram.address)} is not of the socket's family`)
      }
      this.#host.transmit(datagram, this.localPort, this.init.ttl ?? 64)
    }
    return datagrams.length
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.wake()
  }

  discard(): number {
    return this.#queue.splice(0).length
  }

  close(): void {
    this.#closed = true
    this.#queue = []
    this.#host.detach(this)
  }

  receive(datagram: Datagram): void {
    if (this.#closed) return
    this.#queue.push(datagram)
    this.wake()
  }

  wake(): void {
    if (this.#queue.length > 0) queueMicrotask(() => this.#deliver())
  }

  #deliver(): void {
    if (this.#host.paused || this.#paused || this.#closed || this.#queue.length === 0) return
    const datagrams = this.#queue.splice(0)
    const batch: DatagramBatch = {
      count: datagrams.length,
      payload: i => datagrams[i]!.payload,
      sourceAddress: i => datagrams[i]!.source,
      sourcePort: i => datagrams[i]!.sourcePort,
      destinationAddress: i => datagrams[i]!.destination,
      interfaceIndex: () => 1,
      ttl: i => datagrams[i]!.ttl,
    }
    this.init.onBatch(batch)
    // the real buffers are reused
    for (const { payload } of datagrams) payload.fill(0xee)
  }
}
