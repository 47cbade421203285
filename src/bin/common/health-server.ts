import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { Server as Listener } from 'node:net'

export interface Answer {
  status: number
  body: string
  contentType?: string
}

export type Route = () => Answer | Promise<Answer>

/** A small HTTP server for probes and metrics: GET and HEAD of fixed paths, nothing else. */
export interface HttpServer {
  readonly port: number
  stop(): Promise<void>
}

/**
 * Starts to listen.
 *
 * @param init.port 0 lets the kernel choose; HttpServer.port tells which
 * @throws when the address cannot be bound, with the address in the message
 */
export async function startHttp(init: {
  host: string
  port: number
  routes: Readonly<Record<string, Route>>
}): Promise<HttpServer> {
  const server = createServer((request, response) => {
    // Not new URL(): it throws on what a client may send, such as "//".
    const [path = ''] = (request.url ?? '').split('?', 1)
    void answer(request.method ?? '', path, init.routes, response)
  })
  server.requestTimeout = 5_000
  server.headersTimeout = 5_000
  server.maxConnections = 64
  await listenOn(server, init.port, init.host)
  const bound = server.address()
  return { port: typeof bound === 'object' && bound ? bound.port : init.port, stop: () => close(server) }
}

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

async function answer(
  method: string,
  path: string,
  routes: Readonly<Record<string, Route>>,
  response: ServerResponse,
): Promise<void> {
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined
  let result: Answer
  if (method !== 'GET' && method !== 'HEAD') result = { status: 405, body: 'method not allowed\n' }
  else if (!route) result = { status: 404, body: 'not found\n' }
  else {
    try {
      result = await route()
    } catch (error) {
      result = { status: 500, body: `${(error as Error).message}\n` }
    }
  }
  response.writeHead(result.status, { 'content-type': result.contentType ?? 'text/plain; charset=utf-8' })
  response.end(method === 'HEAD' ? undefined : result.body)
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  if (!server.listening) return
  server.close()
  await once(server, 'close')
}
