import type { Clock } from '../../io/clock.ts'
import type { ConnectTcp, ListenTcp } from '../../io/tcp.ts'
import { within } from '../../io/within.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import { EventRecorder } from '../../kubernetes/events.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { type EndpointSliceView, sameEndpointSlice } from '../../resources/endpoint-slice.ts'
import { sameNode } from '../../resources/node.ts'
import { sameCandidate, sameNeighbour } from '../../resources/speaker-view.ts'
import type { CandidateRules } from '../../speaker/candidate-index.ts'
import type { MetricSet } from '../common/metric-set.ts'
import { type BgpInit, BgpSpeaker } from './bgp-speaker.ts'
import { Layer2Speaker } from './layer2-speaker.ts'
import type { LinkMessage, LinkReport, Takeover } from './link/link-messages.ts'
import { LinkWorker } from './link/link-worker.ts'
import { LivenessKey } from './liveness-key.ts'
import { Registration } from './registration.ts'
import { SpeakerMetrics } from './speaker-metrics.ts'
import { SpeakerStores } from './speaker-stores.ts'
import { StallLog } from './stall-log.ts'

export interface SpeakerComponents {
  client: ApiClient
  clock: Clock
  random: () => number
  logger: Logger
  connectTcp: ConnectTcp
  listenTcp: ListenTcp
  metrics: MetricSet
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
  podUid?: string
  loadBalancerClass: string
  candidateRules: CandidateRules
  excludedInterfaces: readonly string[]
  liveness: LivenessInit
  layer2: Layer2Init
  bgp: BgpInit
  linkThreadUrl: URL
  /** the process cannot go on: it must end, so that it is started anew */
  onFatal: (error: Error) => void
}

/** events of this process's last transitions get this long to leave when it stops */
const FLUSH_TIMEOUT_MS = 500

/** One node's speaker: watches the cluster, decides what to announce here, has it announced, and reports. */
export class Speaker {
  readonly #clock: Clock
  readonly #client: ApiClient
  readonly #logger: Logger
  readonly #stores: SpeakerStores
  readonly #link: LinkWorker
  readonly #layer2: Layer2Speaker
  readonly #bgp: BgpSpeaker
  readonly #registration: Registration
  readonly #events: EventRecorder
  readonly metrics: SpeakerMetrics
  readonly #livenessKey: LivenessKey
  /** the last problem of each interface that does not work, so that each is logged once */
  readonly #linkProblems = new Map<string, string>()
  #unsubscribe: (() => void)[] = []
  #running = false

