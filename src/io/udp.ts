import type { Address } from '../ip/address.ts'
import { addressFromBytes, addressToBytes } from './address-bytes.ts'
import { BatchBuffers } from './batch-buffers.ts'
import { withCapability } from './capability-error.ts'
import { type NativeHandle, native } from './native.ts'

/** The datagrams that one system call brought. Everything in it is valid only during the callback. */
export interface DatagramBatch {
  readonly count: number
  /** the data of datagram i; a view on a reused buffer */
  payload(i: number): Uint8Array
  sourceAddress(i: number): Address
  sourcePort(i: number): number
  /** the address that the datagram was sent to */
  destinationAddress(i: number): Address
  /** the interface on which it arrived */
  interfaceIndex(i: number): number
  /** the TTL or hop limit with which it arrived; -1 when the kernel did not say, which no check may take for 255 */
  ttl(i: number): number
}

/** A datagram to send. */
export interface OutgoingDatagram {
  payload: Uint8Array
  address: Address
  port: number
  /** where to send it; needed for link-local addresses, else the routing table decides */
  interfaceIndex?: number
  /** from which of the node's addresses; default: as the socket is bound, or the kernel's choice */
  sourceAddress?: Address
}

/** A UDP socket that tells how each datagram arrived. */
export interface UdpSocket {
  /** the port it is bound to, also when the kernel chose it */
  readonly localPort: number
  /**
   * Sends at once; returns how many datagrams the kernel took. What it refuses (no route, interface down) holds up no other datagram and is
   * also reported to onError, after this call has returned. Returns 0 when closed.
   */
  send(datagrams: readonly OutgoingDatagram[]): number
  /** No callback comes until resume(); what arrives waits in the kernel. Both do no harm when called twice, or after close(). */
  pause(): void
  resume(): void
  /** Throws away every datagram that has arrived and not been delivered; returns how many. */
  discard(): number
  /** Closes the descriptor at once; no callback comes afterwards. */
  close(): void
}

export interface UdpSocketInit {
  family: 4 | 6
  /** default: every address of the node. An IPv6 socket never takes IPv4 datagrams. */
  address?: Address
  /** default: one that the kernel chooses */
  port?: number
  /** interface index that a link-local `address` belongs to */
  addressInterfaceIndex?: number
  /** name of the only interface to use (SO_BINDTODEVICE) */
  device?: string
  /** TTL or hop limit of what is sent */
  ttl?: number
  /** differentiated services code point of what is sent, 0–63 (RFC 2474) */
  dscp?: number
  /**
   * Lets a socket of one device stand beside one of all devices on the same port (SO_REUSEADDR), if both have it. Other programs' sockets may
   * take the datagrams then; default false.
   */
  reuseAddress?: boolean
  /** datagrams taken in at once, 2 KiB of memory each; default 64 */
  batchSize?: number
  onBatch(batch: DatagramBatch): void
  onError(error: Error): void
}

export type OpenUdpSocket = (init: UdpSocketInit) => UdpSocket

const slots = 64
// BFD needs 52 bytes at most; the rest is for those who come later. What is longer is dropped.
const datagramSize = 2048
const receiveBufferBytes = 1024 * 1024

// struct send_record of native/udp.c
const recordBytes = 44

/**
 * Opens and binds a UDP socket.
 * @throws Error with `code` EADDRINUSE, EADDRNOTAVAIL, ENODEV (no such device)…; MissingCapabilityError for a port below 1024 without
 * CAP_NET_BIND_SERVICE
 */
export function openUdpSocket(init: UdpSocketInit): UdpSocket {
  return new NativeUdpSocket(init)
}

class NativeUdpSocket implements UdpSocket {
  readonly localPort: number
  readonly #buffers: BatchBuffers
  readonly #handle: NativeHandle
  readonly #family: 4 | 6
  readonly #onError: (error: Error) => void
  #closed = false

  constructor(init: UdpSocketInit) {
    const buffers = new BatchBuffers({ slots: init.batchSize ?? slots, slotSize: datagramSize, replies: false })
    const { family } = init
    const batch = {
      count: 0,
      payload: (i: number) => buffers.message(i),
      sourceAddress: (i: number) => addressFromBytes(family, buffers.source(i)),
      sourcePort: (i: number) => buffers.sourcePort(i),
      destinationAddress: (i: number) => addressFromBytes(family, buffers.destination(i)),
      interfaceIndex: (i: number) => buffers.interfaceIndex(i),
      ttl: (i: number) => buffers.ttl(i),
    }
    this.#buffers = buffers
    this.#family = family
    this.#onError = init.onError
    this.#handle = withCapability(`binding UDP port ${init.port}`, 'NET_BIND_SERVICE', () =>
      native().udpOpen({
        ...buffers.native,
        family,
        localAddress: init.address && addressToBytes(init.address),
        localPort: init.port ?? 0,
        localScope: init.addressInterfaceIndex,
        device: init.device,
        ttl: init.ttl,
        trafficClass: init.dscp === undefined ? undefined : init.dscp << 2,
        receiveBufferBytes,
        reuseAddress: init.reuseAddress ? 1 : 0,
        onBatch: count => {
          batch.count = count
          init.onBatch(batch)
          return 0
        },
        onError: init.onError,
      }),
    )
    this.localPort = native().udpLocalPort(this.#handle)
  }

  send(datagrams: readonly OutgoingDatagram[]): number {
    let taken = 0
    for (let start = 0; start < datagrams.length && !this.#closed; start += slots) {
      const chunk = datagrams.slice(start, start + slots)
      const payloads = chunk.map(datagram => datagram.payload)
      taken += native().udpSend(this.#handle, payloads, this.#records(chunk))
      const error = this.#buffers.sendError()
      if (error) queueMicrotask(() => this.#closed || this.#onError(error))
    }
    return taken
  }

  pause(): void {
    if (!this.#closed) native().pause(this.#handle)
  }

  resume(): void {
    if (!this.#closed) native().resume(this.#handle)
  }

  discard(): number {
    return this.#closed ? 0 : native().discard(this.#handle)
  }

  close(): void {
    this.#closed = true
    native().close(this.#handle)
  }

  #records(datagrams: readonly OutgoingDatagram[]): Uint8Array {
    const bytes = new Uint8Array(datagrams.length * recordBytes)
    const words = new Uint32Array(bytes.buffer)
    for (const [i, { address, port, interfaceIndex, sourceAddress }] of datagrams.entries()) {
      const start = i * recordBytes
      if (address.family !== this.#family || (sourceAddress && sourceAddress.family !== this.#family)) {
        throw new TypeError(`an IPv${this.#family} socket does not send to or from an address of the other family`)
      }
      words[start / 4] = port
      words[start / 4 + 1] = interfaceIndex ?? 0
      words[start / 4 + 2] = sourceAddress ? 1 : 0
      bytes.set(addressToBytes(address), start + 12)
      if (sourceAddress) bytes.set(addressToBytes(sourceAddress), start + 28)
    }
    return bytes
  }
}
