import type { Clock } from '../io/clock.ts'
import { ApiError, errorFromStatus, isApiError } from './api-error.ts'
import { Backoff, type BackoffInit } from './backoff.ts'
import type { ApiClient, Query } from './client.ts'
import type { Logger } from './logger.ts'
import { type Listed, ObjectMirror } from './object-mirror.ts'
import type { Syncable } from './reconciler.ts'
import { describeResource, type KubernetesObject, type Resource } from './resources.ts'
import { sleep } from './sleep.ts'
import type { Store } from './store.ts'
import { parseWatchEvent } from './watch-event.ts'
import { LineSplitter } from './watch-lines.ts'
import { Watchdog } from './watchdog.ts'

export interface ReflectorComponents<T> {
  client: Pick<ApiClient, 'list' | 'stream' | 'reachability'>
  store: Store<T>
  clock: Clock
  random: () => number
  logger: Logger
}

export interface ReflectorInit<T> {
  resource: Resource
  /** all namespaces without it */
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  /** Cuts an object to what is kept of it. */
  view: (object: KubernetesObject) => T
  /** objects a page where the server offers no streaming list */
  pageSize?: number
  /** the server ends a watch after this time, lengthened at random by up to as much again */
  watchSeconds?: number
  /** A connection that is silent for so long is taken for dead. Bookmarks come about each minute. */
  idleTimeoutMs?: number
  /** the same while the initial state streams in, where no silence is due */
  initialIdleTimeoutMs?: number
  backoff?: BackoffInit
}

/** A connection that lasted this long has worked: the next one is opened without delay. */
const workingAfterMs = 1_000
/** Within this time, at random, all reflectors come back to a server that answers again. */
const recoverySpreadMs = 500
/** so many unreadable answers in a row, and the state is listed anew */
const relistAfterBadAnswers = 3
/** so many initial states in a row that never ended, and the server is taken not to know streaming lists */
const pagesAfterEndlessStreams = 2

/**
 * Keeps a store equal to one kind of object in the API server: the state once, by a streaming list where the server offers
 * it, else in pages; then changes, resumed after each interruption where they ended.
 */
export class Reflector<T> implements Syncable {
  readonly #client: Pick<ApiClient, 'list' | 'stream' | 'reachability'>
  readonly #mirror: ObjectMirror<T>
  readonly #clock: Clock
  readonly #random: () => number
  readonly #logger: Logger
  readonly #init: ReflectorInit<T>
  readonly #what: string
  readonly #backoff: Backoff
  readonly #abort = new AbortController()
  readonly #synced = Promise.withResolvers<void>()
  readonly #connectionListeners = new Set<(connected: boolean) => void>()
  /** where the watch goes on; undefined when the state must be listed */
  #resourceVersion: string | undefined
  #isSynced = false
  #connected = false
  #failing = false
  /** when the server accepted the connection under way */
  #acceptedAtMs: number | undefined
  #streamingLists = true
  /** the next state is read in pages, whatever the server offers */
  #pageNext = false
  /** the next list is read at once, not in pages */
  #wholeList = false
  #endlessStreams = 0
  #badAnswers = 0
  /** the server has forgotten our version, and no connection has worked since */
  #gone = false
  #running: Promise<void> | undefined

  constructor({ client, store, clock, random, logger }: ReflectorComponents<T>, init: ReflectorInit<T>) {
    this.#client = client
    this.#mirror = new ObjectMirror({ store, logger }, { resource: init.resource.plural, view: init.view })
    this.#clock = clock
    this.#random = random
    this.#logger = logger
    this.#init = init
    this.#what = describeResource(init.resource, { namespace: init.namespace })
    this.#backoff = new Backoff({ random }, init.backoff)
    this.#synced.promise.catch(() => {})
  }

  /** the store has held the whole state once */
  get synced(): boolean {
    return this.#isSynced
  }

  /** changes are coming in, as far as one can know */
  get connected(): boolean {
    return this.#connected
  }

  /** up to where changes have come; undefined when the state must be listed */
  get resourceVersion(): string | undefined {
    return this.#resourceVersion
  }

  /** Resolves once the store has held the whole state; rejects when stopped before. */
  whenSynced(): Promise<void> {
    return this.#synced.promise
  }

  /** Calls back when the connection is lost, and when it is there (again); not when the server ends a watch as agreed. */
  onConnection(listener: (connected: boolean) => void): () => void {
    this.#connectionListeners.add(listener)
    return () => this.#connectionListeners.delete(listener)
  }

