import type { Socket } from 'node:net'
import type { ConnectionId } from '../../../bgp/session/action.ts'
import type { Clock } from '../../../io/clock.ts'
import type { ConnectTcp, TcpConnectInit } from '../../../io/tcp.ts'
import { BgpConnection, type BgpConnectionInit } from './bgp-connection.ts'
import { connectionCause } from './connection-cause.ts'

export interface PeerConnectionsInit {
  /** how to call the peer now; undefined while that is not known */
  connectOptions(): Omit<TcpConnectInit, 'signal'> | undefined
  onConnected(id: ConnectionId): void
  onFailed(id: ConnectionId, cause: string): void
  /** a connection came to be: what it is to tell to whom */
  handlers(id: ConnectionId): Omit<BgpConnectionInit, 'onGone'>
}

/** Connections that are about to close count too: a peer that calls faster than they go is hung up on. */
const MAX_CONNECTIONS = 8

/** The TCP connections with one peer, by the names that the machine knows, and the tries to make them. */
export class PeerConnections {
  readonly #clock: Clock
  readonly #connectTcp: ConnectTcp
  readonly #init: PeerConnectionsInit
  /** tries under way; undefined: it is not known yet where to call */
  readonly #attempts = new Map<ConnectionId, AbortController | undefined>()
  readonly #connections = new Map<ConnectionId, BgpConnection>()
  /** every connection whose socket is not gone */
  readonly #open = new Set<BgpConnection>()
  #accepted = 0
  #closed = false
  #onAllGone: (() => void) | undefined

  constructor({ clock, connectTcp }: { clock: Clock; connectTcp: ConnectTcp }, init: PeerConnectionsInit) {
    this.#clock = clock
    this.#connectTcp = connectTcp
    this.#init = init
  }

  get(id: ConnectionId): BgpConnection | undefined {
    return this.#connections.get(id)
  }

  /** Calls the peer, as soon as it is known where. */
  connect(id: ConnectionId): void {
    const options = this.#init.connectOptions()
    if (!options) {
      this.#attempts.set(id, undefined)
      return
    }
    const attempt = new AbortController()
    this.#attempts.set(id, attempt)
    this.#connectTcp({ ...options, signal: attempt.signal }).then(
      socket => {
        if (!this.#attempts.delete(id)) {
          discard(socket)
          return
        }
        this.#attach(id, socket)
        this.#init.onConnected(id)
      },
      (error: NodeJS.ErrnoException) => {
        if (this.#attempts.delete(id)) this.#init.onFailed(id, connectionCause(error))
      },
    )
  }

  /** connectOptions() may know more than before. */
  optionsChanged(): void {
    for (const [id, attempt] of this.#attempts) if (!attempt) this.connect(id)
  }

  /** Takes a call of the peer; undefined when there are too many. */
  accept(socket: Socket): ConnectionId | undefined {
    if (this.#closed || this.#open.size >= MAX_CONNECTIONS) {
      discard(socket)
      return undefined
    }
    const id: ConnectionId = `accepted-${this.#accepted++}`
    this.#attach(id, socket)
    return id
  }

  /** Gives up a try, or ends a connection after what was written has left; `abort`: at once. */
  close(id: ConnectionId, abort = false): void {
    const attempt = this.#attempts.get(id)
    this.#attempts.delete(id)
    attempt?.abort()
    this.#connections.get(id)?.close({ abort })
    this.#connections.delete(id)
  }

  /** Closes all; resolves when no socket is left. */
  async closeAll(): Promise<void> {
    this.#closed = true
    for (const id of [...this.#attempts.keys(), ...this.#connections.keys()]) this.close(id)
    if (this.#open.size === 0) return
    await new Promise<void>(resolve => {
      this.#onAllGone = resolve
    })
  }

  #attach(id: ConnectionId, socket: Socket): void {
    const handlers = this.#init.handlers(id)
    const connection: BgpConnection = new BgpConnection(
      { clock: this.#clock, socket },
      {
        ...handlers,
        onClosed: cause => {
          this.#connections.delete(id)
          handlers.onClosed(cause)
        },
        onGone: () => {
          this.#open.delete(connection)
          if (this.#open.size === 0) this.#onAllGone?.()
        },
      },
    )
    this.#connections.set(id, connection)
    this.#open.add(connection)
  }
}

/** Hangs up on whoever is not listened to. */
export function discard(socket: Socket): void {
  socket.on('error', () => {})
  socket.resetAndDestroy()
}
