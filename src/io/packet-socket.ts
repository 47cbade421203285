import { ETHERTYPE_ARP } from '../arp/packet.ts'
import { BatchBuffers } from './batch-buffers.ts'
import { withCapability } from './capability-error.ts'
import { type NativeHandle, native } from './native.ts'

/** One instruction of a classic BPF program (linux/filter.h: struct sock_filter). */
export interface BpfInstruction {
  code: number
  jt: number
  jf: number
  k: number
}

/** The frames that one system call brought. Everything in it is valid only during the callback. */
export interface FrameBatch {
  readonly count: number
  /** frame i, from its destination MAC on; a view on a reused buffer */
  frame(i: number): Uint8Array
  /**
   * Reserves a slot for a reply of `length` bytes; the caller writes all of them. All replies leave with one system call after the callback.
   * Undefined when the slots (as many as a batch has frames at most) are used up or `length` exceeds a slot.
   */
  reply(length: number): Uint8Array | undefined
}

/**
 * A raw socket on one interface for one EtherType. What arrives for a VLAN on top of the interface is not the interface's and not delivered, nor what
 * a promiscuous card picks up for others.
 */
export interface PacketSocket {
  /**
   * Queues frames to the wire at once; returns how many the kernel took. What it refuses for another reason than lack of room is
   * also reported to onError, after this call has returned. Returns 0 when closed.
   */
  send(frames: readonly Uint8Array[]): number
  /**
   * Throws away every frame that has arrived and not been delivered, such as those that waited while the process was stopped; returns how many. From
   * within onBatch, the frames of that batch are the caller's to leave alone.
   */
  discard(): number
  /** Makes the interface receive a multicast MAC address; a second time does nothing. */
  addMembership(mac: Uint8Array): void
  /** Undoes addMembership(); does nothing when there is no membership. */
  dropMembership(mac: Uint8Array): void
  /** Closes the descriptor at once; no callback comes afterwards. */
  close(): void
}

export interface PacketSocketInit {
  interfaceIndex: number
  /** in host order: 0x0806 for ARP, 0x86dd for IPv6 */
  etherType: number
  /** frames that it refuses never reach Herald */
  filter?: readonly BpfInstruction[]
  onBatch(batch: FrameBatch): void
  /**
   * The socket had an error. `code` ENETDOWN: the interface is down, the socket works again once it is up. ENXIO: the interface is
   * gone for good, close the socket.
   */
  onError(error: Error): void
}

export type OpenPacketSocket = (init: PacketSocketInit) => PacketSocket

/** How the system's sockets are tuned; the defaults suit ARP and neighbour discovery. */
export interface PacketSocketTuning {
  /** longer frames are dropped and counted; default 96 for ARP, else 512 */
  frameSize?: number
  /**
   * memory in which frames wait, held for as long as the socket is open; it does not depend on net.core.rmem_max. Default 2 MiB for ARP, what comes in
   * 0.1 s of a flood of 100,000 a second; else 1 MiB.
   */
  ringBytes?: number
  /**
   * Hands frames to the device past the queueing discipline. Saves a microsecond, but tcpdump on the node does not see them; default false.
   */
  qdiscBypass?: boolean
}

/** Counters of one socket since it was opened. */
export interface PacketSocketStatistics {
  /** frames that the kernel dropped because the ring was full */
  dropped: number
  /** frames longer than frameSize, dropped */
  truncated: number
  /** frames that the kernel refused to send */
  sendFailures: number
}

/** A packet socket of the system's. */
export interface SystemPacketSocket extends PacketSocket {
  statistics(): PacketSocketStatistics
}

const slots = 64
const defaults = { frameSize: 512, ringBytes: 1024 * 1024 }
// An ARP frame has 42 bytes; Ethernet pads it to 60, and tunnels now and then to more.
const arpDefaults = { frameSize: 96, ringBytes: 2 * 1024 * 1024 }

/**
 * Opens an AF_PACKET socket. Its own outgoing frames are not received.
 * @throws MissingCapabilityError without CAP_NET_RAW; an Error with code ENODEV when there is no such interface
 */
export function openPacketSocket(init: PacketSocketInit, tuning: PacketSocketTuning = {}): SystemPacketSocket {
  return new NativePacketSocket(init, tuning)
}

class NativePacketSocket implements SystemPacketSocket {
  readonly #buffers: BatchBuffers
  readonly #handle: NativeHandle
  readonly #onError: (error: Error) => void
  readonly #memberships = new Set<string>()
  #dropped = 0
  #closed = false

  constructor(init: PacketSocketInit, tuning: PacketSocketTuning) {
    const { frameSize, ringBytes, qdiscBypass } = {
      ...(init.etherType === ETHERTYPE_ARP ? arpDefaults : defaults),
      ...tuning,
    }
    const buffers = new BatchBuffers({ slots, slotSize: frameSize, replies: true })
    const batch = {
      count: 0,
      frame: (i: number) => buffers.message(i),
      reply: (length: number) => buffers.reply(length),
    }
    this.#buffers = buffers
    this.#onError = init.onError
    this.#handle = withCapability('opening a packet socket', 'NET_RAW', () =>
      native().packetOpen({
        ...buffers.native,
        interfaceIndex: init.interfaceIndex,
        etherType: init.etherType,
        filter: init.filter && packFilter(init.filter),
        qdiscBypass: qdiscBypass ? 1 : 0,
        ringBytes,
        onBatch: count => {
          batch.count = count
          // whatever an earlier callback reserved before it threw is not sent
          buffers.takeReplies()
          init.onBatch(batch)
          return buffers.takeReplies()
        },
        onError: init.onError,
      }),
    )
  }

  send(frames: readonly Uint8Array[]): number {
    if (this.#closed || frames.length === 0) return 0
    const taken = native().packetSend(this.#handle, frames)
    const error = this.#buffers.sendError()
    if (error) queueMicrotask(() => this.#closed || this.#onError(error))
    return taken
  }

  discard(): number {
    return this.#closed ? 0 : native().discard(this.#handle)
  }

  addMembership(mac: Uint8Array): void {
    const key = mac.join()
    if (this.#closed || this.#memberships.has(key)) return
    native().packetMembership(this.#handle, mac, 1)
    this.#memberships.add(key)
  }

  dropMembership(mac: Uint8Array): void {
    if (this.#closed || !this.#memberships.delete(mac.join())) return
    native().packetMembership(this.#handle, mac, 0)
  }

  statistics(): PacketSocketStatistics {
    // the kernel starts again from zero each time it is asked
    if (!this.#closed) this.#dropped += native().packetDrops(this.#handle)
    return { dropped: this.#dropped, ...this.#buffers.counters() }
  }

  close(): void {
    this.#closed = true
    native().close(this.#handle)
  }
}

function packFilter(filter: readonly BpfInstruction[]): Uint8Array {
  const packed = new ArrayBuffer(filter.length * 8)
  const halves = new Uint16Array(packed)
  const bytes = new Uint8Array(packed)
  const words = new Uint32Array(packed)
  for (const [i, instruction] of filter.entries()) {
    halves[i * 4] = instruction.code
    bytes[i * 8 + 2] = instruction.jt
    bytes[i * 8 + 3] = instruction.jf
    words[i * 2 + 1] = instruction.k
  }
  return bytes
}
