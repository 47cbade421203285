import type { AnnouncedJudgement } from '../../controller/announced.ts'
import { BgpAudience } from '../../controller/bgp-audience.ts'
import { ANNOUNCED, nextCondition, sameCondition } from '../../controller/conditions.ts'
import type { ServiceEvent } from '../../controller/converge.ts'
import type { ReportIndex } from '../../controller/report-index.ts'
import type { DesiredBgpStatus } from '../../controller/service-bgp-status.ts'
import { desiredBgpStatuses } from '../../controller/service-bgp-status.ts'
import { WritePace } from '../../controller/write-pace.ts'
import type { CancelTimer, Clock } from '../../io/clock.ts'
import { formatAddress, parseAddress } from '../../ip/address.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { done, type Outcome, retryAfter } from '../../kubernetes/outcome.ts'
import { outcomeOfWrite, type StatusWriter } from '../../kubernetes/status-writer.ts'
import type { Condition, ServiceView } from '../../resources/service.ts'
import { isRegistered, type SpeakerView, sameCandidate } from '../../resources/speaker-view.ts'
import type { AdvertisingConfiguration } from './advertising-configuration.ts'
import { type AnnouncedStores, BY_ADDRESS, WatchedWorld, type WatchedWorldInit } from './announced-world.ts'

export interface AnnouncedControllerComponents {
  stores: AnnouncedStores
  configuration: Pick<AdvertisingConfiguration, 'bgp' | 'refusedAdvertising' | 'subscribe'>
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
  /** who announces these Services by layer 2 may have changed */
  onReported: (keys: Iterable<string>) => void
  /** who announces these Services by BGP, or to whom, has changed */
  onAnnouncingByBgp: (keys: Iterable<string>) => void
}

/**
 * What is not good is told only when it lasts: a Service that just got its address, or whose node just changed, is announced in a
 * moment, and should cost one write and not three.
 */
const FALSE_DELAY_MS = 2_000
/** Reports of two nodes about one hand-over come up to a second apart. */
const MOVE_DELAY_MS = 1_000
/** How many sessions of how many, and which nodes: what changes for thousands of Services when one session or node comes or goes. */
const DETAIL_DELAY_MS = 2_000
const DETAIL_EVERY_MS = 50
/** how often it is asked whether addresses are still being given */
const ALLOCATING_CHECK_MS = 500
/** Nodes, pools and advertisements change in bursts. */
const WORLD_DELAY_MS = 500
/** So do sessions: all of a node's, or all with a router. */
const SESSIONS_DELAY_MS = 500

/** No events: the speakers tell of the first, the second is soon over, and a Service without pods is nothing to warn of. */
const QUIET_REASONS: readonly string[] = ['Announced', 'TakeoverPending', 'NoEndpoints']

/**
 * Keeps the condition `herald.io/Announced` of every Service. A report of a speaker concerns the Services of the addresses that it
 * changes; a BGP session those of which something else is to be said by it; a change of nodes or speakers those that BGP announces and those
 * that are not announced, for who is announced by layer 2 is, whoever could be as well.
 */
export class AnnouncedController {
  readonly #components: AnnouncedControllerComponents
  readonly #world: WatchedWorld
  readonly #audience: BgpAudience
  /** Services that are not announced, with the reason */
  readonly #unannounced = new Map<string, string>()
  readonly #pace = new WritePace({ pacedEveryMs: DETAIL_EVERY_MS })
  /** outlines of the messages that Services show, where BGP has its part in them */
  readonly #outlines = new Map<string, string>()
  /** Services whose news waits until addresses have been given */
  readonly #deferred = new Set<string>()
  #cancelDeferred: CancelTimer | undefined
  #cancelSessions: CancelTimer | undefined
  #unsubscribe: (() => void)[] = []

  constructor(components: AnnouncedControllerComponents, init: WatchedWorldInit) {
    this.#components = components
    this.#world = new WatchedWorld(components, init)
    this.#audience = new BgpAudience(
      { texts: this.#world.texts },
      { detailDelayMs: DETAIL_DELAY_MS, worseDelayMs: MOVE_DELAY_MS },
    )
  }

  get reports(): Pick<ReportIndex, 'of'> {
    return this.#world.reports
  }

  /** How many Services are not announced, by reason. */
  get unannounced(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const reason of this.#unannounced.values()) counts.set(reason, (counts.get(reason) ?? 0) + 1)
    return counts
  }

  /** What the ServiceBGPStatus objects of a Service should say. */
  bgpStatusesOf(service: ServiceView): DesiredBgpStatus[] {
    const judgement = this.#world.judge(service)
    return desiredBgpStatuses(service, judgement === 'untouched' ? undefined : judgement.situation)
  }

