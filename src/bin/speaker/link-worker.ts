import { Worker } from 'node:worker_threads'
import type { Clock } from '../../io/clock.ts'
import type { DesiredSet } from '../../layer2/desired.ts'
import {
  HEARTBEAT_INTERVAL_MS,
  type LinkCommand,
  type LinkCounters,
  type LinkMessage,
  type LinkReport,
  type LinkThreadData,
} from './link-messages.ts'

export interface LinkWorkerInit {
  /** the file of the link thread */
  url: URL
  excludedInterfaces: readonly string[]
  onReport: (report: LinkReport) => void
  onProblem: (problem: Extract<LinkMessage, { type: 'problem' }>) => void
  /** the thread ended although nobody had asked for it */
  onDied: (error: Error) => void
}

// A thread that has not been heard for so many heartbeats hangs.
const missedHeartbeats = 5
// The thread makes little garbage; V8's default lets it pile up to 48 MB before it is looked at.
const YOUNG_GENERATION_MB = 3
const countTimeoutMs = 1_000
const stopTimeoutMs = 1_000

/** The main thread's end of the link thread. */
export class LinkWorker {
  readonly #clock: Clock
  readonly #init: LinkWorkerInit
  readonly #ready = Promise.withResolvers<void>()
  readonly #counts = new Map<number, (counters: LinkCounters | undefined) => void>()
  #worker: Worker | undefined
  #exited: Promise<void> = Promise.resolve()
  #lastHeardMs = Number.NEGATIVE_INFINITY
  #nextId = 1
  #stopping = false

  constructor({ clock }: { clock: Clock }, init: LinkWorkerInit) {
    this.#clock = clock
    this.#init = init
    this.#ready.promise.catch(() => {})
  }

  /** The thread was heard lately. */
  get alive(): boolean {
    return this.#clock.monotonicMs() - this.#lastHeardMs < missedHeartbeats * HEARTBEAT_INTERVAL_MS
  }

  /** Resolves once the thread knows the interfaces; rejects with what keeps it from working, such as a missing capability. */
  async start(): Promise<void> {
    const workerData: LinkThreadData = { excludedInterfaces: this.#init.excludedInterfaces }
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB }
    const worker = new Worker(this.#init.url, { workerData, name: 'link', resourceLimits })
    this.#worker = worker
    this.#exited = new Promise(resolve => worker.once('exit', () => resolve()))
    worker.on('message', (message: LinkMessage) => this.#onMessage(message))
    worker.on('error', error => this.#onEnd(error as Error))
    worker.on('exit', code => this.#onEnd(new Error(`the link thread ended with code ${code}`)))
    await this.#ready.promise
  }

  setDesired(desired: DesiredSet): void {
    this.#post({
      type: 'desired',
      addresses: [...desired].map(([address, { interfaces, order }]) => ({ address, interfaces, order })),
    })
  }

  /** What the thread has counted; undefined when it does not answer within a second. */
  counters(): Promise<LinkCounters | undefined> {
    if (!this.#worker) return Promise.resolve(undefined)
    const id = this.#nextId++
    return new Promise(resolve => {
      const cancel = this.#clock.setTimer(() => settle(undefined), countTimeoutMs)
      const settle = (counters: LinkCounters | undefined): void => {
        cancel()
        this.#counts.delete(id)
        resolve(counters)
      }
      this.#counts.set(id, settle)
      this.#post({ type: 'count', id })
    })
  }

  /** Withdraws everything and ends the thread. Resolves when it is gone: from then on nothing is answered. */
  async stop(): Promise<void> {
    this.#stopping = true
    for (const settle of [...this.#counts.values()]) settle(undefined)
    const worker = this.#worker
    if (!worker) return
    this.#post({ type: 'stop' })
    const cancel = this.#clock.setTimer(() => void worker.terminate(), stopTimeoutMs)
    await this.#exited
    cancel()
  }

  #post(command: LinkCommand): void {
    this.#worker?.postMessage(command)
  }

  #onMessage(message: LinkMessage): void {
    this.#lastHeardMs = this.#clock.monotonicMs()
    switch (message.type) {
      case 'ready':
        this.#ready.resolve()
        break
      case 'report':
        this.#init.onReport(message.report)
        break
      case 'counters':
        this.#counts.get(message.id)?.(message.counters)
        break
      case 'problem':
        this.#init.onProblem(message)
    }
  }

  #onEnd(error: Error): void {
    if (!this.#worker) return
    this.#worker = undefined
    this.#lastHeardMs = Number.NEGATIVE_INFINITY
    for (const settle of [...this.#counts.values()]) settle(undefined)
    this.#ready.reject(error)
    if (!this.#stopping) this.#init.onDied(error)
  }
}
