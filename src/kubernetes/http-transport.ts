import * as http from 'node:http'
import * as https from 'node:https'
import type { Socket } from 'node:net'
import type { Credentials, TlsOptions } from './credentials.ts'
import { checkServerIdentity } from './server-identity.ts'

export interface HttpRequest {
  readonly method: string
  /** path and query */
  readonly path: string
  readonly headers: Record<string, string>
  readonly body?: Buffer
}

// A peer that is gone without a word is found by the kernel: first probe after this, then (libuv) ten, a second apart.
const keepAliveDelayMs = 15_000
const maximumAttempts = 3

// More than the requests that a process makes at once: a connection that is closed between two of them costs a TLS handshake.
const MAX_FREE_SOCKETS = 16

/** Sends requests to one API server over connections that are kept and used again. Each stream has a connection to itself. */
export class HttpTransport {
  readonly #credentials: Credentials
  #agent: http.Agent | https.Agent | undefined
  #agentTls: TlsOptions | undefined
  readonly #oldAgents = new Set<http.Agent | https.Agent>()

  constructor({ credentials }: { credentials: Credentials }) {
    this.#credentials = credentials
  }

  /** Resolves with the answer once its head has arrived; rejects with Node's error, or with the signal's reason. */
  async send(request: HttpRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
    const agent = await this.#currentAgent()
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#sendOnce(request, agent, signal)
      } catch (error) {
        // The server closed a kept connection at the moment at which we used it. A POST may have been carried out.
        const stale = error instanceof StaleConnection
        if (!stale) throw error
        if (request.method === 'POST' || attempt === maximumAttempts) throw error.cause
      }
    }
  }

  /** Closes all connections, those in use too. */
  close(): void {
    this.#agent?.destroy()
    this.#agent = undefined
    for (const agent of this.#oldAgents) agent.destroy()
    this.#oldAgents.clear()
  }

  async #currentAgent(): Promise<http.Agent | https.Agent> {
    const tls = await this.#credentials.tls()
    if (this.#agent && this.#agentTls === tls) return this.#agent
    if (this.#agent) this.#retire(this.#agent)
    const options = { keepAlive: true, scheduling: 'lifo' as const, maxFreeSockets: MAX_FREE_SOCKETS }
    this.#agent =
      this.#credentials.server.protocol === 'https:'
        ? new https.Agent({ ...options, checkServerIdentity, ...tls })
        : new http.Agent(options)
    this.#agentTls = tls
    return this.#agent
  }

  // Connections with the old certificates go on until they end by themselves, and are not used again.
  #retire(agent: http.Agent | https.Agent): void {
    agent.maxFreeSockets = 0
    for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
    this.#oldAgents.add(agent)
  }

  #sendOnce(
    { method, path, headers, body }: HttpRequest,
    agent: http.Agent | https.Agent,
    signal: AbortSignal,
  ): Promise<http.IncomingMessage> {
    const { server } = this.#credentials
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const send = server.protocol === 'https:' ? https.request : http.request
      const request = send({
        agent,
        method,
        host: server.hostname.replace(/^\[|\]$/g, ''),
        port: server.port || (server.protocol === 'https:' ? 443 : 80),
        path: server.pathname.replace(/\/$/, '') + path,
        headers: { ...headers, ...(body && { 'content-length': String(body.length) }) },
      })
      // Destroys the answer too, should it be under way.
      const abort = (): void =>
        void request.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
      signal.addEventListener('abort', abort, { once: true })
      request.once('close', () => signal.removeEventListener('abort', abort))
      request.once('socket', (socket: Socket) => {
        socket.setKeepAlive(true, keepAliveDelayMs)
        socket.setNoDelay(true)
      })
      request.once('response', resolve)
      request.on('error', error => {
        const { code } = error as NodeJS.ErrnoException
        const stale = request.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE') && !signal.aborted
        reject(stale ? new StaleConnection(error) : error)
      })
      request.end(body)
    })
  }
}

class StaleConnection extends Error {
  constructor(cause: Error) {
    super('a kept connection was closed', { cause })
  }
}
