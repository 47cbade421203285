import { parseAddressPool } from '../../config/address-pool.ts'
import type { ParsedL2Advertisement } from '../../config/l2-advertisement.ts'
import { type AnnouncedJudgement, type AnnouncedWorld, judgeAnnouncement } from '../../controller/announced.ts'
import { ANNOUNCED, nextCondition, sameCondition } from '../../controller/conditions.ts'
import type { ServiceEvent } from '../../controller/converge.ts'
import { ElectedNodes } from '../../controller/elected-nodes.ts'
import { ReportIndex } from '../../controller/report-index.ts'
import type { Clock } from '../../io/clock.ts'
import { formatAddress, parseAddress } from '../../ip/address.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { done, type Outcome, retryAfter } from '../../kubernetes/outcome.ts'
import { outcomeOfWrite, type StatusWriter } from '../../kubernetes/status-writer.ts'
import type { ReadableStore } from '../../kubernetes/store.ts'
import type { Claim } from '../../layer2/group.ts'
import {
  type EndpointSliceView,
  NO_ENDPOINTS,
  type ServiceEndpoints,
  serviceEndpoints,
} from '../../resources/endpoint-slice.ts'
import type { NodeView } from '../../resources/node.ts'
import type { Condition, ServiceView } from '../../resources/service.ts'
import { type SpeakerView, sameCandidate } from '../../resources/speaker-view.ts'
import { appraise, claimed } from '../../speaker/appraise.ts'
import { CandidateIndex, type CandidateRules, type ClusterFacts } from '../../speaker/candidate-index.ts'
import { gatherClusterFacts } from '../../speaker/cluster-facts.ts'
import type { PoolView } from './service-controller.ts'
import { type ParsedView, sameParsed } from './views.ts'

/** Names of the Services store's index by address, and of the EndpointSlices store's by the key of their Service. */
export const BY_ADDRESS = 'address'
export const BY_SERVICE = 'service'

/** What the controller watches, as far as announcing asks. */
export interface AnnouncedStores {
  /** with the index BY_ADDRESS */
  readonly services: ReadableStore<ServiceView>
  /** with the index BY_SERVICE */
  readonly endpointSlices: ReadableStore<EndpointSliceView>
  readonly nodes: ReadableStore<NodeView>
  readonly pools: ReadableStore<PoolView>
  readonly advertisements: ReadableStore<ParsedView<ParsedL2Advertisement>>
  readonly speakers: ReadableStore<SpeakerView>
}

export interface AnnouncedControllerComponents {
  stores: AnnouncedStores
  clock: Clock
  logger: Logger
  /** the time now, RFC 3339 in whole seconds */
  nowText: () => string
  /** asks for these Services to be looked at: now, or after this time */
  enqueue: (keys: Iterable<string>, delayMs?: number) => void
  statusWriter: Pick<StatusWriter, 'writeService'>
  recordEvent: (service: ServiceView, event: ServiceEvent) => void
  /** whether addresses are being given at the moment: that goes first */
  allocating: () => boolean
  /** who announces these Services may have changed */
  onReported: (keys: Iterable<string>) => void
}

export interface AnnouncedControllerInit {
  loadBalancerClass: string
  candidateRules: CandidateRules
}

/** What holds for all Services until something of it changes. */
interface GatheredWorld {
  readonly facts: ClusterFacts
  readonly index: CandidateIndex
  readonly nodeReasons: AnnouncedWorld['nodeReasons']
}

/**
 * What is not good is told only when it lasts: a Service that just got its address, or whose node just changed, is announced in a
 * moment, and should cost one write and not three.
 */
const FALSE_DELAY_MS = 2_000
/** Reports of two nodes about one hand-over come up to a second apart. */
const MOVE_DELAY_MS = 1_000
const ALLOCATING_DELAY_MS = 500
/** Nodes, pools and advertisements change in bursts. */
const WORLD_DELAY_MS = 500

/** No events: the speakers tell of the first, the second is soon over, and a Service without pods is nothing to warn of. */
const QUIET_REASONS: readonly string[] = ['Announced', 'TakeoverPending', 'NoEndpoints']

