import type { CancelTimer, Clock } from '../../io/clock.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import { EventRecorder } from '../../kubernetes/events.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { NO_ENDPOINTS, sameEndpointSlice, serviceEndpoints } from '../../resources/endpoint-slice.ts'
import { sameNode } from '../../resources/node.ts'
import { sameCandidate, sameNeighbour } from '../../resources/speaker-view.ts'
import type { CandidateRules, ClusterFacts } from '../../speaker/candidate-index.ts'
import { gatherClusterFacts } from '../../speaker/cluster-facts.ts'
import { Decisions } from '../../speaker/decisions.ts'
import { Assignments } from './assignments.ts'
import { knownSpeakers } from './known-speakers.ts'
import { EMPTY_REPORT, type LinkMessage, type LinkReport, type Takeover } from './link/link-messages.ts'
import { LinkWorker } from './link/link-worker.ts'
import { LivenessKey } from './liveness-key.ts'
import { Registration } from './registration.ts'
import { Rivals } from './rivals.ts'
import { SpeakerMetrics } from './speaker-metrics.ts'
import { BY_SERVICE, SpeakerStores } from './speaker-stores.ts'

export interface SpeakerComponents {
  client: ApiClient
  clock: Clock
  random: () => number
  logger: Logger
}

/** How speakers watch each other. */
export interface LivenessInit {
  /** UDP, the same on all nodes */
  port: number
  intervalMs: number
  /** after so many intervals of silence a speaker counts as dead */
  multiplier: number
  secretName: string
}

export interface Layer2Init {
  /** how often an address is asked for before it is claimed */
  probeCount: number
  /** how long an answer is waited for each time */
  probeIntervalMs: number
}

export interface SpeakerInit {
  namespace: string
  nodeName: string
  podName: string
  loadBalancerClass: string
  candidateRules: CandidateRules
  excludedInterfaces: readonly string[]
  liveness: LivenessInit
  layer2: Layer2Init
  linkThreadUrl: URL
  /** the process cannot go on: it must end, so that it is started anew */
  onFatal: (error: Error) => void
}

/** A burst of changes is worked off together, so often at most. The first change of a burst is not delayed. */
const SETTLE_INTERVAL_MS = 20
/** With very many Services settling takes longer; then it rests for so many times as long as it took, rather than fill the processor. */
const REST_FACTOR = 3
/** events of this process's last transitions get this long to leave when it stops */
const FLUSH_TIMEOUT_MS = 500

/** One node's speaker: watches the cluster, decides what to announce here, has the link thread announce it, and reports. */
export class Speaker {
  readonly #clock: Clock
  readonly #client: ApiClient
  readonly #logger: Logger
  readonly #stores: SpeakerStores
  readonly #decisions: Decisions
  readonly #link: LinkWorker
  readonly #registration: Registration
  readonly #events: EventRecorder
  readonly metrics: SpeakerMetrics
  readonly #assignments: Assignments
  readonly #livenessKey: LivenessKey
  readonly #rivals: Rivals
  readonly #refused = new Map<string, string>()
  /** the last problem of each interface that does not work, so that each is logged once */
  readonly #linkProblems = new Map<string, string>()
  #report: LinkReport = EMPTY_REPORT
  #toldRivals = ''
  #nextSettleMs = Number.NEGATIVE_INFINITY
  #cancelSettle: CancelTimer | undefined
  #cancelDue: CancelTimer = () => {}
  #unsubscribe: (() => void)[] = []
  #running = false

