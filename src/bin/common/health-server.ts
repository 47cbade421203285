import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { Server as Listener } from 'node:net'
import type { SecureContextOptions } from 'node:tls'

export interface Answer {
  status: number
  body: string
  contentType?: string
  headers?: Readonly<Record<string, string>>
}

export type Route = () => Answer | Promise<Answer>

/** A small HTTP server for probes and metrics: GET and HEAD of fixed paths, nothing else. */
export interface HttpServer {
  readonly port: number
  /** From the next connection on; with a server that speaks TLS. */
  setSecureContext(options: SecureContextOptions): void
  stop(): Promise<void>
}

/**
 * Starts to listen.
 *
 * @param init.port 0 lets the kernel choose; HttpServer.port tells which
 * @param init.tls with it, the server speaks HTTPS
 * @param init.guard turns a request away, whatever its path, with the answer that it resolves to
 * @throws when the address cannot be bound, with the address in the message
 */
export async function startHttp(init: {
  host: string
  port: number
  routes: Readonly<Record<string, Route>>
  tls?: SecureContextOptions
  guard?: Guard
}): Promise<HttpServer> {
  const onRequest = (request: IncomingMessage, response: ServerResponse) =>
    void handle(request, init).then(result => send(result, request, response))
  const tlsServer = init.tls && createTlsServer(init.tls, onRequest)
  const server = tlsServer ?? createServer(onRequest)
  server.requestTimeout = 5_000
  server.headersTimeout = 5_000
  server.maxConnections = 64
  await listenOn(server, init.port, init.host)
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound ? bound.port : init.port,
    setSecureContext: options => tlsServer?.setSecureContext(options),
    stop: () => close(server),
  }
}

export type Guard = (request: IncomingMessage) => Promise<Answer | undefined>

const NO_IPV6 = ['EAFNOSUPPORT', 'EADDRNOTAVAIL']

/**
 * Begins to listen.
 *
 * @param host `::` stands for all addresses
 * @throws when the address cannot be bound, with the address in the message
 */
export async function listenOn(server: Listener, port: number, host: string): Promise<void> {
  try {
    await listen(server, port, host).catch(error => {
      // A kernel without IPv6 (ipv6.disable=1) does not know the address that means "all".
      if (host !== '::' || !NO_IPV6.includes(error.code)) throw error
      return listen(server, port, '0.0.0.0')
    })
  } catch (cause) {
    throw new Error(`cannot listen on ${host}, port ${port}: ${(cause as Error).message}`, { cause })
  }
}

async function listen(server: Listener, port: number, host: string): Promise<void> {
  server.listen(port, host)
  await once(server, 'listening')
}

/** A route that answers `ok`, or 503 with the names of what is not ready yet. */
export function readiness(checks: Readonly<Record<string, () => boolean>>): Route {
  return () => {
    const missing = Object.entries(checks).filter(([, ready]) => !ready())
    if (missing.length === 0) return { status: 200, body: 'ok\n' }
    return { status: 503, body: `not ready: ${missing.map(([name]) => name).join(', ')}\n` }
  }
}

async function handle(
  request: IncomingMessage,
  { routes, guard }: { routes: Readonly<Record<string, Route>>; guard?: Guard },
): Promise<Answer> {
  // Not new URL(): it throws on what a client may send, such as "//".
  const [path = ''] = (request.url ?? '').split('?', 1)
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined
  try {
    const refusal = await guard?.(request)
    if (refusal) return refusal
    if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, body: 'method not allowed\n' }
    return route ? await route() : { status: 404, body: 'not found\n' }
  } catch (error) {
    return { status: 500, body: `${(error as Error).message}\n` }
  }
}

function send(
  { status, body, contentType, headers }: Answer,
  { method }: IncomingMessage,
  response: ServerResponse,
): void {
  response.writeHead(status, { 'content-type': contentType ?? 'text/plain; charset=utf-8', ...headers })
  response.end(method === 'HEAD' ? undefined : body)
}

async function close(server: Server | TlsServer): Promise<void> {
  server.closeAllConnections()
  if (!server.listening) return
  server.close()
  await once(server, 'close')
}
