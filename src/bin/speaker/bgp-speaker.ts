import { type BgpConfig, combineBgpConfig, peersOfNode } from '../../config/bgp-config.ts'
import { describeProblem } from '../../config/problem.ts'
import type { Clock } from '../../io/clock.ts'
import type { ConnectTcp, ListenTcp } from '../../io/tcp.ts'
import { parseAddress } from '../../ip/address.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import type { EventRecorder } from '../../kubernetes/events.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { services } from '../../kubernetes/resources.ts'
import { type BgpDecisionChange, BgpDecisions } from '../../speaker/bgp/bgp-decisions.ts'
import { bgpFacts } from '../../speaker/bgp/bgp-facts.ts'
import type { BgpFacts } from '../../speaker/bgp/bgp-index.ts'
import { gatherClusterFacts } from '../../speaker/cluster-facts.ts'
import type { CandidateRules } from '../../speaker/node-rules.ts'
import { BgpPeers } from './bgp/bgp-peers.ts'
import { BgpSessionStatuses } from './bgp/bgp-session-statuses.ts'
import type { BgpPeerCounters } from './bgp/session-report.ts'
import type { LinkReport, RouterSession, UnnumberedNeighbour } from './link/link-messages.ts'
import type { LinkWorker } from './link/link-worker.ts'
import { RefusedObjects } from './refused-objects.ts'
import { Settler } from './settler.ts'
import type { AnnouncedRow } from './speaker-metrics.ts'
import type { SpeakerStores } from './speaker-stores.ts'

export interface BgpSpeakerComponents {
  client: Pick<ApiClient, 'create' | 'patch' | 'delete'>
  clock: Clock
  random: () => number
  logger: Logger
  stores: SpeakerStores
  events: Pick<EventRecorder, 'record'>
  link: Pick<LinkWorker, 'setRouterSessions' | 'setUnnumbered'>
  connectTcp: ConnectTcp
  listenTcp: ListenTcp
}

/** How BGP is spoken. */
export interface BgpInit {
  /** where peers call, if some peer is to */
  listenPort: number
  /** how long routes stand with GRACEFUL_SHUTDOWN before they are withdrawn, when the speaker stops */
  gracefulShutdownMs: number
  /** the same, when a node is drained */
  drainWithdrawAfterMs: number
}

export interface BgpSpeakerInit extends BgpInit {
  namespace: string
  nodeName: string
  loadBalancerClass: string
  candidateRules: CandidateRules
  /** an object had to be refused */
  onRefused: () => void
}

const NO_CONFIG: BgpConfig = { peers: [], advertisements: [], refused: [], notices: [] }

/** What this node announces by BGP: decides it, holds the sessions with the routers, and tells of both. */
export class BgpSpeaker {
  readonly #components: BgpSpeakerComponents
  readonly #init: BgpSpeakerInit
  readonly #decisions: BgpDecisions
  readonly #peers: BgpPeers
  readonly #statuses: BgpSessionStatuses
  readonly #refused: RefusedObjects
  readonly #settler: Settler
  #config: BgpConfig = NO_CONFIG
  /** Services that this node announces */
  readonly #announced = new Set<string>()
  #toldUnnumbered = ''