  /** Takes what the speakers report now, and listens to all stores from now on. To be called before the first pass. */
  start(): void {
    const { enqueue, stores, configuration } = this.#components
    const { services, endpointSlices, nodes, speakers, bgpSessions } = stores
    for (const speaker of speakers.list()) this.#world.reports.put(speaker.name, speaker)
    for (const [key, session] of bgpSessions.entries()) this.#world.sessions.put(key, session)
    const world = (...keys: Iterable<string>[]): void => {
      this.#world.touch()
      for (const some of keys) enqueue(some, WORLD_DELAY_MS)
    }
    this.#unsubscribe = [
      services.subscribe(key => {
        this.#world.touchElection()
        enqueue([key])
      }),
      endpointSlices.subscribe((_key, before, after) => {
        this.#world.touchElection()
        enqueue([before?.serviceKey, after?.serviceKey].filter(key => key !== undefined))
      }),
      speakers.subscribe((_key, before, after) => {
        this.#onReport((after ?? before)?.name ?? '', after)
        if (isRegistered(before) !== isRegistered(after)) world(this.#unannounced.keys(), this.#audience.serviceKeys)
        else if (!sameCandidate(before, after)) world(this.#unannounced.keys())
      }),
      bgpSessions.subscribe((key, _before, after) => {
        if (this.#world.sessions.put(key, after)) this.#onSession()
      }),
      nodes.subscribe(() => world(this.#unannounced.keys(), this.#audience.serviceKeys)),
      configuration.subscribe(cause => {
        if (cause === 'objects') world(addressed(services.list()))
      }),
    ]
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#cancelDeferred?.()
    this.#cancelDeferred = undefined
    this.#cancelSessions?.()
    this.#cancelSessions = undefined
  }

  /** Brings the condition of one Service to what it should be. */
  async reconcile(key: string, signal?: AbortSignal): Promise<Outcome> {
    const { stores, clock, statusWriter, allocating, nowText } = this.#components
    const service = stores.services.get(key)
    const judgement = service ? this.#world.judge(service) : 'untouched'
    this.#note(key, judgement)
    if (!service || judgement === 'untouched') return this.#settled(key, undefined)
    const { outline } = judgement
    const shown = service.conditions.find(({ type }) => type === ANNOUNCED)
    const next = judgement.condition && nextCondition(ANNOUNCED, judgement.condition, shown, nowText())
    if (next === undefined ? !shown : shown && sameCondition(shown, next)) return this.#settled(key, outline)
    const isDetail = next?.reason === shown?.reason && outline !== undefined && this.#shows(key, outline)
    const delay = isDetail ? { delayMs: DETAIL_DELAY_MS, paced: true } : { delayMs: delayMs(shown, next) }
    const waitMs = this.#pace.waitMs(key, clock.monotonicMs(), delay)
    if (waitMs > 0) return retryAfter(waitMs)
    if ((isDetail || next?.status === 'False') && allocating()) return this.#defer(key)
    const result = await statusWriter.writeService(service, { conditions: { [ANNOUNCED]: next } }, { signal })
    if (result !== 'written') return outcomeOfWrite(result)
    this.#tell(service, shown, next)
    return this.#settled(key, outline)
  }

  /** One timer for all: there may be thousands. */
  #defer(key: string): Outcome {
    const { clock, allocating, enqueue } = this.#components
    this.#deferred.add(key)
    const look = () => {
      this.#cancelDeferred = allocating() ? clock.setTimer(look, ALLOCATING_CHECK_MS) : undefined
      if (this.#cancelDeferred) return
      const keys = [...this.#deferred]
      this.#deferred.clear()
      enqueue(keys)
    }
    this.#cancelDeferred ??= clock.setTimer(look, ALLOCATING_CHECK_MS)
    return done
  }

  #settled(key: string, outline: string | undefined): Outcome {
    this.#pace.settled(key)
    if (outline === undefined) this.#outlines.delete(key)
    else this.#outlines.set(key, outline)
    return done
  }

  /** What a Service shows whose condition a process before this one has written is taken for that outline. */
  #shows(key: string, outline: string): boolean {
    return (this.#outlines.get(key) ?? outline) === outline
  }

  #onReport(node: string, speaker: SpeakerView | undefined): void {
    const { stores, enqueue, onReported } = this.#components
    const keys = new Set<string>()
    for (const address of this.#world.reports.put(node, speaker)) {
      for (const { key } of stores.services.byIndex(BY_ADDRESS, address)) keys.add(key)
    }
    enqueue(keys)
    onReported(keys)
  }

  /** Looks at what sessions have changed: what is to be said of them is found out twice a second at most. */
  #onSession(delayMs = SESSIONS_DELAY_MS): void {
    const { clock, enqueue } = this.#components
    this.#cancelSessions ??= clock.setTimer(() => {
      this.#cancelSessions = undefined
      const nowMs = clock.monotonicMs()
      const { serviceKeys, dueMs } = this.#audience.concerned(nowMs)
      enqueue(serviceKeys)
      if (dueMs !== undefined) this.#onSession(Math.min(dueMs - nowMs, SESSIONS_DELAY_MS))
    }, delayMs)
  }

  #note(key: string, judgement: AnnouncedJudgement): void {
    const { condition, situation } = judgement === 'untouched' ? {} : judgement
    if (condition?.status === 'False') this.#unannounced.set(key, condition.reason)
    else this.#unannounced.delete(key)
    if (this.#audience.put(key, situation)) this.#components.onAnnouncingByBgp([key])
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