  constructor(components: SpeakerComponents, init: SpeakerInit) {
    const { client, clock, logger } = components
    this.#client = client
    const { nodeName, namespace, podName } = init
    this.#clock = clock
    this.#logger = logger

    this.#rivals = new Rivals({ self: nodeName })
    const stores = new SpeakerStores(components, { namespace })
    this.#stores = stores
    this.#decisions = new Decisions(
      {
        sources: {
          service: key => stores.services.get(key),
          serviceKeys: () => stores.services.keys(),
          endpoints: key => {
            const slices = [...stores.endpointSlices.byIndex(BY_SERVICE, key)]
            return slices.length === 0 ? NO_ENDPOINTS : serviceEndpoints(slices)
          },
          cluster: () => this.#clusterFacts(),
        },
      },
      { nodeName, loadBalancerClass: init.loadBalancerClass, rules: init.candidateRules },
    )
    this.#link = new LinkWorker(
      { clock },
      {
        url: init.linkThreadUrl,
        node: nodeName,
        excludedInterfaces: init.excludedInterfaces,
        liveness: init.liveness,
        timings: init.layer2,
        onReport: report => this.#onReport(report),
        onTakeovers: takeovers => this.#onTakeovers(takeovers),
        onStall: gapMs =>
          logger.warn({ gapMs: Math.round(gapMs) }, 'did not run for a while: asking for every address again'),
        onProblem: problem => this.#onLinkProblem(problem),
        onDied: error => init.onFatal(error),
      },
    )
    this.#registration = new Registration(
      { ...components, nodes: stores.nodes, speakers: stores.speakers, sources: stores.reflectors },
      { namespace, nodeName, podName, onLeaseExpired: () => this.#tellStanding() },
    )
    this.#livenessKey = new LivenessKey(components, {
      namespace,
      secretName: init.liveness.secretName,
      onChange: key => this.#link.setSecret(key),
    })
    this.#events = new EventRecorder(components, { component: 'herald-speaker', instance: podName, host: nodeName })
    this.#assignments = new Assignments(
      {
        serviceOf: key => stores.services.get(key),
        servicesOf: address => this.#decisions.claimantsOf(address),
        events: this.#events,
        logger,
      },
      { nodeName },
    )
    this.metrics = new SpeakerMetrics({
      nodeName,
      announced: () => this.#assignments.rows(),
      sessions: () => this.#report.sessions,
      linkCounters: () => this.#link.counters(),
      configLoaded: () => stores.synced,
      configStale: () => this.#refused.size > 0,
    })
  }

  /** What must hold for the speaker to be ready, by name. */
  get readiness(): Record<string, () => boolean> {
    return {
      'stores synced': () => this.#stores.synced,
      'link thread alive': () => this.#link.alive,
      registered: () => this.#registration.registered,
    }
  }

  get linkThreadAlive(): boolean {
    return this.#link.alive
  }

  /** Resolves when all stores have synced, and so announcing has begun. Rejects when the node does not let the link thread work. */
  async start(): Promise<void> {
    this.#running = true
    await this.#link.start()
    this.#subscribe()
    this.#stores.start()
    this.#livenessKey.start()
    this.#registration.start()
    await Promise.all(this.#stores.reflectors.map(reflector => reflector.whenSynced()))
    if (!this.#running) return
    // Whoever is not known to be a speaker would be taken for a stranger: first the speakers, then the addresses.
    this.#tellSpeakers()
    this.#tellStanding()
    this.#logger.info({ services: this.#stores.services.size, nodes: this.#stores.nodes.size }, 'stores synced')
    this.#schedule()
  }

  /**
   * Hands everything over, says that it leaves, and ends; within three seconds, whatever the others and the API server do. First the
   * hand-over, then the word: when the election makes another node the owner, this one does not answer any more.
   */
  async stop(): Promise<void> {
    this.#running = false
    this.#cancelSettle?.()
    this.#cancelDue()
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    await Promise.all([this.#link.leave(), this.#livenessKey.stop()])
    await this.#link.stop()
    const cancelFlush = Promise.withResolvers<void>()
    const cancel = this.#clock.setTimer(() => cancelFlush.resolve(), FLUSH_TIMEOUT_MS)
    await Promise.all([this.#registration.stop(), Promise.race([this.#events.flush(), cancelFlush.promise])])
    cancel()
    await Promise.all([this.#events.stop(), this.#stores.stop()])
  }

  #subscribe(): void {
    const { services, endpointSlices, nodes, pools, advertisements, speakers } = this.#stores
    const world = (): void => {
      this.#decisions.touchWorld()
      this.#schedule()
    }
    services.subscribe(key => {
      this.#decisions.touch(key)
      this.#schedule()
    })
    endpointSlices.subscribe((_key, before, after) => {
      if (before && after && sameEndpointSlice(before, after)) return
      for (const key of [before?.serviceKey, after?.serviceKey]) if (key !== undefined) this.#decisions.touch(key)
      this.#schedule()
    })
    nodes.subscribe((_key, before, after) => {
      if (!before || !after || !sameNode(before, after)) world()
      if (String(before?.addresses) !== String(after?.addresses)) this.#tellSpeakers()
    })
    speakers.subscribe((_key, before, after) => {
      this.#rivals.setSpeaker((after ?? before)?.name ?? '', after)
      if (!sameCandidate(before, after)) world()
      if (!sameNeighbour(before, after)) this.#tellSpeakers()
      this.#tellRivals()
    })
    const { reachability } = this.#client
    this.#unsubscribe = [
      reachability.onLost(() => this.#tellStanding()),
      reachability.onRecovered(() => {
        this.#tellStanding()
        this.#link.speakUp()
      }),
    ]
    pools.subscribe(world)
    advertisements.subscribe(world)
    for (const store of [services, endpointSlices, nodes, pools, advertisements, speakers]) {
      store.subscribe(() => this.metrics.countUpdate())
    }
  }

  #schedule(): void {
    if (!this.#running || !this.#stores.synced || this.#cancelSettle) return
    const delayMs = Math.max(0, this.#nextSettleMs - this.#clock.monotonicMs())
    this.#cancelSettle = this.#clock.setTimer(() => this.#settle(), delayMs)
  }

  #settle(): void {
    this.#cancelSettle = undefined
    const startedMs = this.#clock.monotonicMs()
    const { desired, revision, changes, dueMs } = this.#decisions.settle(startedMs)
    this.#link.setDesired(desired, revision)
    for (const change of changes) this.#assignments.decided(change)
    const endedMs = this.#clock.monotonicMs()
    this.#cancelDue()
    if (dueMs !== undefined)
      this.#cancelDue = this.#clock.setTimer(() => this.#schedule(), Math.max(0, dueMs - endedMs))
    this.#nextSettleMs = endedMs + Math.max(SETTLE_INTERVAL_MS, REST_FACTOR * (endedMs - startedMs))
  }

  #onReport(report: LinkReport): void {
    this.#report = report
    this.#assignments.reported(report)
    for (const { name } of report.interfaces) this.#linkProblems.delete(name)
    if (report.interfaces.length === 0) this.#logger.warn({}, 'no interface to announce on: all are down or excluded')
    this.#logger.debug({ ...report, announcements: report.announcements.length }, 'link report')
    this.#registration.setReport(report)
    const owned = new Set(report.announcements.map(({ address }) => address))
    this.#rivals.setOwned(owned, this.#stores.speakers.list())
    this.#tellRivals()
    if (this.#decisions.setOwned(owned, report.revision)) this.#schedule()
  }

  #onTakeovers(takeovers: readonly Takeover[]): void {
    for (const { address, interface: name, cause, afterMs } of takeovers) {
      const fields = { address, interface: name, cause, ...(afterMs !== undefined && { afterMs: Math.round(afterMs) }) }
      this.#logger.info(fields, 'address taken over')
      this.metrics.countTakeover(cause, afterMs)
    }
  }

  #tellSpeakers(): void {
    const { speakers, nodes } = this.#stores
    if (this.#stores.synced) this.#link.setSpeakers(knownSpeakers(speakers.list(), name => nodes.get(name)))
  }

  #tellStanding(): void {
    this.#link.setStanding({
      viewIsOld: this.#registration.leaseExpired,
      apiReachable: this.#client.reachability.reachable,
    })
  }

  #tellRivals(): void {
    const { addresses } = this.#rivals
    if (String(addresses) === this.#toldRivals) return
    this.#toldRivals = String(addresses)
    this.#link.setRivals(addresses)
  }

  #onLinkProblem({ interface: name = '', message, code }: Extract<LinkMessage, { type: 'problem' }>): void {
    const fields = { interface: name, code, problem: message }
    if (this.#linkProblems.get(name) === message) this.#logger.debug(fields, 'link problem, will be tried again')
    else this.#logger.warn(fields, 'link problem, will be tried again')
    this.#linkProblems.set(name, message)
  }

  #clusterFacts(): ClusterFacts {
    const { pools, advertisements, nodes, speakers } = this.#stores
    const { facts, refused } = gatherClusterFacts({
      pools: pools.entries(),
      advertisements: advertisements.entries(),
      nodes: nodes.list(),
      speakers: speakers.list(),
    })
    this.#reportRefused(refused)
    return facts
  }

  /** Each problem is logged when it comes to be, and when it is gone. */
  #reportRefused(refused: ReadonlyMap<string, string>): void {
    for (const [object, problem] of refused) {
      if (this.#refused.get(object) === problem) continue
      this.#logger.warn({ object, problem }, 'refused, the others are used')
      this.metrics.countUpdateError()
    }
    for (const object of this.#refused.keys()) {
      if (!refused.has(object)) this.#logger.info({ object }, 'no longer refused')
    }
    this.#refused.clear()
    for (const [object, problem] of refused) this.#refused.set(object, problem)
  }
}
