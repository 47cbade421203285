import type { FrameBatch, PacketSocket, PacketSocketInit } from '../../../src/io/packet-socket.ts'
import { bpfAccepts } from './bpf.ts'

const slots = 64
const frameSize = 512
const headerBytes = 14

/** Decides whether a frame on its way from one interface to another arrives. */
export type Passes = (frame: Uint8Array, from: MemoryPort, to: MemoryPort) => boolean

/** An Ethernet segment in memory: what one port sends, the others receive. */
export class MemorySegment {
  /** faults: a partition, a one-way deaf station, loss. By default everything passes. */
  passes: Passes = () => true
  readonly #ports = new Map<number, MemoryPort>()
  readonly #listeners = new Set<(frame: Uint8Array, from: MemoryPort) => void>()
  readonly #schedule: (deliver: () => void) => void
  #nextIndex = 1

  /** `schedule` calls back when a frame arrives; default: as soon as the present code has run. A simulation takes its clock. */
  constructor(init: { schedule?: (deliver: () => void) => void } = {}) {
    this.#schedule = init.schedule ?? queueMicrotask
  }

  /** Plugs a station in. */
  addPort(mac?: Uint8Array): MemoryPort {
    const index = this.#nextIndex++
    const port = new MemoryPort(this, index, mac ?? Uint8Array.of(2, 0, 0, 0, index >> 8, index))
    this.#ports.set(index, port)
    return port
  }

