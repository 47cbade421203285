import { BatchBuffers } from './batch-buffers.ts'
import { InterfaceTable, type NetworkInterface, sameInterfaces } from './interface-table.ts'
import { type NativeHandle, native } from './native.ts'
import { encodeDumpRequest, parseRouteMessages, type RouteMessage } from './netlink-parse.ts'
import { isSystemError } from './system-error.ts'

export type { InterfaceAddress, NetworkInterface } from './interface-table.ts'

/** Called with all interfaces whenever something about them has changed. */
export type InterfaceListener = (interfaces: readonly NetworkInterface[]) => void

/** Knows the node's network interfaces, by events. */
export interface InterfaceMonitor {
  /** Begins to watch; resolves once snapshot() is complete. Aborting `signal` ends it, also afterwards. */
  start(options: { signal: AbortSignal }): Promise<void>
  /** All interfaces by ascending index; empty before start() has resolved. */
  snapshot(): readonly NetworkInterface[]
  /**
   * Calls back after each batch of events that changed something, and for the first snapshot if registered before it. Returns a function that
   * ends it.
   */
  onChange(listener: InterfaceListener): () => void
}

// linux/rtnetlink.h
const RTMGRP_LINK = 0x1
const RTMGRP_IPV4_IFADDR = 0x10
const RTMGRP_IPV6_IFADDR = 0x100

const slots = 8
// the kernel fills dumps up to this size and no further
const datagramBytes = 32 * 1024
const receiveBufferBytes = 1024 * 1024

/** Watches the interfaces of the network namespace in which start() is called, by route netlink. */
export class NetlinkInterfaceMonitor implements InterfaceMonitor {
  readonly #onError: (error: Error) => void
  readonly #listeners = new Set<InterfaceListener>()
  #handle: NativeHandle | undefined
  #started: PromiseWithResolvers<void> | undefined
  #snapshot: readonly NetworkInterface[] = []
  // what events change; during a dump the table that is being filled
  #table = new InterfaceTable()
  #dump: { what: 'links' | 'addresses'; sequence: number } | undefined
  // the dump in progress cannot be trusted: a new one follows it
  #dumpAgain = false
  #sequence = 0
  #truncated = 0

  /** `onError` hears of faults that the monitor mends by listing everything anew, for the log. */
  constructor(init: { onError?: (error: Error) => void } = {}) {
    this.#onError = init.onError ?? (() => {})
  }

  async start(options: { signal: AbortSignal }): Promise<void> {
    const { signal } = options
    signal.throwIfAborted()
    if (this.#started) throw new Error('the interface monitor was started already')
    this.#started = Promise.withResolvers<void>()
    const buffers = new BatchBuffers({ slots, slotSize: datagramBytes, replies: false })
    const handle = native().netlinkOpen({
      ...buffers.native,
      groups: RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
      receiveBufferBytes,
      onBatch: count => {
        this.#onBatch(buffers, count)
        return 0
      },
      onError: error => this.#onSocketError(error),
    })
    this.#handle = handle
    signal.addEventListener('abort', () => this.#stop(signal.reason), { once: true })
    this.#startDump()
    await this.#started.promise
  }

  snapshot(): readonly NetworkInterface[] {
    return this.#snapshot
  }

  onChange(listener: InterfaceListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #stop(reason: unknown): void {
    if (this.#handle) native().close(this.#handle)
    this.#handle = undefined
    this.#listeners.clear()
    this.#started?.reject(reason)
  }

  #onBatch(buffers: BatchBuffers, count: number): void {
    let changed = false
    for (let i = 0; i < count && this.#handle; i++) {
      for (const message of parseRouteMessages(buffers.message(i))) changed = this.#onMessage(message) || changed
    }
    const { truncated } = buffers.counters()
    if (truncated !== this.#truncated) {
      this.#truncated = truncated
      this.#resync(new Error('a netlink message was too long'))
    }
    // an unfinished dump is no state of the world
    if (changed && !this.#dump) this.#publish()
  }

  #onMessage({ sequence, interrupted, body }: RouteMessage): boolean {
    const dump = this.#dump
    const answersDump = dump !== undefined && sequence === dump.sequence
    if (answersDump && interrupted) this.#dumpAgain = true
    switch (body.kind) {
      case 'done':
        return answersDump && this.#onDumpDone(dump.what)
      case 'error':
        if (answersDump && body.number !== 0) this.#onDumpRefused(body.number)
        return false
      case 'overrun':
        this.#resync(new Error('netlink overrun'))
        return false
      case 'malformed':
        this.#onError(new Error(`netlink message not understood: ${body.reason}`))
        return false
      default:
        return this.#table.apply(body)
    }
  }

  // True when the table is complete.
  #onDumpDone(what: 'links' | 'addresses'): boolean {
    if (this.#dumpAgain) {
      this.#startDump()
      return false
    }
    if (what === 'links') {
      this.#requestDump('addresses')
      return false
    }
    this.#dump = undefined
    return true
  }

  #onDumpRefused(number: number): void {
    this.#dump = undefined
    const error = new Error(`the kernel does not list the network interfaces (errno ${number})`)
    this.#started?.reject(error)
    this.#onError(error)
  }

  #onSocketError(error: Error): void {
    // ENOBUFS: events were lost because the receive buffer was full
    if (isSystemError(error) && error.code === 'ENOBUFS') this.#resync(error)
    else this.#onError(error)
  }

  #resync(cause: Error): void {
    this.#onError(new Error(`listing the network interfaces anew: ${cause.message}`, { cause }))
    // the kernel runs one dump at a time for a socket
    if (this.#dump) this.#dumpAgain = true
    else this.#startDump()
  }

  #startDump(): void {
    this.#dumpAgain = false
    this.#table = new InterfaceTable()
    this.#requestDump('links')
  }

  #requestDump(what: 'links' | 'addresses'): void {
    if (!this.#handle) return
    this.#sequence = (this.#sequence % 0xffff_ffff) + 1
    this.#dump = { what, sequence: this.#sequence }
    native().netlinkSend(this.#handle, encodeDumpRequest(what, this.#sequence))
  }

  #publish(): void {
    const snapshot = this.#table.snapshot()
    const same = sameInterfaces(snapshot, this.#snapshot)
    this.#snapshot = snapshot
    this.#started?.resolve()
    if (same) return
    for (const listener of [...this.#listeners]) listener(snapshot)
  }
}
