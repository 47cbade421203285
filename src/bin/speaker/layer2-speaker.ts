import type { Clock } from '../../io/clock.ts'
import type { EventRecorder } from '../../kubernetes/events.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import type { CandidateRules, ClusterFacts } from '../../speaker/candidate-index.ts'
import { gatherClusterFacts } from '../../speaker/cluster-facts.ts'
import { Decisions } from '../../speaker/decisions.ts'
import { Assignments } from './assignments.ts'
import { knownSpeakers } from './known-speakers.ts'
import type { LinkReport, ReportedSession } from './link/link-messages.ts'
import type { LinkWorker } from './link/link-worker.ts'
import { RefusedObjects } from './refused-objects.ts'
import { Rivals } from './rivals.ts'
import { Settler } from './settler.ts'
import type { AnnouncedRow } from './speaker-metrics.ts'
import type { SpeakerStores } from './speaker-stores.ts'

export interface Layer2SpeakerComponents {
  clock: Clock
  logger: Logger
  stores: SpeakerStores
  events: Pick<EventRecorder, 'record'>
  link: Pick<LinkWorker, 'setDesired' | 'setSpeakers' | 'setRivals'>
}

export interface Layer2SpeakerInit {
  nodeName: string
  loadBalancerClass: string
  candidateRules: CandidateRules
  /** an object had to be refused */
  onRefused: () => void
}

/** What this node announces by ARP and NDP: decides it, has the link thread do it, and tells of it on the Services. */
export class Layer2Speaker {
  readonly #components: Layer2SpeakerComponents
  readonly #decisions: Decisions
  readonly #assignments: Assignments
  readonly #rivals: Rivals
  readonly #refused: RefusedObjects
  readonly #settler: Settler
  #sessions: readonly ReportedSession[] = []
  #toldRivals = ''

  constructor(components: Layer2SpeakerComponents, init: Layer2SpeakerInit) {
    this.#components = components
    const { stores, events, logger } = components
    const { nodeName, loadBalancerClass, candidateRules: rules, onRefused } = init
    this.#rivals = new Rivals({ self: nodeName })
    this.#refused = new RefusedObjects(components, { onRefused })
    this.#decisions = new Decisions(
      { sources: { ...stores.sources, cluster: () => this.#clusterFacts() } },
      { nodeName, loadBalancerClass, rules },
    )
    this.#assignments = new Assignments(
      {
        serviceOf: key => stores.services.get(key),
        servicesOf: address => this.#decisions.claimantsOf(address),
        events,
        logger,
      },
      { nodeName },
    )
    this.#settler = new Settler(components, { ready: () => stores.synced, settle: nowMs => this.#settle(nowMs) })
  }

  /** Each Service with each of its addresses that is announced here. */
  announced(): Iterable<AnnouncedRow> {
    return this.#assignments.rows()
  }

  /** The liveness sessions with other speakers. */
  get sessions(): readonly ReportedSession[] {
    return this.#sessions
  }

  /** Some pool or advertisement is refused. */
  get hasRefused(): boolean {
    return this.#refused.size > 0
  }

  /** Once all stores have synced. */
  start(): void {
    // Whoever is not known to be a speaker would be taken for a stranger: first the speakers, then the addresses.
    this.tellSpeakers()
    this.#settler.schedule()
  }

  stop(): void {
    this.#settler.stop()
  }

  /** The Service or its endpoints changed. */
  touch(serviceKey: string): void {
    this.#decisions.touch(serviceKey)
    this.#settler.schedule()
  }

  /** Pools, advertisements, nodes or registered speakers changed. */
  touchWorld(): void {
    this.#decisions.touchWorld()
    this.#settler.schedule()
  }

  /** The addresses by which speakers know each other changed. */
  tellSpeakers(): void {
    const { stores, link } = this.#components
    if (stores.synced) link.setSpeakers(knownSpeakers(stores.speakers.list(), name => stores.nodes.get(name)))
  }

  /** What another speaker says that it owns may have changed. */
  rivalChanged(...[name, speaker]: Parameters<Rivals['setSpeaker']>): void {
    this.#rivals.setSpeaker(name, speaker)
    this.#tellRivals()
  }

  /** What the link thread sees and owns. */
  reported(report: LinkReport): void {
    const { revision, announced, withdrawn, sessions } = report
    this.#sessions = sessions
    this.#assignments.reported(report)
    const { active } = this.#assignments
    if (announced.length > 0 || withdrawn.length > 0) {
      this.#rivals.setOwned(active, this.#components.stores.speakers.list())
      this.#tellRivals()
    }
    if (this.#decisions.setOwned(active, revision)) this.#settler.schedule()
  }

  #settle(nowMs: number): number | undefined {
    const { desired, revision, changes, dueMs } = this.#decisions.settle(nowMs)
    this.#components.link.setDesired(desired, revision)
    for (const change of changes) this.#assignments.decided(change)
    return dueMs
  }

  #tellRivals(): void {
    const { addresses } = this.#rivals
    if (String(addresses) === this.#toldRivals) return
    this.#toldRivals = String(addresses)
    this.#components.link.setRivals(addresses)
  }

  #clusterFacts(): ClusterFacts {
    const { pools, advertisements, nodes, speakers } = this.#components.stores
    const { facts, refused } = gatherClusterFacts({
      pools: pools.entries(),
      advertisements: advertisements.entries(),
      nodes: nodes.list(),
      speakers: speakers.list(),
    })
    this.#refused.set(refused)
    return facts
  }
}
