import type { IncomingMessage } from 'node:http'
import type { Clock } from '../io/clock.ts'
import { ApiError, errorFromStatus, isApiError, type StatusObject } from './api-error.ts'
import type { Credentials } from './credentials.ts'
import { HttpTransport } from './http-transport.ts'
import type { Logger } from './logger.ts'
import { Reachability } from './reachability.ts'
import { describeResource, type KubernetesObject, type ObjectRef, type Resource, resourcePath } from './resources.ts'

export const PatchKind = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const
export type PatchKind = keyof typeof PatchKind

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

export interface RequestOptions {
  signal?: AbortSignal
  /** instead of the client's */
  timeoutMs?: number
}

export interface PatchOptions extends RequestOptions {
  kind: PatchKind
  /** the owner of the fields, required for `apply` */
  fieldManager?: string
  /** with `apply`: take fields over from other owners */
  force?: boolean
}

export interface KubernetesList<T> {
  metadata?: { resourceVersion?: string; continue?: string }
  items?: T[]
}

/** The bytes of a watch as they come; ending the iteration closes the connection. */
export type ByteStream = AsyncIterable<Uint8Array>

export interface ApiClientComponents {
  credentials: Credentials
  clock: Clock
  logger: Logger
}

export interface ApiClientInit {
  userAgent?: string
  /** for the whole of a request, and for the first answer of a stream */
  timeoutMs?: number
  /** the longest answer taken, but for streams */
  maxResponseBytes?: number
}

interface Call extends RequestOptions {
  readonly method: string
  /** as in RBAC: get, list, watch, create, patch, delete */
  readonly verb: string
  readonly resource: Resource
  readonly ref: ObjectRef
  readonly query?: Query
  readonly body?: unknown
  readonly contentType?: string
}

/**
 * Talks to the API server. Every method throws an ApiError that names verb and object, or the reason of the signal that
 * ended it. Nothing is retried here but what was surely not carried out: the caller knows whether the request still makes sense.
 */
export class ApiClient {
  readonly reachability = new Reachability()
  readonly #credentials: Credentials
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #transport: HttpTransport
  readonly #userAgent: string
  readonly #timeoutMs: number
  readonly #maxResponseBytes: number
  /** what the server forbade and the log has said already */
  readonly #forbidden = new Set<string>()

  constructor({ credentials, clock, logger }: ApiClientComponents, init: ApiClientInit = {}) {
    this.#credentials = credentials
    this.#clock = clock
    this.#logger = logger
    this.#transport = new HttpTransport({ credentials })
    this.#userAgent = init.userAgent ?? 'herald'
    this.#timeoutMs = init.timeoutMs ?? 15_000
    this.#maxResponseBytes = init.maxResponseBytes ?? 64 * 1024 * 1024
  }

  get<T = KubernetesObject>(resource: Resource, ref: ObjectRef, options: RequestOptions = {}): Promise<T> {
    return this.#request<T>({ ...options, method: 'GET', verb: 'get', resource, ref })
  }

  /** One page, or all when the query has no `limit`. */
  list<T = KubernetesObject>(
    resource: Resource,
    { namespace, query, ...options }: RequestOptions & { namespace?: string; query?: Query } = {},
  ): Promise<KubernetesList<T>> {
    return this.#request({ ...options, method: 'GET', verb: 'list', resource, ref: { namespace }, query })
  }

