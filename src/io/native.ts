import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** A socket inside the addon. It means something only to the addon's functions, and only in the thread that opened it. */
export type NativeHandle = { readonly nativeHandle: unique symbol }

/** Memory that a batching socket reads and writes; batch-buffers.ts makes it. */
export interface NativeBuffers {
  slots: number
  slotSize: number
  rx: Uint8Array
  info: Uint8Array
  counters: Uint8Array
  tx?: Uint8Array
  txLengths?: Uint8Array
}

interface NativeBatchOptions extends NativeBuffers {
  /** returns the number of replies written */
  onBatch(count: number): number
  onError(error: Error): void
}

/** Options of an IP socket; what is left out stays as the system has it. */
export interface NativeInetOptions {
  family: 4 | 6
  localAddress?: Uint8Array
  localPort?: number
  /** interface index of a link-local address */
  localScope?: number
  device?: string
  ttl?: number
  minTtl?: number
  trafficClass?: number
}

/** What native/ exports. Every function throws an Error with `code` and `syscall` when the kernel refuses. */
export interface NativeAddon {
  close(handle: NativeHandle): void
  /** gives back what the process holds and can have again; returns 0 or the number of an error, which is not thrown */
  releaseMemory(): number
  /** of a handle that delivers batches, as the next two: brings nothing until resume() */
  pause(handle: NativeHandle): void
  resume(handle: NativeHandle): void
  discard(handle: NativeHandle): number
  packetOpen(
    options: NativeBatchOptions & {
      interfaceIndex: number
      etherType: number
      filter?: Uint8Array
      ringBytes: number
      qdiscBypass: number
    },
  ): NativeHandle
  packetSend(handle: NativeHandle, frames: readonly Uint8Array[]): number
  packetMembership(handle: NativeHandle, mac: Uint8Array, add: 0 | 1): void
  packetDrops(handle: NativeHandle): number
  netlinkOpen(options: NativeBatchOptions & { groups: number; receiveBufferBytes: number }): NativeHandle
  netlinkSend(handle: NativeHandle, request: Uint8Array): void
  groupsOpen(): NativeHandle
  /** returns 0 or the number of the error, which is not thrown */
  groupsMembership(handle: NativeHandle, address: Uint8Array, interfaceIndex: number, join: 0 | 1): number
  udpOpen(
    options: NativeBatchOptions & NativeInetOptions & { receiveBufferBytes: number; reuseAddress?: number },
  ): NativeHandle
  udpSend(handle: NativeHandle, payloads: readonly Uint8Array[], records: Uint8Array): number
  udpLocalPort(handle: NativeHandle): number
  tcpConnect(
    options: NativeInetOptions & {
      remoteAddress: Uint8Array
      remotePort: number
      remoteScope?: number
      md5Key?: Uint8Array
    },
    onDone: (error: Error | undefined) => void,
  ): NativeHandle
  tcpTake(handle: NativeHandle): number
  tcpListen(options: NativeInetOptions): number
  tcpMd5(fd: number, peer: Uint8Array, prefixLength: number, key: Uint8Array): void
  tcpOptions(fd: number, options: NativeInetOptions): void
}

/** The addon is missing or does not load here. */
export class NativeAddonError extends Error {
  override readonly name = 'NativeAddonError'
  readonly code = 'ERR_HERALD_NATIVE'
}

let loaded: NativeAddon | undefined

/**
 * The native addon, loaded at first use. It is the file that HERALD_NATIVE names, else `herald.node` beside the bundle, else what
 * the checkout's toolchain built.
 * @throws NativeAddonError that says where it was looked for, or why it does not load
 */
export function native(): NativeAddon {
  loaded ??= load()
  return loaded
}

function load(): NativeAddon {
  const named = process.env.HERALD_NATIVE
  const candidates = named
    ? [named]
    : ['./herald.node', '../../native/build/herald.node'].map(path => fileURLToPath(new URL(path, import.meta.url)))
  const path = candidates.find(candidate => existsSync(candidate))
  if (!path) {
    throw new NativeAddonError(
      `the native addon is missing: looked for ${candidates.join(' and ')}` +
        (named
          ? ' (named by HERALD_NATIVE)'
          : '; build it with "sh lab/toolchain.sh true" or name it in HERALD_NATIVE'),
    )
  }
  try {
    return createRequire(import.meta.url)(path) as NativeAddon
  } catch (cause) {
    throw new NativeAddonError(
      `the native addon ${path} does not load on ${process.platform} ${process.arch} with Node ${process.versions.node}: ` +
        (cause instanceof Error ? cause.message : String(cause)),
      { cause },
    )
  }
}