  start(signal?: AbortSignal): void {
    if (signal?.aborted) this.#abort.abort()
    signal?.addEventListener('abort', () => this.#abort.abort(), { once: true, signal: this.#abort.signal })
    this.#running ??= this.#run()
  }

  /** Resolves when no timer and no connection is left. The store keeps what it holds. */
  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#running
    this.#synced.reject(new Error(`the reflector of ${this.#what} was stopped before it had synced`))
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      this.#acceptedAtMs = undefined
      const problem = await this.#attempt(signal).catch((error: unknown) => error ?? new Error('unknown problem'))
      if (signal.aborted) break
      const worked =
        this.#acceptedAtMs !== undefined && this.#clock.monotonicMs() - this.#acceptedAtMs >= workingAfterMs
      if (worked) {
        this.#backoff.reset()
        this.#gone = false
      }
      const goOnAtOnce = problem === undefined ? worked : this.#react(problem) || worked
      const askedMs = isApiError(problem) ? (problem.retryAfterMs ?? 0) : 0
      if (problem !== undefined) this.#report(problem)
      if (!goOnAtOnce || askedMs > 0) await this.#pause(this.#backoff.nextMs(askedMs), askedMs, signal)
    }
    this.#setConnected(false)
  }

  /** Waits out a delay, or what the server asked for and then no longer than until it is known to answer again. */
  async #pause(delayMs: number, askedMs: number, signal: AbortSignal): Promise<void> {
    const recovered = new AbortController()
    const unsubscribe = this.#client.reachability.onRecovered(() => recovered.abort())
    const startedMs = this.#clock.monotonicMs()
    await sleep(this.#clock, delayMs, AbortSignal.any([signal, recovered.signal]))
    unsubscribe()
    if (!recovered.signal.aborted) return
    const restMs = delayMs - (this.#clock.monotonicMs() - startedMs)
    const spreadMs = Math.max(askedMs, this.#random() * recoverySpreadMs)
    await sleep(this.#clock, Math.min(restMs, spreadMs), signal)
  }

  /** One connection, from the state or where the last one ended. Resolves when the server ends it as agreed. */
  async #attempt(signal: AbortSignal): Promise<void> {
    if (this.#resourceVersion !== undefined) return this.#watch(this.#resourceVersion, signal)
    if (this.#streamingLists && !this.#pageNext) return this.#watch(undefined, signal)
    this.#pageNext = false
    await this.#watch(await this.#listPages(signal), signal)
  }

  /** Draws the lesson from a failure; true when the next attempt need not wait. */
  #react(problem: unknown): boolean {
    const initial = this.#resourceVersion === undefined
    if (problem instanceof SilentConnection) {
      if (!initial) return true
      // Servers before 1.27 send the state and never say that it is complete.
      this.#pageNext = true
      if (++this.#endlessStreams >= pagesAfterEndlessStreams) this.#streamingLists = false
      return true
    }
    if (!isApiError(problem)) return false
    if (problem.code === 'gone') {
      if (initial) this.#wholeList = true
      this.#resourceVersion = undefined
      // It answers, and only our version is too old. Once: a server that never serves what it has listed is not hurried.
      const first = !this.#gone && !initial
      this.#gone = true
      return first
    } else if (problem.code === 'badResponse') {
      if (++this.#badAnswers >= relistAfterBadAnswers) this.#resourceVersion = undefined
    } else if (initial && this.#streamingLists && (problem.code === 'invalid' || problem.status === 400)) {
      this.#streamingLists = false
      return true
    }
    return false
  }

  /** Reads the state page by page and returns the version at which a watch goes on from it. */
  async #listPages(signal: AbortSignal): Promise<string> {
    const { resource, namespace, labelSelector, fieldSelector, pageSize = 500 } = this.#init
    const objects: Listed<T> = new Map()
    // Pages of a state that the server has meanwhile forgotten (410) would never end: the second time, all at once.
    const limit = this.#wholeList ? undefined : pageSize
    this.#wholeList = false
    let next: string | undefined
    do {
      const query: Query = { labelSelector, fieldSelector, limit, continue: next }
      const { metadata, items } = await this.#client.list(resource, { namespace, query, signal })
      const { resourceVersion } = metadata ?? {}
      if (!resourceVersion || !Array.isArray(items)) {
        throw new ApiError('badResponse', `list ${this.#what}: the answer is not a list with a resourceVersion`)
      }
      for (const object of items) this.#mirror.collect(objects, object)
      next = metadata?.continue || undefined
      if (!next) {
        this.#replace(objects, resourceVersion)
        return resourceVersion
      }
    } while (!signal.aborted)
    throw signal.reason
  }

  /** Watches from this version on, or, without one, streams the state first. */
  async #watch(from: string | undefined, signal: AbortSignal): Promise<void> {
    const { resource, namespace, labelSelector, fieldSelector } = this.#init
    const { watchSeconds = 300, idleTimeoutMs = 120_000, initialIdleTimeoutMs = 10_000 } = this.#init
    const timeoutSeconds = Math.round(watchSeconds * (1 + this.#random()))
    const state: Query =
      from === undefined ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' } : { resourceVersion: from }
    const query: Query = { labelSelector, fieldSelector, allowWatchBookmarks: true, timeoutSeconds, ...state }

    const connection = new AbortController()
    const forward = (): void => connection.abort(signal.reason)
    signal.addEventListener('abort', forward, { once: true })
    const watchdog = new Watchdog(this.#clock, silentMs => connection.abort(new SilentConnection(this.#what, silentMs)))
    try {
      const stream = await this.#client.stream(resource, { namespace, query, signal: connection.signal })
      this.#acceptedAtMs = this.#clock.monotonicMs()
      if (from !== undefined) this.#setConnected(true)
      watchdog.start(from === undefined ? initialIdleTimeoutMs : idleTimeoutMs)
      const lines = new LineSplitter()
      const initial: { objects: Listed<T> | undefined } = { objects: from === undefined ? new Map() : undefined }
      for await (const chunk of stream) {
        watchdog.fed()
        const split = lines.push(chunk)
        if ('problem' in split)
          throw new ApiError('badResponse', `watch ${this.#what}: a line too long to be an object`)
        for (const line of split.lines) {
          this.#take(line, initial)
          if (!initial.objects) watchdog.limitMs = idleTimeoutMs
        }
        if (signal.aborted) return
      }
      if (lines.pendingBytes > 0) throw new Error(`watch ${this.#what}: the connection was cut within a line`)
      if (initial.objects) throw new Error(`watch ${this.#what}: the connection ended before the state was complete`)
    } catch (error) {
      throw connection.signal.aborted ? connection.signal.reason : error
    } finally {
      watchdog.stop()
      signal.removeEventListener('abort', forward)
      // the stream's own listener, and the connection should we leave early
      connection.abort(new Error('the watch has ended'))
    }
  }

  #take(line: string, initial: { objects: Listed<T> | undefined }): void {
    const event = parseWatchEvent(line)
    if ('problem' in event) throw new ApiError('badResponse', `watch ${this.#what}: ${event.problem}`)
    switch (event.type) {
      case 'ERROR':
        throw errorFromStatus(`watch ${this.#what}`, event.status.code ?? 500, event.status)
      case 'BOOKMARK':
        if (initial.objects && event.initialEventsEnd) {
          this.#replace(initial.objects, event.resourceVersion)
          this.#endlessStreams = 0
          initial.objects = undefined
          this.#setConnected(true)
        } else if (!initial.objects && event.resourceVersion !== '') this.#resourceVersion = event.resourceVersion
        return
      default:
        if (initial.objects) this.#mirror.collectEvent(initial.objects, event)
        else this.#resumeFrom(this.#mirror.apply(event))
    }
  }

  #resumeFrom(resourceVersion: string): void {
    this.#resourceVersion = resourceVersion
    this.#badAnswers = 0
  }

  #replace(objects: Listed<T>, resourceVersion: string): void {
    this.#mirror.replace(objects)
    this.#resumeFrom(resourceVersion)
    if (this.#isSynced) return
    this.#isSynced = true
    this.#synced.resolve()
    this.#logger.info({ resource: this.#init.resource.plural, objects: objects.size }, 'synced')
  }

  #setConnected(connected: boolean): void {
    if (connected) {
      if (this.#failing) this.#logger.info({ resource: this.#init.resource.plural }, 'watching again')
      this.#failing = false
    }
    if (this.#connected === connected) return
    this.#connected = connected
    for (const listener of this.#connectionListeners) listener(connected)
  }

  // The first failure of a row is worth a warning, the others only tell that it lasts; of a missing permission the client has told.
  #report(problem: unknown): void {
    this.#setConnected(false)
    const fields = { resource: this.#init.resource.plural, err: problem }
    const expected = isApiError(problem, 'gone', 'invalid') || problem instanceof SilentConnection
    if (this.#failing || expected || isApiError(problem, 'forbidden')) this.#logger.debug(fields, 'watch interrupted')
    // A server that has just started, or just learnt of a kind, asks to wait: no reason to worry anybody.
    else if (isApiError(problem, 'throttled'))
      this.#logger.info({ ...fields, err: undefined, problem: problem.message }, 'watch put off')
    else this.#logger.warn(fields, 'watch interrupted')
    this.#failing ||= !expected
  }
}

class SilentConnection extends Error {
  constructor(what: string, silentMs: number) {
    super(`watch ${what}: nothing came for ${silentMs} ms`)
  }
}
