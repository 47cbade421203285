import { readFileSync } from 'node:fs'
import * as http from 'node:http'
import * as https from 'node:https'
import { connect, createServer, type Server } from 'node:net'
import { pipeline } from 'node:stream'
import type { ApiServer } from '../../test/support/api-server.ts'
import type { NetworkNamespace } from '../../test/support/netns.ts'

/** Makes the API server, which listens on this machine's loopback, reachable on the namespace's at the same port. */
export function relay(namespace: NetworkNamespace, api: Pick<ApiServer, 'port'>): Server {
  const server = createServer(near => {
    const far = connect(api.port, '127.0.0.1')
    // An end that breaks off ends the other; nobody else is to know.
    pipeline(near, far, near, () => {})
  })
  namespace.enter(() => server.listen(api.port))
  return server
}

interface Watch {
  readonly response: http.ServerResponse
}

/**
 * The same, over plain HTTP and as administrator, and able to tell the watches of Services of changes that never were: as many a second as no API
 * server on this machine could make.
 */
export class TellingRelay {
  readonly #server: http.Server
  readonly #agent: https.Agent
  readonly #api: ApiServer
  readonly #watches = new Set<Watch>()

  constructor(namespace: NetworkNamespace, api: ApiServer) {
    this.#api = api
    this.#agent = new https.Agent({ ca: readFileSync(api.caFile), keepAlive: true })
    this.#server = http.createServer((request, response) => this.#pass(request, response))
    namespace.enter(() => this.#server.listen(api.port))
  }

  /** Tells every watch of Services of a MODIFIED object, so many a second for so long; how many events were told. */
  async tell(objects: readonly object[], { perSecond, forMs }: { perSecond: number; forMs: number }): Promise<number> {
    let told = 0
    const startedMs = performance.now()
    for (let nowMs = startedMs; nowMs - startedMs < forMs; nowMs = performance.now()) {
      const due = ((nowMs - startedMs) * perSecond) / 1000
      for (; told < due; told++) {
        const line = changed(objects[told % objects.length] ?? {}, told)
        for (const { response } of this.#watches) response.write(line)
      }
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    return told
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
    this.#agent.destroy()
  }

  #pass(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.#api.url)
    const headers = {
      ...request.headers,
      'accept-encoding': 'identity',
      authorization: `Bearer ${this.#api.adminToken}`,
    }
    const options = { method: request.method, headers, agent: this.#agent, port: this.#api.port, host: '127.0.0.1' }
    const upstream = https.request({ ...options, path: request.url ?? '/' }, answer => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      // A client waits for the head of a watch that has nothing to tell yet.
      response.flushHeaders()
      if (pathname !== '/api/v1/services' || !searchParams.get('watch')) {
        pipeline(answer, response, () => {})
        return
      }
      const watch = { response }
      this.#watches.add(watch)
      // Line by line: what is told by us must not come in the middle of one.
      let rest = ''
      answer.setEncoding('utf8').on('data', (text: string) => {
        const lines = `${rest}${text}`.split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) response.write(`${line}\n`)
      })
      answer.once('close', () => {
        this.#watches.delete(watch)
        response.end()
      })
    })
    response.once('close', () => upstream.destroy())
    upstream.once('error', () => response.destroy())
    pipeline(request, upstream, () => {})
  }
}

/** An event that tells of an object with another label, in a version that no list or watch has had. */
function changed(object: { metadata?: { labels?: object; resourceVersion?: string } }, turn: number): string {
  const resourceVersion = String(1_000_000 + turn)
  const labels = { ...object.metadata?.labels, turn: String(turn) }
  const told = { ...object, metadata: { ...object.metadata, resourceVersion, labels } }
  return `${JSON.stringify({ type: 'MODIFIED', object: told })}\n`
}