  /** A sniffer: sees every frame when it is sent, whoever receives it. Returns a function that ends it. */
  onFrame(listener: (frame: Uint8Array, from: MemoryPort) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** @internal */
  transmit(frame: Uint8Array, from: MemoryPort): void {
    for (const listener of this.#listeners) listener(frame, from)
    for (const port of this.#ports.values()) {
      if (port !== from && this.passes(frame, from, port)) this.#schedule(() => port.receive(frame))
    }
  }

  /** @internal */
  schedule(deliver: () => void): void {
    this.#schedule(deliver)
  }

  /** @internal */
  remove(port: MemoryPort): void {
    this.#ports.delete(port.interfaceIndex)
  }
}

/** A network card on a segment. It filters like hardware: broadcast, its own MAC, and the multicast groups that were joined. */
export class MemoryPort {
  readonly interfaceIndex: number
  mac: Uint8Array
  readonly #segment: MemorySegment
  readonly #sockets = new Set<MemoryPacketSocket>()
  /** MACs of the groups that the host has joined on this card, besides those of single sockets */
  readonly #groups = new Set<string>()
  #state: 'up' | 'down' | 'gone' = 'up'
  #paused = false

  constructor(segment: MemorySegment, interfaceIndex: number, mac: Uint8Array) {
    this.#segment = segment
    this.interfaceIndex = interfaceIndex
    this.mac = mac
  }

  /** An OpenPacketSocket for this card alone. */
  readonly open = (init: PacketSocketInit): PacketSocket => {
    if (init.interfaceIndex !== this.interfaceIndex || this.#state === 'gone') throw systemError('ENODEV', 'bind')
    const socket = new MemoryPacketSocket(this, init)
    this.#sockets.add(socket)
    return socket
  }

  setUp(up: boolean): void {
    const was = this.#state
    this.#state = up ? 'up' : 'down'
    if (was === 'up' && !up) this.#fail('ENETDOWN')
  }

  /** The host joins a multicast group on this card, as the kernel does for whoever asks for it. */
  joinGroup(mac: Uint8Array): void {
    this.#groups.add(mac.join())
  }

  leaveGroup(mac: Uint8Array): void {
    this.#groups.delete(mac.join())
  }

  /** While the process does not run, frames wait in its sockets. */
  setPaused(paused: boolean): void {
    this.#paused = paused
    if (!paused) for (const socket of [...this.#sockets]) socket.wake()
  }

  /** @internal */
  get paused(): boolean {
    return this.#paused
  }

  /** The card is pulled out. */
  remove(): void {
    this.#state = 'gone'
    this.#segment.remove(this)
    this.#fail('ENXIO')
  }

  /** open sockets; 0 after a clean stop() */
  get openSockets(): number {
    return this.#sockets.size
  }

  /** @internal why nothing can be sent, undefined when it can */
  get fault(): string | undefined {
    return this.#state === 'up' ? undefined : this.#state === 'down' ? 'ENETDOWN' : 'ENXIO'
  }

  /** @internal */
  transmit(frame: Uint8Array): void {
    this.#segment.transmit(frame, this)
  }

  /** @internal */
  schedule(run: () => void): void {
    this.#segment.schedule(run)
  }

  /** @internal */
  detach(socket: MemoryPacketSocket): void {
    this.#sockets.delete(socket)
  }

  /** @internal */
  receive(frame: Uint8Array): void {
    if (this.#state !== 'up') return
    const destination = frame.subarray(0, 6).join()
    const multicast = (frame[0]! & 1) !== 0
    const accepted = multicast
      ? destination === '255,255,255,255,255,255' ||
        this.#groups.has(destination) ||
        [...this.#sockets].some(socket => socket.memberships.has(destination))
      : destination === this.mac.join()
    if (accepted) for (const socket of [...this.#sockets]) socket.receive(frame)
  }

  #fail(code: string): void {
    for (const socket of this.#sockets) this.schedule(() => socket.fail(systemError(code, 'poll')))
  }
}

class MemoryPacketSocket implements PacketSocket {
  readonly memberships = new Set<string>()
  readonly #port: MemoryPort
  readonly #init: PacketSocketInit
  #queue: Uint8Array[] = []
  #closed = false
  #delivering = false

  constructor(port: MemoryPort, init: PacketSocketInit) {
    this.#port = port
    this.#init = init
  }

  send(frames: readonly Uint8Array[]): number {
    if (this.#closed || frames.length === 0) return 0
    const { fault } = this.#port
    if (fault) {
      this.#port.schedule(() => this.fail(systemError(fault, 'sendmmsg')))
      return 0
    }
    for (const frame of frames) this.#port.transmit(frame.slice())
    return frames.length
  }

  discard(): number {
    return this.#queue.splice(0).length
  }

  addMembership(mac: Uint8Array): void {
    if (!this.#closed) this.memberships.add(mac.join())
  }

  dropMembership(mac: Uint8Array): void {
    this.memberships.delete(mac.join())
  }

  close(): void {
    this.#closed = true
    this.#port.detach(this)
  }

  fail(error: Error): void {
    if (!this.#closed) this.#init.onError(error)
  }

  receive(frame: Uint8Array): void {
    const { etherType, filter } = this.#init
    if (frame.length < headerBytes || frame.length > frameSize) return
    if (((frame[12]! << 8) | frame[13]!) !== etherType) return
    if (filter && !bpfAccepts(filter, frame)) return
    this.#queue.push(frame)
    this.wake()
  }

  wake(): void {
    if (this.#port.paused || this.#queue.length === 0) return
    // what arrives at one moment is one batch
    if (!this.#delivering) queueMicrotask(() => this.#deliver())
    this.#delivering = true
  }

  #deliver(): void {
    this.#delivering = false
    if (this.#port.paused) return
    while (this.#queue.length > 0 && !this.#closed) {
      const frames = this.#queue.splice(0, slots).map(frame => frame.slice())
      const replies: Uint8Array[] = []
      const batch: FrameBatch = {
        count: frames.length,
        frame: i => frames[i]!,
        reply: length => {
          if (replies.length === slots || length > frameSize) return undefined
          replies.push(new Uint8Array(length))
          return replies.at(-1)
        },
      }
      this.#init.onBatch(batch)
      this.send(replies)
      // the real buffers are reused: who kept a view sees other bytes in it
      for (const frame of [...frames, ...replies]) frame.fill(0xee)
    }
    this.#queue = []
  }
}

function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}, ${syscall}`), { code, syscall })
}
