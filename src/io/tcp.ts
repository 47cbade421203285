import { createServer, Socket } from 'node:net'
import type { Address } from '../ip/address.ts'
import { addressToBytes } from './address-bytes.ts'
import { withCapability } from './capability-error.ts'
import { type NativeInetOptions, native } from './native.ts'

/** Options that both ends of a BGP session may need. */
export interface TcpOptions {
  /** TTL or hop limit of what is sent; 255 for a peer that checks it (RFC 5082) */
  ttl?: number
  /** the kernel drops segments that arrive with a smaller TTL or hop limit (RFC 5082) */
  minTtl?: number
  /** differentiated services code point of what is sent, 0–63 (RFC 2474) */
  dscp?: number
}

export interface TcpConnectInit extends TcpOptions {
  remoteAddress: Address
  remotePort: number
  /** where a link-local remote or local address lives */
  interfaceIndex?: number
  localAddress?: Address
  localPort?: number
  /** name of the only interface to use (SO_BINDTODEVICE) */
  device?: string
  /** TCP MD5 signature password (RFC 2385), 1–80 bytes */
  md5Password?: string
  /** aborts the attempt; the promise rejects with the signal's reason */
  signal?: AbortSignal
}

/** Connects with every option set before the first packet leaves. */
export type ConnectTcp = (init: TcpConnectInit) => Promise<Socket>

/** A TCP MD5 key for all peers of a prefix; /32 or /128 for one address. */
export interface TcpMd5Key {
  address: Address
  /** default: the whole address */
  prefixLength?: number
  password: string
}

export interface TcpListenInit extends TcpOptions {
  family: 4 | 6
  /** default: every address of the node */
  address?: Address
  /** 0: one that the kernel chooses */
  port: number
  interfaceIndex?: number
  device?: string
  md5Keys?: readonly TcpMd5Key[]
  onConnection(socket: Socket): void
  onError(error: Error): void
}

/** A listening socket. */
export interface TcpListener {
  readonly localPort: number
  /** Takes the whole set of keys: adds, changes and removes what differs. Connections that stand are not touched. */
  setMd5Keys(keys: readonly TcpMd5Key[]): void
  /** Sets options of a connection that it accepted, where peers differ. */
  setOptions(socket: Socket, options: TcpOptions): void
  /** Stops listening; connections that it accepted stay. */
  close(): Promise<void>
}

export type ListenTcp = (init: TcpListenInit) => Promise<TcpListener>

/**
 * Connects. The promise rejects with an Error whose `code` is the kernel's (ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH…). A peer whose
 * MD5 password differs does not answer: set a deadline by `signal`.
 */
export const connectTcp: ConnectTcp = init => {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const { signal, remoteAddress } = init
  if (signal?.aborted) return Promise.reject(signal.reason)
  try {
    const handle = native().tcpConnect(
      {
        ...inetOptions(remoteAddress.family, init),
        remoteAddress: addressToBytes(remoteAddress),
        remotePort: init.remotePort,
        remoteScope: init.interfaceIndex,
        localAddress: init.localAddress && addressToBytes(init.localAddress),
        localPort: init.localPort,
        localScope: init.interfaceIndex,
        device: init.device,
        md5Key: init.md5Password === undefined ? undefined : md5Key(init.md5Password),
      },
      error => {
        signal?.removeEventListener('abort', abort)
        if (error) reject(error)
        else resolve(new Socket({ fd: native().tcpTake(handle), readable: true, writable: true }))
      },
    )
    const abort = (): void => {
      native().close(handle)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', abort, { once: true })
  } catch (error) {
    reject(error)
  }
  return promise
}

/** Binds and listens. The promise rejects with EADDRINUSE…, or MissingCapabilityError for a port below 1024 without CAP_NET_BIND_SERVICE. */
export const listenTcp: ListenTcp = async init => {
  const fd = withCapability(`listening on TCP port ${init.port}`, 'NET_BIND_SERVICE', () =>
    native().tcpListen({
      ...inetOptions(init.family, init),
      localAddress: init.address && addressToBytes(init.address),
      localPort: init.port,
      localScope: init.interfaceIndex,
      device: init.device,
    }),
  )
  const server = createServer({ noDelay: true }, init.onConnection)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ fd }, resolve)
  const keys = new Md5Keys(fd)
  try {
    keys.set(init.md5Keys ?? [])
    await promise
  } catch (error) {
    server.close()
    throw error
  }
  server.off('error', reject)
  server.on('error', init.onError)
  const address = server.address()
  return {
    localPort: typeof address === 'object' && address ? address.port : init.port,
    setMd5Keys: wanted => keys.set(wanted),
    setOptions: (socket, options) => native().tcpOptions(descriptor(socket), inetOptions(init.family, options)),
    close: () => {
      keys.closed = true
      return new Promise(done => server.close(() => done()))
    },
  }
}

class Md5Keys {
  closed = false
  readonly #fd: number
  // by prefix, as "bytes/length"
  readonly #keys = new Map<string, TcpMd5Key>()

  constructor(fd: number) {
    this.#fd = fd
  }

  set(wanted: readonly TcpMd5Key[]): void {
    if (this.closed) return
    const byPrefix = new Map(wanted.map(key => [`${key.address.value}/${prefixLength(key)}`, key]))
    for (const [prefix, key] of this.#keys) {
      if (byPrefix.has(prefix)) continue
      this.#write(key, new Uint8Array())
      this.#keys.delete(prefix)
    }
    for (const [prefix, key] of byPrefix) {
      if (this.#keys.get(prefix)?.password === key.password) continue
      this.#write(key, md5Key(key.password))
      this.#keys.set(prefix, key)
    }
  }

  #write(key: TcpMd5Key, password: Uint8Array): void {
    native().tcpMd5(this.#fd, addressToBytes(key.address), prefixLength(key), password)
  }
}

function prefixLength(key: TcpMd5Key): number {
  return key.prefixLength ?? (key.address.family === 4 ? 32 : 128)
}

function md5Key(password: string): Uint8Array {
  const bytes = new TextEncoder().encode(password)
  if (bytes.length === 0 || bytes.length > 80) throw new RangeError('a TCP MD5 password has 1 to 80 bytes')
  return bytes
}

function inetOptions(family: 4 | 6, options: TcpOptions): NativeInetOptions {
  return {
    family,
    ttl: options.ttl,
    minTtl: options.minTtl,
    trafficClass: options.dscp === undefined ? undefined : options.dscp << 2,
  }
}

// Node has no public name for a socket's descriptor
function descriptor(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { _handle?: { fd: number } | null }
  if (!handle || handle.fd < 0) throw new Error('the connection is closed')
  return handle.fd
}
