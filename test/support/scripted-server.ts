import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { KubernetesObject } from '../../src/kubernetes/resources.ts'
import { type Change, ObjectHistory, type StoredObject, type Target } from './kubernetes/object-history.ts'
import { applyJsonPatch, applyMergePatch, type Json } from './kubernetes/patch.ts'

/** What happens to the next request, whichever it is. */
export type Fault =
  | { kind: 'status'; status: number; reason?: string; retryAfterSeconds?: number }
  /** the request is read, and nothing ever answers */
  | { kind: 'silent' }
  /** the connection ends before an answer */
  | { kind: 'reset' }
  /** 200, then something that is no JSON */
  | { kind: 'garbage' }
  /** the answer is held back until release() */
  | { kind: 'slow' }

export interface ScriptedRequest {
  method: string
  path: string
  query: URLSearchParams
  authorization: string | undefined
  contentType: string
  body: string
}

interface Watcher {
  plural: string
  namespace: string
  response: ServerResponse
  silent: boolean
}

type Answer = [status: number, body: object]

/**
 * A stand-in for the API server: objects, their history, list in pages and as a stream, watch with bookmarks, patches with
 * preconditions; and every fault that the drivers must bear, at the word of the test. It keeps no time of its own.
 */
export class ScriptedServer {
  /** how it takes `sendInitialEvents`; ignored as by servers before 1.27 */
  streamingLists: 'offered' | 'refused' | 'ignored' = 'offered'
  /** how it says that a version is too old */
  goneAs: 'status' | 'event' = 'status'
  /** the bearer token asked for; none when undefined */
  token: string | undefined
  /** `verb plural` pairs that are answered by 403, such as `list services` */
  readonly forbidden = new Set<string>()
  readonly faults: Fault[] = []
  readonly requests: ScriptedRequest[] = []
  /** grows with everything that arrives and leaves */
  activity = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #watchers = new Set<Watcher>()
  readonly #history = new ObjectHistory(change => {
    this.activity++
    for (const watcher of this.#watchers) this.#offer(watcher, change)
  })
  readonly #held: (() => void)[] = []
  #asked = 0
  #answered = 0

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', socket => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    server.on('request', (request, response) => void this.#handle(request, response))
  }

  static async start(): Promise<ScriptedServer> {
    const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, connectionsCheckingInterval: 2 ** 30 })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return new ScriptedServer(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get connections(): number {
    return this.#sockets.size
  }

  get watchers(): number {
    return this.#watchers.size
  }

  get version(): string {
    return this.#history.version
  }

  /** nothing is being asked or watched */
  get idle(): boolean {
    return this.#watchers.size === 0 && this.#asked === this.#answered
  }

  /** slow requests that wait for release() */
  get heldRequests(): number {
    return this.#held.length
  }

  async stop(): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => setImmediate(resolve))
  }

  /** Creates or changes an object, as someone else would; returns it as stored. */
  put(plural: string, object: KubernetesObject): StoredObject {
    return this.#history.put(plural, object)
  }

  remove(plural: string, object: { namespace?: string; name?: string }): void {
    this.#history.remove(plural, object)
  }

  get<T extends KubernetesObject>(
    plural: string,
    { namespace = '', name = '' }: { namespace?: string; name?: string },
  ): T | undefined {
    return this.#history.get({ plural, namespace, name }) as T | undefined
  }

  /** All objects of a kind, by key as stores have it. */
  state(plural: string): Map<string, StoredObject> {
    return this.#history.state(plural)
  }

  /** Forgets the history: a watch that resumes before now is told 410, unless nothing has happened since. */
  compact(): void {
    this.#history.compact()
  }

  /** What `continue` tokens stand for is forgotten too. */
  expireContinueTokens(): void {
    this.#history.expireContinueTokens()
  }

  bookmark(): void {
    for (const watcher of this.#watchers) this.#send(watcher, bookmarkOf(this.version))
  }

  /** Sends an ERROR event to every watcher and ends the watches. */
  errorEvent(code: number, reason = ''): void {
    for (const watcher of [...this.#watchers]) {
      this.#send(watcher, { type: 'ERROR', object: statusOf(code, reason) })
      this.#end(watcher)
    }
  }

  /** Sends bytes as they are to every watcher. */
  sendRaw(text: string): void {
    for (const { response, silent } of this.#watchers) if (!silent) response.write(text)
  }

  /** Ends the watches as agreed, as after `timeoutSeconds`. */
  endWatches(): void {
    for (const watcher of [...this.#watchers]) this.#end(watcher)
  }

  /** Cuts every watch, in the middle of a line if wished. */
  cutWatches({ withinLine = false } = {}): void {
    for (const watcher of [...this.#watchers]) {
      const { socket } = watcher.response
      if (withinLine) watcher.response.write('{"type":"MODIFIED","object":{"metadata":{"name":"ü'.slice(0, -1))
      this.#watchers.delete(watcher)
      // destroySoon() lets the half line leave first
      if (withinLine) socket?.destroySoon()
      else socket?.destroy()
    }
  }

  /** Half-open: the watches stay, and nothing comes any more. */
  silenceWatches(): void {
    for (const watcher of this.#watchers) watcher.silent = true
  }

  cutConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Answers the slow requests. */
  release(): void {
    for (const answer of this.#held.splice(0)) answer()
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.activity++
    this.#asked++
    response.once('close', () => this.#answered++)
    let body = ''
    for await (const chunk of request) body += chunk
    const url = new URL(request.url ?? '/', this.url)
    const asked: ScriptedRequest = {
      method: request.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      authorization: request.headers.authorization,
      contentType: request.headers['content-type'] ?? '',
      body,
    }
    this.requests.push(asked)
    const fault = this.faults.shift()
    if (fault && !(await this.#fail(fault, response))) return
    const answer = this.#decide(asked, response)
    if (answer) this.#answer(response, ...answer)
  }

  #decide(request: ScriptedRequest, response: ServerResponse): Answer | undefined {
    const { method, path, query, authorization, body, contentType } = request
    if (this.token !== undefined && authorization !== `Bearer ${this.token}`)
      return [401, statusOf(401, 'Unauthorized')]
    const target = targetOf(path)
    if (!target) return [404, statusOf(404, 'NotFound')]
    const verb = method === 'GET' ? (query.get('watch') ? 'watch' : target.name ? 'get' : 'list') : verbs[method]
    if (this.forbidden.has(`${verb} ${target.plural}`)) return [403, statusOf(403, 'Forbidden')]
    if (verb === 'watch') return this.#watch(target, query, response)
    return verb === 'list' ? this.#list(target, query) : this.#object(verb ?? '', target, body, contentType)
  }

  /** True when the request is to be answered after all. */
  async #fail(fault: Fault, response: ServerResponse): Promise<boolean> {
    switch (fault.kind) {
      case 'silent':
        return false
      case 'reset':
        response.socket?.destroy()
        return false
      case 'garbage':
        response.end('<html>\n')
        return false
      case 'slow':
        await new Promise<void>(resolve => this.#held.push(resolve))
        return true
      case 'status': {
        if (fault.retryAfterSeconds !== undefined) response.setHeader('retry-after', fault.retryAfterSeconds)
        this.#answer(response, fault.status, statusOf(fault.status, fault.reason ?? ''))
        return false
      }
    }
  }

  #list(target: Target, query: URLSearchParams): Answer {
    const limit = Number(query.get('limit') ?? 0)
    const page = this.#history.page(target, { limit, continueToken: query.get('continue') })
    if (!page) return [410, statusOf(410, 'Expired')]
    const { version, items, continueToken } = page
    const metadata = { resourceVersion: String(version), ...(continueToken && { continue: continueToken }) }
    return [200, { kind: 'List', metadata, items }]
  }

  #watch(target: Target, query: URLSearchParams, response: ServerResponse): Answer | undefined {
    const initial = query.get('sendInitialEvents') === 'true'
    if (initial && this.streamingLists === 'refused') return [422, statusOf(422, 'Invalid')]
    const from = query.get('resourceVersion')
    const tooOld = from !== null && this.#history.hasForgotten(Number(from))
    if (tooOld && this.goneAs === 'status') return [410, statusOf(410, 'Expired')]
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    const watcher: Watcher = { plural: target.plural, namespace: target.namespace, response, silent: false }
    this.#watchers.add(watcher)
    response.once('close', () => {
      this.#watchers.delete(watcher)
      this.activity++
    })
    if (tooOld) {
      this.#send(watcher, { type: 'ERROR', object: statusOf(410, 'Expired') })
      this.#end(watcher)
      return undefined
    }
    if (from !== null) {
      for (const change of this.#history.changesAfter(Number(from))) this.#offer(watcher, change)
      return undefined
    }
    for (const object of this.#history.listed(target)) this.#send(watcher, { type: 'ADDED', object })
    if (initial && this.streamingLists === 'offered') this.#send(watcher, bookmarkOf(this.version, true))
    return undefined
  }

  #object(verb: string, target: Target, body: string, contentType: string): Answer {
    const before = this.#history.get(target)
    const { plural } = target
    if (verb === 'create') {
      const object = JSON.parse(body) as StoredObject
      const { name = '', namespace = target.namespace } = object.metadata
      if (this.#history.get({ plural, namespace, name })) return [409, statusOf(409, 'AlreadyExists')]
      return [201, this.put(plural, { ...object, metadata: { ...object.metadata, ...(namespace && { namespace }) } })]
    }
    if (!before) return [404, statusOf(404, 'NotFound')]
    if (verb === 'get') return [200, before]
    if (verb === 'delete') {
      this.remove(plural, target)
      return [200, { kind: 'Status', status: 'Success' }]
    }
    const patch = JSON.parse(body) as Json
    const after = (
      contentType.includes('json-patch')
        ? applyJsonPatch(before as unknown as Json, patch)
        : applyMergePatch(before as unknown as Json, patch)
    ) as StoredObject | undefined
    if (!after) return [422, statusOf(422, 'Invalid')]
    if (after.metadata.resourceVersion !== before.metadata.resourceVersion) return [409, statusOf(409, 'Conflict')]
    return [200, this.put(plural, after)]
  }

  #offer(watcher: Watcher, { type, plural, namespace, object }: Change): void {
    if (plural === watcher.plural && (watcher.namespace === '' || watcher.namespace === namespace))
      this.#send(watcher, { type, object })
  }

  #send({ response, silent }: Watcher, event: object): void {
    this.activity++
    if (!silent) response.write(`${JSON.stringify(event)}\n`)
  }

  #end(watcher: Watcher): void {
    this.#watchers.delete(watcher)
    if (!watcher.silent) watcher.response.end()
  }

  #answer(response: ServerResponse, status: number, body: object): void {
    this.activity++
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
}

const verbs: Record<string, string> = { POST: 'create', PATCH: 'patch', DELETE: 'delete' }

function targetOf(path: string): Target | undefined {
  const match = /^\/(?:api|apis\/[^/]+)\/[^/]+(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?(?:\/[^/]+)?$/.exec(path)
  return match ? { namespace: match[1] ?? '', plural: match[2] ?? '', name: match[3] ?? '' } : undefined
}

function statusOf(code: number, reason: string): object {
  return { kind: 'Status', status: 'Failure', code, reason, message: `scripted ${code}` }
}

function bookmarkOf(resourceVersion: string, initialEventsEnd = false): object {
  const annotations = initialEventsEnd ? { 'k8s.io/initial-events-end': 'true' } : undefined
  return { type: 'BOOKMARK', object: { metadata: { resourceVersion, annotations } } }
}