  constructor(components: SpeakerComponents, init: SpeakerInit) {
    const { client, clock, logger } = components
    this.#client = client
    const { nodeName, namespace, podName, podUid } = init
    this.#clock = clock
    this.#logger = logger

    const stores = new SpeakerStores(components, { namespace, nodeName })
    this.#stores = stores
    const stallLog = new StallLog({ clock, logger })
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
        onStall: gapMs => stallLog.note(gapMs),
        onRouterSessions: sessions => this.#bgp.setRouterSessions(sessions),
        onNeighbours: neighbours => this.#bgp.setNeighbours(neighbours),
        onProblem: problem => this.#onLinkProblem(problem),
        onDied: error => init.onFatal(error),
      },
    )
    this.#registration = new Registration(
      { ...components, nodes: stores.nodes, speakers: stores.speakers, sources: stores.reflectors },
      { namespace, nodeName, podName, podUid, onLeaseExpired: () => this.#tellStanding() },
    )
    this.#livenessKey = new LivenessKey(components, {
      namespace,
      secretName: init.liveness.secretName,
      onChange: key => this.#link.setSecret(key),
    })
    this.#events = new EventRecorder(components, { component: 'herald-speaker', instance: podName, host: nodeName })
    const shared = {
      ...{ nodeName, loadBalancerClass: init.loadBalancerClass, candidateRules: init.candidateRules },
      onRefused: () => this.metrics.countUpdateError(),
    }
    const parts = { ...components, stores, events: this.#events, link: this.#link }
    this.#layer2 = new Layer2Speaker(parts, shared)
    this.#bgp = new BgpSpeaker(parts, { ...init.bgp, ...shared, namespace })
    this.metrics = new SpeakerMetrics(components, {
      nodeName,
      announced: { layer2: () => this.#layer2.announced(), bgp: () => this.#bgp.announced() },
      sessions: () => this.#layer2.sessions,
      bgpPeers: () => this.#bgp.counters(),
      linkCounters: () => this.#link.counters(),
      configLoaded: () => stores.synced,
      configStale: () => this.#layer2.hasRefused || this.#bgp.hasRefused,
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
    this.#tellStanding()
    this.#logger.info({ services: this.#stores.services.size, nodes: this.#stores.nodes.size }, 'stores synced')
    this.#layer2.start()
    this.#bgp.start()
  }

  /**
   * Hands everything over, says that it leaves, and ends; within a few seconds beside those that routers are given to turn away (the chart's grace period allows for eight),
   * whatever the others and the API server do. First the hand-over, then the word: when the election makes another node the owner, this
   * one does not answer any more.
   */
  async stop(): Promise<void> {
    this.#running = false
    this.#layer2.stop()
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    await Promise.all([this.#link.leave(), this.#bgp.stop(), this.#livenessKey.stop()])
    await this.#link.stop()
    await Promise.all([this.#registration.stop(), within(this.#clock, FLUSH_TIMEOUT_MS, this.#events.flush())])
    await Promise.all([this.#events.stop(), this.#stores.stop()])
  }

  #subscribe(): void {
    const { services, endpointSlices, nodes, pools, advertisements, speakers } = this.#stores
    const { bgpPeers, bgpAdvertisements, bfdProfiles, communities, secrets } = this.#stores
    const layer2 = this.#layer2
    const bgp = this.#bgp
    services.subscribe(key => {
      layer2.touch(key)
      bgp.touch(key)
    })
    endpointSlices.subscribe((_key, before, after) => this.#onEndpoints(before, after))
    nodes.subscribe((_key, before, after) => {
      if (!before || !after || !sameNode(before, after)) this.#touchWorld()
      if (String(before?.addresses) !== String(after?.addresses)) layer2.tellSpeakers()
    })
    speakers.subscribe((_key, before, after) => {
      layer2.rivalChanged((after ?? before)?.name ?? '', after)
      if (!sameCandidate(before, after)) this.#touchWorld()
      if (!sameNeighbour(before, after)) layer2.tellSpeakers()
    })
    const { reachability } = this.#client
    this.#unsubscribe = [
      reachability.onLost(() => this.#tellStanding()),
      reachability.onRecovered(() => {
        this.#tellStanding()
        this.#link.speakUp()
      }),
    ]
    pools.subscribe(() => this.#touchWorld())
    advertisements.subscribe(() => layer2.touchWorld())
    const ofBgp = [bgpPeers, bgpAdvertisements, bfdProfiles, communities, secrets]
    for (const store of ofBgp) store.subscribe(() => bgp.touchWorld())
    for (const store of [services, endpointSlices, nodes, pools, advertisements, speakers, ...ofBgp]) {
      store.subscribe(() => this.metrics.countUpdate())
    }
  }

  #touchWorld(): void {
    this.#layer2.touchWorld()
    this.#bgp.touchWorld()
  }

  /** Layer 2 asks on which nodes a Service is served; BGP may also tell how much. */
  #onEndpoints(before: EndpointSliceView | undefined, after: EndpointSliceView | undefined): void {
    const served = before && after && sameEndpointSlice(before, after)
    if (served && String(before.readyCounts) === String(after.readyCounts)) return
    for (const key of new Set([before?.serviceKey, after?.serviceKey])) {
      if (key === undefined) continue
      if (!served) this.#layer2.touch(key)
      this.#bgp.touch(key)
    }
  }

  #onReport(report: LinkReport): void {
    for (const { name } of report.interfaces) this.#linkProblems.delete(name)
    if (report.interfaces.length === 0) this.#logger.warn({}, 'no interface to announce on: all are down or excluded')
    this.#logger.debug(report, 'link report')
    this.#registration.setReport(report)
    this.#layer2.reported(report)
    this.#bgp.reported(report)
  }

  #onTakeovers(takeovers: readonly Takeover[]): void {
    for (const { address, interface: name, cause, afterMs } of takeovers) {
      const fields = { address, interface: name, cause, ...(afterMs !== undefined && { afterMs: Math.round(afterMs) }) }
      this.#logger.info(fields, 'address taken over')
      this.metrics.countTakeover(cause, afterMs)
    }
  }

  #tellStanding(): void {
    this.#link.setStanding({
      viewIsOld: this.#registration.leaseExpired,
      apiReachable: this.#client.reachability.reachable,
    })
  }

  #onLinkProblem({ interface: name = '', message, code }: Extract<LinkMessage, { type: 'problem' }>): void {
    const fields = { interface: name, code, problem: message }
    if (this.#linkProblems.get(name) === message) this.#logger.debug(fields, 'link problem, will be tried again')
    else this.#logger.warn(fields, 'link problem, will be tried again')
    this.#linkProblems.set(name, message)
  }
}
