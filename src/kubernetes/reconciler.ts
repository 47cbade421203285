import type { Clock } from '../io/clock.ts'
import { isApiError } from './api-error.ts'
import type { Logger } from './logger.ts'
import { failed, type Outcome } from './outcome.ts'
import { WorkQueue, type WorkQueueInit } from './work-queue.ts'

/** Something that must know the world before the work begins: a Reflector. */
export interface Syncable {
  whenSynced(): Promise<void>
}

export interface ReconcilerComponents {
  clock: Clock
  random: () => number
  logger: Logger
  /** nothing runs before all of these have synced */
  sources: readonly Syncable[]
}

export interface ReconcilerInit {
  /** what is reconciled, for logs: `service` */
  name: string
  /** Brings one key's world to what it should be. Reads the stores itself; a deleted object is one that is not found. */
  reconcile: (key: string, signal: AbortSignal) => Promise<Outcome> | Outcome
  /**
   * Every key there is, in the order in which the first pass takes them: what holds something before what asks for
   * something. Asked once all sources have synced, and again for `reprocessAll`.
   */
  keys: () => Iterable<string>
  /** how many keys are worked on at the same time */
  concurrency?: number
  /** called after each reconcile, for metrics */
  onOutcome?: (key: string, outcome: Outcome, durationMs: number) => void
  /** called once, when every key of the first pass has been reconciled once */
  onFirstPassDone?: () => void
  backoff?: WorkQueueInit
}

/** Runs one function for each key that something happened to, and does with the key what the outcome says. */
export class Reconciler {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #sources: readonly Syncable[]
  readonly #init: ReconcilerInit
  readonly #queue: WorkQueue
  readonly #abort = new AbortController()
  readonly #workers: Promise<void>[] = []
  /** keys of the first pass that have not been reconciled yet; undefined before it began */
  #firstPass: Set<string> | undefined
  #firstPassDone = false

  constructor({ clock, random, logger, sources }: ReconcilerComponents, init: ReconcilerInit) {
    this.#clock = clock
    this.#logger = logger
    this.#sources = sources
    this.#init = init
    this.#queue = new WorkQueue({ clock, random }, init.backoff)
  }

  /** keys that wait, without those that wait for their time */
  get depth(): number {
    return this.#queue.size
  }

  /** true once every key that there was at the start has been reconciled once */
  get firstPassDone(): boolean {
    return this.#firstPassDone
  }

  /** Something happened to this key. Before the first pass nothing is noted: that takes every key. */
  enqueue(key: string): void {
    if (this.#firstPass) this.#queue.add(key)
  }

  enqueueAfter(key: string, delayMs: number): void {
    if (this.#firstPass) this.#queue.addAfter(key, delayMs)
  }

  /** Something happened that can concern every key. */
  enqueueAll(): void {
    if (!this.#firstPass) return
    for (const key of this.#init.keys()) this.#queue.add(key)
  }

  /** Waits for the sources and then works until stop(), or until the signal aborts. */
  start(signal?: AbortSignal): void {
    if (signal?.aborted) this.#abort.abort()
    signal?.addEventListener('abort', () => void this.stop(), { once: true, signal: this.#abort.signal })
    void Promise.all(this.#sources.map(source => source.whenSynced())).then(
      () => this.#begin(),
      () => {}, // a source that was stopped: so are we, or shall be
    )
  }

  /** Ends the work; resolves when no reconcile runs any more. */
  async stop(): Promise<void> {
    this.#abort.abort()
    this.#queue.stop()
    await Promise.all(this.#workers)
  }

  #begin(): void {
    if (this.#abort.signal.aborted) return
    this.#firstPass = new Set(this.#init.keys())
    for (const key of this.#firstPass) this.#queue.add(key)
    this.#endFirstPass()
    for (let worker = 0; worker < (this.#init.concurrency ?? 1); worker++) this.#workers.push(this.#work())
  }

  async #work(): Promise<void> {
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      const startedMs = this.#clock.monotonicMs()
      const outcome = await this.#reconcile(key)
      this.#settle(key, outcome)
      this.#init.onOutcome?.(key, outcome, this.#clock.monotonicMs() - startedMs)
      this.#queue.done(key)
      if (this.#firstPass?.delete(key)) this.#endFirstPass()
    }
  }

  async #reconcile(key: string): Promise<Outcome> {
    try {
      return await this.#init.reconcile(key, this.#abort.signal)
    } catch (error) {
      return failed(error)
    }
  }

  #settle(key: string, outcome: Outcome): void {
    const fields = { reconciler: this.#init.name, key, outcome: outcome.kind }
    if (outcome.kind !== 'failed') this.#queue.forgetFailures(key)
    switch (outcome.kind) {
      case 'done':
        this.#logger.debug(fields, 'reconciled')
        return
      case 'retryAfter':
        this.#queue.addAfter(key, Math.max(1, outcome.delayMs))
        this.#logger.debug({ ...fields, delayMs: outcome.delayMs }, 'reconciled, to be looked at again')
        return
      case 'rejected':
        this.#logger.info({ ...fields, reason: outcome.reason }, 'rejected until it changes')
        return
      case 'reprocessAll':
        this.#logger.info(fields, 'reprocessing all')
        this.enqueueAll()
        return
      case 'failed':
        this.#fail(key, outcome.error, fields)
    }
  }

  #fail(key: string, error: unknown, fields: object): void {
    if (this.#abort.signal.aborted) return
    const delayMs = this.#queue.addAfterFailure(key, isApiError(error) ? error.retryAfterMs : 0)
    const more = { ...fields, delayMs: Math.round(delayMs), failures: this.#queue.failuresOf(key), err: error }
    // The client has said once that the permission is missing.
    if (isApiError(error, 'forbidden')) this.#logger.debug(more, 'reconcile failed, will be tried again')
    else this.#logger.warn(more, 'reconcile failed, will be tried again')
  }

  #endFirstPass(): void {
    if (this.#firstPassDone || this.#firstPass?.size !== 0) return
    this.#firstPassDone = true
    this.#init.onFirstPassDone?.()
  }
}