  create<T extends KubernetesObject>(resource: Resource, object: T, options: RequestOptions = {}): Promise<T> {
    const { namespace, name } = object.metadata ?? {}
    return this.#request<T>({
      ...options,
      method: 'POST',
      verb: 'create',
      resource,
      ref: { namespace, name },
      body: object,
    })
  }

  patch<T = KubernetesObject>(resource: Resource, ref: ObjectRef, body: unknown, options: PatchOptions): Promise<T> {
    const { kind, fieldManager, force, ...rest } = options
    const query = { fieldManager, force }
    return this.#request<T>({
      ...rest,
      method: 'PATCH',
      verb: 'patch',
      resource,
      ref,
      query,
      body,
      contentType: PatchKind[kind],
    })
  }

  /** With `resourceVersion` or `uid` only that very object is deleted, else the answer is a conflict. */
  async delete(
    resource: Resource,
    ref: ObjectRef,
    { resourceVersion, uid, ...options }: RequestOptions & { resourceVersion?: string; uid?: string } = {},
  ): Promise<void> {
    const preconditions = { ...(resourceVersion && { resourceVersion }), ...(uid && { uid }) }
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions }
    await this.#request({ ...options, method: 'DELETE', verb: 'delete', resource, ref, body })
  }

  /** Opens a watch. Resolves when the server has accepted it; the signal ends the stream too. */
  async stream(
    resource: Resource,
    { namespace, query, ...options }: RequestOptions & { namespace?: string; query?: Query } = {},
  ): Promise<ByteStream> {
    const call: Call = {
      ...options,
      method: 'GET',
      verb: 'watch',
      resource,
      ref: { namespace },
      query: { ...query, watch: true },
    }
    const deadline = this.#deadline(call)
    try {
      const response = await this.#open(call, deadline.signal)
      response.once('close', deadline.release)
      return response as AsyncIterable<Buffer>
    } catch (error) {
      deadline.release()
      throw this.#explain(call, error, deadline.signal)
    } finally {
      deadline.clear()
    }
  }

  /** Closes every connection. Requests under way fail. */
  close(): void {
    this.#transport.close()
  }

  async #request<T>(call: Call): Promise<T> {
    const deadline = this.#deadline(call)
    try {
      const response = await this.#open(call, deadline.signal)
      return (await this.#json(call, response)) as T
    } catch (error) {
      throw this.#explain(call, error, deadline.signal)
    } finally {
      deadline.clear()
      deadline.release()
    }
  }

  /** Sends the request; an answer that is not a success becomes an ApiError, a 401 a second attempt with fresh credentials. */
  async #open(call: Call, signal: AbortSignal): Promise<IncomingMessage> {
    for (let attempt = 1; ; attempt++) {
      const authorization = await this.#credentials.authorization()
      const headers: Record<string, string> = { accept: 'application/json', 'user-agent': this.#userAgent }
      if (authorization !== undefined) headers.authorization = authorization
      const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body))
      if (body) headers['content-type'] = call.contentType ?? 'application/json'
      const response = await this.#transport.send({ method: call.method, path: pathOf(call), headers, body }, signal)
      this.reachability.answered()
      const status = response.statusCode ?? 0
      if (status >= 200 && status < 300) {
        this.#allowed(call)
        return response
      }
      const answer = await this.#statusObject(call, response)
      if (status === 401 && attempt === 1) {
        this.#credentials.expire()
        continue
      }
      throw errorFromStatus(describe(call), status, answer, response.headers['retry-after'])
    }
  }

  async #json(call: Call, response: IncomingMessage): Promise<unknown> {
    const text = await this.#read(call, response)
    try {
      return JSON.parse(text)
    } catch (error) {
      const problem = `${describe(call)}: the answer is not JSON: ${JSON.stringify(text.slice(0, 200))}`
      throw new ApiError('badResponse', problem, { status: response.statusCode, cause: error })
    }
  }

  // An answer that is no Status object (a proxy's page, plain text) serves as the message.
  async #statusObject(call: Call, response: IncomingMessage): Promise<StatusObject> {
    const text = await this.#read(call, response)
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value === 'object' && value !== null) return value
    } catch {}
    return { message: text.trim().slice(0, 200) }
  }

  async #read(call: Call, response: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > this.#maxResponseBytes) {
        throw new ApiError(
          'badResponse',
          `${describe(call)}: the answer is longer than ${this.#maxResponseBytes} bytes`,
        )
      }
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  }

  /** One signal for the caller's and for the time limit; `clear` ends the limit, `release` lets go of the caller's signal. */
  #deadline({ signal, timeoutMs = this.#timeoutMs }: RequestOptions): {
    signal: AbortSignal
    clear: () => void
    release: () => void
  } {
    const abort = new AbortController()
    const forward = (): void => abort.abort(signal?.reason)
    if (signal?.aborted) forward()
    else signal?.addEventListener('abort', forward, { once: true })
    const clear = this.#clock.setTimer(() => abort.abort(new TimeLimit(timeoutMs)), timeoutMs)
    return { signal: abort.signal, clear, release: () => signal?.removeEventListener('abort', forward) }
  }

  #explain(call: Call, error: unknown, signal: AbortSignal): unknown {
    if (isApiError(error)) {
      if (error.code === 'forbidden') this.#forbade(call, error)
      return error
    }
    if (signal.aborted) {
      const { reason } = signal
      if (!(reason instanceof TimeLimit)) return reason
      this.reachability.unanswered()
      return new ApiError('timeout', `${describe(call)}: no answer within ${reason.timeoutMs} ms`)
    }
    this.reachability.unanswered()
    // A new CA or certificate may be in place by now.
    this.#credentials.expire()
    const message = error instanceof Error ? error.message : String(error)
    const { server } = this.#credentials
    return new ApiError('unreachable', `${describe(call)}: no answer from ${server.host}: ${message}`, { cause: error })
  }

  #forbade(call: Call, error: ApiError): void {
    const what = permission(call)
    if (this.#forbidden.has(what)) return
    this.#forbidden.add(what)
    this.#logger.error({ permission: what, err: error }, 'permission missing: check the role of the service account')
  }

  #allowed(call: Call): void {
    if (this.#forbidden.size === 0) return
    const what = permission(call)
    if (this.#forbidden.delete(what)) this.#logger.info({ permission: what }, 'permission granted')
  }
}

class TimeLimit extends Error {
  readonly timeoutMs: number

  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`)
    this.timeoutMs = timeoutMs
  }
}

function describe({ verb, resource, ref }: Call): string {
  return `${verb} ${describeResource(resource, ref)}`
}

/** Verb and resource as a role names them: `patch services/status`, `list leases.coordination.k8s.io in "herald"`. */
function permission({ verb, resource, ref: { namespace, subresource } }: Call): string {
  const { group, plural } = resource
  const what = `${plural}${group && `.${group}`}${subresource ? `/${subresource}` : ''}`
  return `${verb} ${what}${namespace ? ` in "${namespace}"` : ''}`
}

function pathOf({ verb, resource, ref, query = {} }: Call): string {
  const target = verb === 'create' ? { ...ref, name: undefined } : ref
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value))
  const text = parameters.toString()
  return resourcePath(resource, target) + (text && `?${text}`)
}
