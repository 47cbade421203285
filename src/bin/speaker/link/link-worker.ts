import { Worker } from 'node:worker_threads'
import type { Clock } from '../../../io/clock.ts'
import type { Standing } from '../../../layer2/announcer-events.ts'
import type { DesiredAddress, DesiredSet } from '../../../layer2/desired.ts'
import type { KnownSpeaker } from '../../../layer2/neighbourhood.ts'
import {
  HEARTBEAT_INTERVAL_MS,
  type LinkCommand,
  type LinkCounters,
  type LinkMessage,
  type LinkReport,
  type LinkThreadData,
  type RouterSession,
  type RouterSessionConfig,
  type Takeover,
  type UnnumberedNeighbour,
} from './link-messages.ts'

export interface LinkWorkerInit extends LinkThreadData {
  /** the file of the link thread */
  url: URL
  onReport: (report: LinkReport) => void
  onTakeovers: (takeovers: readonly Takeover[]) => void
  onStall: (gapMs: number) => void
  /** all wanted sessions, whenever the state of one has changed */
  onRouterSessions?: (sessions: readonly RouterSession[]) => void
  /** all routers found, whenever one came or went */
  onNeighbours?: (neighbours: readonly UnnumberedNeighbour[]) => void
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
// Nobody waits longer for those who should take over: the design's limit.
const leaveTimeoutMs = 2_000

/** The main thread's end of the link thread. */
export class LinkWorker {
  readonly #clock: Clock
  readonly #init: LinkWorkerInit
  readonly #ready = Promise.withResolvers<void>()
  readonly #left = Promise.withResolvers<void>()
  /** what the thread was told last */
  #desired: DesiredSet = new Map()
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
    const { node, excludedInterfaces, liveness, timings } = this.#init
    const workerData: LinkThreadData = { node, excludedInterfaces, liveness, timings }
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB }
    const worker = new Worker(this.#init.url, { workerData, name: 'link', resourceLimits })
    this.#worker = worker
    this.#exited = new Promise(resolve => worker.once('exit', () => resolve()))
    worker.on('message', (message: LinkMessage) => this.#onMessage(message))
    worker.on('error', error => this.#onEnd(error as Error))
    worker.on('exit', code => this.#onEnd(new Error(`the link thread ended with code ${code}`)))
    await this.#ready.promise
  }

  /** Takes the whole set, tells the thread the difference. */
  setDesired(desired: DesiredSet, revision: number): void {
    const before = this.#desired
    if (desired === before) return
    this.#desired = desired
    const changed = new Map<string, DesiredAddress>()
    for (const [key, wanted] of desired) {
      const known = before.get(key)
      if (!known || !sameDesired(known, wanted)) changed.set(key, wanted)
    }
    const removed = [...before.keys()].filter(key => !desired.has(key))
    this.#post({ type: 'desired', revision, changed, removed })
  }

  setSpeakers(speakers: readonly KnownSpeaker[]): void {
    this.#post({ type: 'speakers', speakers })
  }

  setStanding(standing: Omit<Standing, 'leaving'>): void {
    this.#post({ type: 'standing', standing })
  }

  setRivals(addresses: readonly string[]): void {
    this.#post({ type: 'rivals', addresses })
  }

  /** Announces everything owned once more. */
  speakUp(): void {
    this.#post({ type: 'speakUp' })
  }

  setSecret(secret: Uint8Array): void {
    this.#post({ type: 'secret', secret })
  }

  /** The BFD sessions with routers, all of them; those that are left out say AdminDown and end. */
  setRouterSessions(sessions: readonly RouterSessionConfig[]): void {
    this.#post({ type: 'routerSessions', sessions })
  }

  /** The interfaces on which routers are to be found, all of them. */
  setUnnumbered(interfaces: readonly string[]): void {
    this.#post({ type: 'unnumbered', interfaces })
  }

  /** Hands everything over to other nodes; resolves when they have it, or after two seconds. */
  async leave(): Promise<void> {
    if (!this.#worker) return
    this.#post({ type: 'leave' })
    const cancel = this.#clock.setTimer(() => this.#left.resolve(), leaveTimeoutMs)
    await this.#left.promise
    cancel()
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
      case 'takeovers':
        this.#init.onTakeovers(message.takeovers)
        break
      case 'stalled':
        this.#init.onStall(message.gapMs)
        break
      case 'routerSessions':
        this.#init.onRouterSessions?.(message.sessions)
        break
      case 'neighbours':
        this.#init.onNeighbours?.(message.neighbours)
        break
      case 'left':
        this.#left.resolve()
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
    this.#left.resolve()
    if (!this.#stopping) this.#init.onDied(error)
  }
}

function sameDesired(a: DesiredAddress, b: DesiredAddress): boolean {
  if (a === b) return true
  return String(a.order) === String(b.order) && String(a.interfaces) === String(b.interfaces) && a.patient === b.patient
}