/**
 * Keeps the condition `herald.io/Announced` of every Service. A report of a speaker concerns the Services of the addresses that it
 * changes; a change of nodes or speakers only those that are not announced, for who is announced is, whoever could be as well.
 */
export class AnnouncedController {
  readonly #components: AnnouncedControllerComponents
  readonly #init: AnnouncedControllerInit
  readonly #reports = new ReportIndex()
  readonly #elected: ElectedNodes
  #world: GatheredWorld | undefined
  /** Services that are not announced, with the reason */
  readonly #unannounced = new Map<string, string>()
  /** Services whose condition is not what it should be: since when (monotonic) */
  readonly #differing = new Map<string, number>()
  #unsubscribe: (() => void)[] = []

  constructor(components: AnnouncedControllerComponents, init: AnnouncedControllerInit) {
    this.#components = components
    this.#init = init
    this.#elected = new ElectedNodes({ claims: () => this.#claims(), nowMs: () => components.clock.monotonicMs() })
  }

  get reports(): Pick<ReportIndex, 'of'> {
    return this.#reports
  }

  /** How many Services are not announced, by reason. */
  get unannounced(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const reason of this.#unannounced.values()) counts.set(reason, (counts.get(reason) ?? 0) + 1)
    return counts
  }

  /** Takes what the speakers report now, and listens to all stores from now on. To be called before the first pass. */
  start(): void {
    const { enqueue, stores } = this.#components
    const { services, endpointSlices, nodes, pools, advertisements, speakers } = stores
    for (const speaker of speakers.list()) this.#reports.put(speaker.name, speaker)
    const world = (keys: () => Iterable<string>): void => {
      this.#world = undefined
      this.#elected.touch()
      enqueue(keys(), WORLD_DELAY_MS)
    }
    const all = (): Iterable<string> => addressed(services.list())
    const unannounced = (): Iterable<string> => this.#unannounced.keys()
    this.#unsubscribe = [
      services.subscribe(key => {
        this.#elected.touch()
        enqueue([key])
      }),
      endpointSlices.subscribe((_key, before, after) => {
        this.#elected.touch()
        enqueue([before?.serviceKey, after?.serviceKey].filter(key => key !== undefined))
      }),
      speakers.subscribe((_key, before, after) => {
        this.#onReport((after ?? before)?.name ?? '', after)
        if (!sameCandidate(before, after)) world(unannounced)
      }),
      nodes.subscribe(() => world(unannounced)),
      advertisements.subscribe((_key, before, after) => {
        if (!sameParsed(before, after)) world(all)
      }),
      pools.subscribe((_key, before, after) => {
        // The counters of a pool change with each address that it gives.
        if (before && after && samePool(before, after)) return
        world(all)
      }),
    ]
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }

  /** Brings the condition of one Service to what it should be. */
  async reconcile(key: string, signal?: AbortSignal): Promise<Outcome> {
    const { stores, clock, statusWriter, allocating, nowText } = this.#components
    const service = stores.services.get(key)
    const judgement = service ? this.#judge(service) : 'untouched'
    this.#note(key, judgement)
    if (!service || judgement === 'untouched') return this.#settled(key)
    const shown = service.conditions.find(({ type }) => type === ANNOUNCED)
    const next = judgement.condition && nextCondition(ANNOUNCED, judgement.condition, shown, nowText())
    if (next === undefined ? !shown : shown && sameCondition(shown, next)) return this.#settled(key)
    const nowMs = clock.monotonicMs()
    const sinceMs = this.#differing.get(key) ?? nowMs
    this.#differing.set(key, sinceMs)
    const waitMs = sinceMs + delayMs(shown, next) - nowMs
    if (waitMs > 0) return retryAfter(waitMs)
    if (next?.status === 'False' && allocating()) return retryAfter(ALLOCATING_DELAY_MS)
    const result = await statusWriter.writeService(service, { conditions: { [ANNOUNCED]: next } }, { signal })
    if (result !== 'written') return outcomeOfWrite(result)
    this.#differing.delete(key)
    this.#tell(service, shown, next)
    return done
  }

  #settled(key: string): Outcome {
    this.#differing.delete(key)
    return done
  }

  #judge(service: ServiceView): AnnouncedJudgement {
    this.#world ??= this.#gather()
    const { facts, index, nodeReasons } = this.#world
    return judgeAnnouncement(service, {
      loadBalancerClass: this.#init.loadBalancerClass,
      index,
      endpoints: this.#endpoints(service.key),
      nodeNames: facts.nodes.keys(),
      nodeReasons,
      reportsOf: address => this.#reports.of(address),
      ownerOf: address => this.#elected.ownerOf(address),
    })
  }

  #gather(): GatheredWorld {
    const { nodes, pools, advertisements, speakers } = this.#components.stores
    const { facts } = gatherClusterFacts({
      pools: [...pools.entries()].map(([key, pool]) => [key, parseAddressPool(pool)] as const),
      advertisements: [...advertisements.entries()].map(([key, { parsed }]) => [key, parsed] as const),
      nodes: nodes.list(),
      speakers: speakers.list(),
    })
    const index = new CandidateIndex(facts, this.#init.candidateRules)
    return { facts, index, nodeReasons: new WeakMap() }
  }

  #endpoints(key: string): ServiceEndpoints {
    const slices = [...this.#components.stores.endpointSlices.byIndex(BY_SERVICE, key)]
    return slices.length === 0 ? NO_ENDPOINTS : serviceEndpoints(slices)
  }

  *#claims(): Iterable<Claim> {
    this.#world ??= this.#gather()
    const { index } = this.#world
    const { loadBalancerClass } = this.#init
    for (const service of this.#components.stores.services.list()) {
      const endpoints = this.#endpoints(service.key)
      const addresses = claimed(appraise(service, { index, endpoints, loadBalancerClass }))
      if (addresses.length > 0) {
        yield { addresses: addresses.map(({ key, candidates }) => ({ address: key, candidates })) }
      }
    }
  }

  #onReport(node: string, speaker: SpeakerView | undefined): void {
    const { stores, enqueue, onReported } = this.#components
    const keys = new Set<string>()
    for (const address of this.#reports.put(node, speaker)) {
      for (const { key } of stores.services.byIndex(BY_ADDRESS, address)) keys.add(key)
    }
    enqueue(keys)
    onReported(keys)
  }

  #note(key: string, judgement: AnnouncedJudgement): void {
    const condition = judgement === 'untouched' ? undefined : judgement.condition
    if (condition?.status === 'False') this.#unannounced.set(key, condition.reason)
    else this.#unannounced.delete(key)
  }

  #tell(service: ServiceView, before: Condition | undefined, after: Condition | undefined): void {
    const { logger, recordEvent } = this.#components
    if (!after || after.reason === before?.reason) return
    const { reason, message } = after
    logger.info({ service: service.key, reason, detail: message }, 'service announcement changed')
    if (!QUIET_REASONS.includes(reason)) recordEvent(service, { type: 'Warning', reason, message })
  }
}

/** How long a condition may differ from what it should be before it is written. */
function delayMs(shown: Condition | undefined, next: Condition | undefined): number {
  if (next === undefined) return 0
  if (next.status !== 'True') return FALSE_DELAY_MS
  return shown?.status === 'True' && shown.reason === next.reason ? MOVE_DELAY_MS : 0
}

function* addressed(services: Iterable<ServiceView>): Iterable<string> {
  for (const { key, ingress, conditions } of services) if (ingress.length > 0 || conditions.length > 0) yield key
}

/** The addresses that a Service shows, in canonical form: the store's index BY_ADDRESS. */
export function addressesOf({ ingress }: ServiceView): string[] {
  return ingress
    .map(({ ip = '' }) => parseAddress(ip))
    .filter(address => address !== undefined)
    .map(formatAddress)
}

function samePool(a: PoolView, b: PoolView): boolean {
  return JSON.stringify([a.metadata, a.spec]) === JSON.stringify([b.metadata, b.spec])
}
