import type { CancelTimer, Clock } from '../../io/clock.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import { EventRecorder } from '../../kubernetes/events.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { services } from '../../kubernetes/resources.ts'
import type { DesiredSet } from '../../layer2/desired.ts'
import { NO_ENDPOINTS, sameEndpointSlice, serviceEndpoints } from '../../resources/endpoint-slice.ts'
import { sameNode } from '../../resources/node.ts'
import { sameCandidate } from '../../resources/speaker-view.ts'
import type { CandidateRules, ClusterFacts } from '../../speaker/candidate-index.ts'
import { gatherClusterFacts } from '../../speaker/cluster-facts.ts'
import type { AnnouncedAddress } from '../../speaker/decide.ts'
import { announcedBy, type DecisionChange, Decisions } from '../../speaker/decisions.ts'
import type { LinkMessage, LinkReport } from './link-messages.ts'
import { LinkWorker } from './link-worker.ts'
import { Registration } from './registration.ts'
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
  readonly #logger: Logger
  readonly #init: SpeakerInit
  readonly #stores: SpeakerStores
  readonly #decisions: Decisions
  readonly #link: LinkWorker
  readonly #registration: Registration
  readonly #events: EventRecorder
  readonly metrics: SpeakerMetrics
  readonly #announced = new Map<string, readonly AnnouncedAddress[]>()
  /** Services that this node is to announce and cannot for want of an interface */
  readonly #failed = new Set<string>()
  readonly #refused = new Map<string, string>()
  /** the last problem of each interface that does not work, so that each is logged once */
  readonly #linkProblems = new Map<string, string>()
  #desired: DesiredSet = new Map()
  #report: LinkReport = { interfaces: [], announcements: [] }
  #nextSettleMs = Number.NEGATIVE_INFINITY
  #cancelSettle: CancelTimer | undefined
  #running = false

  constructor(components: SpeakerComponents, init: SpeakerInit) {
    const { clock, logger } = components
    const { nodeName, namespace, podName } = init
    this.#clock = clock
    this.#logger = logger
    this.#init = init
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
        excludedInterfaces: init.excludedInterfaces,
        onReport: report => this.#onReport(report),
        onProblem: problem => this.#onLinkProblem(problem),
        onDied: error => init.onFatal(error),
      },
    )
    this.#registration = new Registration(
      { ...components, nodes: stores.nodes, speakers: stores.speakers, sources: stores.reflectors },
      { namespace, nodeName, podName },
    )
    this.#events = new EventRecorder(components, { component: 'herald-speaker', instance: podName, host: nodeName })
    this.metrics = new SpeakerMetrics({
      nodeName,
      announced: () => this.#announcedRows(),
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
    this.#registration.start()
    await Promise.all(this.#stores.reflectors.map(reflector => reflector.whenSynced()))
    if (!this.#running) return
    this.#logger.info({ services: this.#stores.services.size, nodes: this.#stores.nodes.size }, 'stores synced')
    this.#schedule()
  }

  /**
   * Falls silent, says so, and ends; about a second when the API server does not answer. First silence, then the word: when another
   * node takes an address over, this one does not answer any more.
   */
  async stop(): Promise<void> {
    this.#running = false
    this.#cancelSettle?.()
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
    })
    speakers.subscribe((_key, before, after) => {
      if (!sameCandidate(before, after)) world()
    })
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
    const { desired, changes } = this.#decisions.settle()
    if (desired !== this.#desired) {
      this.#desired = desired
      this.#link.setDesired(announcedBy(desired, this.#init.nodeName))
    }
    for (const change of changes) this.#onDecision(change)
    const endedMs = this.#clock.monotonicMs()
    this.#nextSettleMs = endedMs + Math.max(SETTLE_INTERVAL_MS, REST_FACTOR * (endedMs - startedMs))
  }

  #onDecision({ key, before, after }: DecisionChange): void {
    if ('withhold' in after) {
      this.#announced.delete(key)
      this.#failed.delete(key)
      const fields = { service: key, reason: after.withhold }
      if ('announce' in before) this.#logger.info(fields, 'service withdrawn')
      else this.#logger.debug(fields, 'service not announced')
      return
    }
    this.#announced.set(key, after.announce)
    const addresses = after.announce.map(address => address.key)
    this.#logger.info({ service: key, addresses, interfaces: after.announce[0]?.interfaces }, 'service announced')
    if ('withhold' in before) this.#failed.delete(key)
    this.#recordAssignment(key, after.announce, { afresh: 'withhold' in before })
  }

  /** Tells on the Service that this node is to announce it, or that it cannot; unless `afresh`, only when that has turned. */
  #recordAssignment(key: string, announce: readonly AnnouncedAddress[], { afresh }: { afresh: boolean }): void {
    const service = this.#stores.services.get(key)
    if (!service) return
    const present = this.#report.interfaces.map(nameOf)
    const missing = announce.every(({ interfaces }) =>
      interfaces === 'all' ? present.length === 0 : !interfaces.some(name => present.includes(name)),
    )
    if (!afresh && missing === this.#failed.has(key)) return
    const node = JSON.stringify(this.#init.nodeName)
    if (missing) this.#failed.add(key)
    else this.#failed.delete(key)
    if (missing) {
      const wanted = announce[0]!.interfaces
      const note =
        wanted === 'all'
          ? `node ${node} has no interface to announce on`
          : `node ${node} has none of the interfaces that the L2Advertisement names: ${wanted.join(', ')}`
      this.#events.record(services, service, 'Warning', 'announceFailed', note)
    } else {
      this.#events.record(
        services,
        service,
        'Normal',
        'nodeAssigned',
        `announcing from node ${node} with protocol "layer2"`,
      )
    }
  }

  #onReport(report: LinkReport): void {
    const before = this.#report
    this.#report = report
    if (String(before.interfaces.map(nameOf)) !== String(report.interfaces.map(nameOf))) {
      for (const [key, announce] of this.#announced) this.#recordAssignment(key, announce, { afresh: false })
    }
    for (const { name } of report.interfaces) this.#linkProblems.delete(name)
    if (report.interfaces.length === 0) this.#logger.warn({}, 'no interface to announce on: all are down or excluded')
    this.#logger.debug({ ...report, announcements: report.announcements.length }, 'link report')
    this.#registration.setReport(report)
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

  /** What is really announced: decided, and carried out on some interface. */
  *#announcedRows(): Iterable<{ service: string; ip: string }> {
    const active = new Set(this.#report.announcements.map(({ address }) => address))
    for (const [service, addresses] of this.#announced) {
      for (const { key } of addresses) if (active.has(key)) yield { service, ip: key }
    }
  }
}

function nameOf({ name }: { readonly name: string }): string {
  return name
}