  constructor(components: BgpSpeakerComponents, init: BgpSpeakerInit) {
    this.#components = components
    this.#init = init
    const { stores, link } = components
    const { nodeName, namespace, loadBalancerClass, candidateRules: rules } = init
    this.#refused = new RefusedObjects(components, { onRefused: init.onRefused })
    this.#decisions = new BgpDecisions(
      { sources: { ...stores.sources, cluster: () => this.#facts() } },
      { nodeName, loadBalancerClass, rules, drainWithdrawAfterMs: init.drainWithdrawAfterMs },
    )
    this.#peers = new BgpPeers(components, {
      nodeName,
      port: init.listenPort,
      drainMs: init.gracefulShutdownMs,
      onBfdWanted: sessions => link.setRouterSessions(sessions),
      onSessions: () => this.#statuses.setSessions(this.#peers.sessions()),
    })
    this.#statuses = new BgpSessionStatuses(
      { ...components, speakers: stores.speakers, statuses: stores.bgpSessions, sources: stores.reflectors },
      { namespace, nodeName },
    )
    this.#settler = new Settler(components, { ready: () => stores.synced, settle: nowMs => this.#settle(nowMs) })
  }

  /** Each Service with each of its addresses that is announced here. */
  *announced(): Iterable<AnnouncedRow> {
    for (const service of this.#announced) {
      for (const { ip = '' } of this.#components.stores.services.get(service)?.ingress ?? []) yield { service, ip }
    }
  }

  /** Some object of the BGP kinds is refused. */
  get hasRefused(): boolean {
    return this.#refused.size > 0
  }

  counters(): readonly BgpPeerCounters[] {
    return this.#peers.counters()
  }

  /** Once all stores have synced. */
  start(): void {
    this.#statuses.start()
    this.#settler.schedule()
  }

  /** Leaves the routers in good order, within `gracefulShutdownMs` and three seconds more. */
  async stop(): Promise<void> {
    this.#settler.stop()
    await this.#peers.stop()
    await this.#statuses.stop()
  }

  /** The Service or its endpoints changed. */
  touch(serviceKey: string): void {
    this.#decisions.touch(serviceKey)
    this.#settler.schedule()
  }

  /** Pools, nodes, registered speakers, or the BGP configuration changed. */
  touchWorld(): void {
    this.#decisions.touchWorld()
    this.#settler.schedule()
  }

  /** The node's interfaces may have changed. */
  reported({ interfaces }: LinkReport): void {
    this.#peers.setInterfaces(interfaces)
  }

  setRouterSessions(sessions: readonly RouterSession[]): void {
    this.#peers.setBfdSessions(sessions)
  }

  setNeighbours(neighbours: readonly UnnumberedNeighbour[]): void {
    this.#peers.setNeighbours(neighbours)
  }

  #settle(nowMs: number): number | undefined {
    const { routes, changes, dueMs } = this.#decisions.settle(nowMs)
    this.#setPeers()
    this.#peers.setRoutes(routes)
    for (const change of changes) this.#decided(change)
    return dueMs
  }

  /** The peers that the configuration gives to this node; told again each time, because it is cheap and they find the difference. */
  #setPeers(): void {
    const { nodeName } = this.#init
    const node = this.#components.stores.nodes.get(nodeName)
    const addresses = (node?.addresses ?? []).map(parseAddress).filter(address => address !== undefined)
    this.#peers.setNodeAddresses(addresses)
    this.#peers.setPeers(node ? peersOfNode(this.#config, node) : [])
    const unnumbered = this.#peers.wantedUnnumbered()
    if (String(unnumbered) === this.#toldUnnumbered) return
    this.#toldUnnumbered = String(unnumbered)
    this.#components.link.setUnnumbered(unnumbered)
  }

  #decided({ key, before, after }: BgpDecisionChange): void {
    const { logger, events, stores } = this.#components
    if ('withhold' in after) {
      this.#announced.delete(key)
      const fields = { service: key, reason: after.withhold }
      if ('announce' in before) logger.info(fields, 'service withdrawn from BGP')
      else logger.debug(fields, 'service not announced by BGP')
      return
    }
    this.#announced.add(key)
    if ('announce' in before) return
    const prefixes = after.announce.map(({ key: prefix }) => prefix)
    logger.info({ service: key, prefixes }, 'service announced by BGP')
    const service = stores.services.get(key)
    const note = `announcing from node ${JSON.stringify(this.#init.nodeName)} with protocol "bgp"`
    if (service) events.record(services, service, 'Normal', 'nodeAssigned', note)
  }

  #facts(): BgpFacts {
    const { stores } = this.#components
    const { facts, standingPools } = gatherClusterFacts({
      pools: stores.pools.entries(),
      advertisements: [],
      nodes: stores.nodes.list(),
      speakers: stores.speakers.list(),
    })
    this.#config = combineBgpConfig({
      peers: stores.bgpPeers.list(),
      advertisements: stores.bgpAdvertisements.list(),
      profiles: stores.bfdProfiles.list(),
      communities: stores.communities.list(),
      secrets: stores.secrets.list(),
      pools: standingPools,
      nodes: [...stores.nodes.list()],
    })
    const byObject = Map.groupBy(this.#config.refused, ({ kind, name }) => `${kind} ${this.#init.namespace}/${name}`)
    const problems = [...byObject].map(
      ([object, refused]) => [object, refused.map(({ problem }) => describeProblem(problem)).join('; ')] as const,
    )
    this.#refused.set(new Map(problems))
    return bgpFacts(facts, this.#config)
  }
}
