import type { CancelTimer, Clock } from '../io/clock.ts'
import { isApiError } from './api-error.ts'
import type { ApiClient } from './client.ts'
import { type Lease, type LeaseView, viewLease } from './lease-record.ts'
import type { Logger } from './logger.ts'
import { leases, objectKey } from './resources.ts'
import type { ReadableStore } from './store.ts'

/** What the watcher asks of the reflector that fills its store. */
export interface Connection {
  readonly connected: boolean
  onConnection(listener: (connected: boolean) => void): () => void
}

export interface LeaseWatcherComponents {
  store: ReadableStore<LeaseView>
  connection: Connection
  client: Pick<ApiClient, 'get'>
  clock: Clock
  logger: Logger
}

export interface LeaseWatcherInit {
  namespace: string
  /** Leases whose names begin so are watched */
  namePrefix: string
  /** Called when a Lease becomes `live` or `expired`. */
  onChange: (name: string, state: 'live' | 'expired') => void
}

/**
 * `live`: seen to be renewed; `expired`: given back, run out or deleted; `unknown`: held when the watching began, and neither
 * has been seen since.
 */
export type LeaseState = 'unknown' | 'live' | 'expired'

interface Watched {
  lease: LeaseView
  /** when we last saw it change, or could not have seen it */
  observedAtMs: number
  state: LeaseState
  cancel: CancelTimer
}

/** how long to wait before a Lease is read again that could not be read */
const readAgainAfterMs = 5_000

/**
 * Tells which Leases ran out, by our own clock from the moment at which each was last seen to change. Before one is declared
 * expired it is read once more, and time in which the API server could not be reached does not count: its holder may have
 * been cut off as we were.
 */
export class LeaseWatcher {
  readonly #store: ReadableStore<LeaseView>
  readonly #connection: Connection
  readonly #client: Pick<ApiClient, 'get'>
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #init: LeaseWatcherInit
  readonly #watched = new Map<string, Watched>()
  readonly #abort = new AbortController()
  readonly #reads = new Set<Promise<void>>()
  #unsubscribe: (() => void)[] = []

  constructor({ store, connection, client, clock, logger }: LeaseWatcherComponents, init: LeaseWatcherInit) {
    this.#store = store
    this.#connection = connection
    this.#client = client
    this.#clock = clock
    this.#logger = logger
    this.#init = init
  }

  /** The state of a Lease; undefined when there is none of this name. */
  state(name: string): LeaseState | undefined {
    return this.#watched.get(name)?.state
  }

  start(): void {
    this.#unsubscribe = [
      this.#store.subscribe((_key, before, after) => {
        if (after) this.#see(after, 'live')
        else if (before) this.#gone(before.name)
      }),
      this.#connection.onConnection(connected => {
        if (connected) this.#restartTimes()
      }),
    ]
    for (const lease of this.#store.list()) this.#see(lease, 'unknown')
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    for (const { cancel } of this.#watched.values()) cancel()
    await Promise.all(this.#reads)
  }

  #see(lease: LeaseView, heldState: 'live' | 'unknown'): void {
    if (!lease.name.startsWith(this.#init.namePrefix)) return
    const watched = this.#watched.get(lease.name)
    if (watched?.lease.resourceVersion === lease.resourceVersion) return
    watched?.cancel()
    const next: Watched = {
      lease,
      observedAtMs: this.#clock.monotonicMs(),
      state: watched?.state ?? 'unknown',
      cancel: () => {},
    }
    this.#watched.set(lease.name, next)
    if (lease.holder === '' || lease.durationSeconds === 0) this.#setState(next, 'expired')
    else {
      this.#setState(next, heldState)
      this.#wait(next)
    }
  }

  #gone(name: string): void {
    const watched = this.#watched.get(name)
    if (!watched) return
    watched.cancel()
    this.#watched.delete(name)
    this.#setState(watched, 'expired')
  }

  /** The API server is back: the holders get the time that they need to renew. */
  #restartTimes(): void {
    for (const watched of this.#watched.values()) {
      if (watched.state === 'expired') continue
      watched.observedAtMs = this.#clock.monotonicMs()
      watched.cancel()
      this.#wait(watched)
    }
  }

  #wait(watched: Watched): void {
    const dueMs = watched.observedAtMs + watched.lease.durationSeconds * 1000
    this.#waitFor(watched, dueMs - this.#clock.monotonicMs())
  }

  #waitFor(watched: Watched, delayMs: number): void {
    watched.cancel = this.#clock.setTimer(
      () => {
        // While we are cut off nothing is judged; the times start anew when the connection is back.
        if (!this.#connection.connected) return
        const reading = this.#confirm(watched).finally(() => this.#reads.delete(reading))
        this.#reads.add(reading)
      },
      Math.max(0, delayMs),
    )
  }

  /** The watch has brought nothing: it may be late, so the Lease itself is asked. */
  async #confirm(watched: Watched): Promise<void> {
    const { name } = watched.lease
    const { signal } = this.#abort
    const ref = { namespace: this.#init.namespace, name }
    try {
      const lease = viewLease(await this.#client.get<Lease>(leases, ref, { signal }))
      if (signal.aborted || this.#watched.get(name) !== watched) return
      if (lease.resourceVersion !== watched.lease.resourceVersion) this.#see(lease, 'live')
      else this.#expire(watched)
    } catch (error) {
      if (signal.aborted || this.#watched.get(name) !== watched) return
      if (isApiError(error, 'notFound')) {
        this.#gone(name)
        return
      }
      this.#logger.debug({ lease: objectKey(ref), err: error }, 'cannot tell whether a lease has run out')
      this.#waitFor(watched, readAgainAfterMs)
    }
  }

  #expire(watched: Watched): void {
    // The connection may have come back while the answer was under way.
    const dueMs = watched.observedAtMs + watched.lease.durationSeconds * 1000
    if (this.#clock.monotonicMs() < dueMs) return
    this.#setState(watched, 'expired')
  }

  #setState(watched: Watched, state: LeaseState): void {
    if (watched.state === state) return
    watched.state = state
    if (state === 'unknown') return
    this.#logger.info({ lease: watched.lease.name, state }, 'lease changed')
    this.#init.onChange(watched.lease.name, state)
  }
}
