import type { Routes } from '../../bgp/routes.ts'
import type { Family } from '../../ip/address.ts'
import type { ServiceEndpoints } from '../../resources/endpoint-slice.ts'
import type { ServiceView } from '../../resources/service.ts'
import type { WorldSources } from '../decisions.ts'
import type { CandidateRules } from '../node-rules.ts'
import { appraiseBgp, type BgpAppraisal } from './appraise-bgp.ts'
import { type BgpFacts, BgpIndex } from './bgp-index.ts'
import { type AnnouncedPrefix, type BgpDecision, decideBgp, sameBgpDecision } from './decide-bgp.ts'
import { DrainTimes } from './drain-times.ts'
import { RouteBook } from './route-book.ts'
import { SettledEndpoints } from './settled-endpoints.ts'

/** Where the decisions read the world. */
export interface BgpWorldSources extends Omit<WorldSources, 'cluster'> {
  /** how many endpoints of a family are ready on a node; asked for only where an advertisement wants it told */
  readyEndpoints(serviceKey: string, node: string, family: Family): number
  /** read when touchWorld() was called, and kept until it is again */
  cluster(): BgpFacts
}

/** A decision that is not what it was before. A Service of another kind than LoadBalancer is never mentioned. */
export interface BgpDecisionChange {
  readonly key: string
  readonly before: BgpDecision
  readonly after: BgpDecision
}

export interface BgpSettled {
  /** what each peer is to be told, by its name; the same objects as before where that has not changed */
  readonly routes: ReadonlyMap<string, Routes>
  readonly changes: readonly BgpDecisionChange[]
  /** when settle() has something to do again by nothing but time, by its clock; undefined when it has not */
  readonly dueMs?: number | undefined
}

export interface BgpDecisionsInit {
  nodeName: string
  loadBalancerClass?: string
  rules?: CandidateRules
  /** how long a node that is drained announces with GRACEFUL_SHUTDOWN what others announce too */
  drainWithdrawAfterMs?: number
}

/** Routers take seconds to move traffic, those far away up to some ten (RFC 8326 appendix A leaves the time to the operator). */
const DRAIN_WITHDRAW_AFTER_MS = 30_000

const UNKNOWN: BgpDecision = { withhold: 'serviceDeleted' }
const NOTHING: readonly AnnouncedPrefix[] = []

/**
 * Keeps what one node announces by BGP in step with the world. What happened is noted by touch() and touchWorld(); settle() works it off:
 * a Service that changed costs one Service's work.
 */
export class BgpDecisions {
  readonly #sources: BgpWorldSources
  readonly #nodeName: string
  readonly #loadBalancerClass: string
  readonly #rules: CandidateRules
  readonly #drainTimes: DrainTimes
  readonly #settledEndpoints: SettledEndpoints
  readonly #book = new RouteBook()
  /** of Services that are LoadBalancers, by key */
  readonly #decisions = new Map<string, BgpDecision>()
  readonly #touched = new Set<string>()
  #index: BgpIndex | undefined
  #worldTouched = true
  #drained = false

  constructor({ sources }: { sources: BgpWorldSources }, init: BgpDecisionsInit) {
    this.#sources = sources
    this.#nodeName = init.nodeName
    this.#loadBalancerClass = init.loadBalancerClass ?? ''
    this.#rules = init.rules ?? {}
    this.#settledEndpoints = new SettledEndpoints({ self: init.nodeName })
    this.#drainTimes = new DrainTimes({ withdrawAfterMs: init.drainWithdrawAfterMs ?? DRAIN_WITHDRAW_AFTER_MS })
  }

  /** The Service or its endpoints changed, or it came or went. */
  touch(serviceKey: string): void {
    this.#touched.add(serviceKey)
  }

  /** Pools, advertisements, peers, nodes or registered speakers changed: every Service is judged anew. */
  touchWorld(): void {
    this.#worldTouched = true
  }

  decisionOf(serviceKey: string): BgpDecision | undefined {
    return this.#decisions.get(serviceKey)
  }

  /** @param nowMs of a monotonic clock */
  settle(nowMs: number): BgpSettled {
    const index = this.#currentIndex(nowMs)
    const drained = this.#drainTimes.isDrained(this.#nodeName, nowMs)
    if (drained !== this.#drained) {
      this.#drained = drained
      this.#touchAll()
    }
    for (const key of this.#settledEndpoints.takeDue(nowMs)) this.#touched.add(key)
    const changes: BgpDecisionChange[] = []
    for (const key of this.#touched) {
      const change = this.#decide(key, index, nowMs)
      if (change) changes.push(change)
    }
    this.#touched.clear()
    return { routes: this.#book.settle(), changes, dueMs: this.#dueMs(nowMs) }
  }

  #currentIndex(nowMs: number): BgpIndex {
    if (this.#index && !this.#worldTouched) return this.#index
    this.#worldTouched = false
    const facts = this.#sources.cluster()
    const index = new BgpIndex(facts, { rules: this.#rules, self: this.#nodeName })
    const draining = index.isDraining(this.#nodeName)
    this.#drainTimes.follow(draining ? [this.#nodeName] : [], nowMs)
    const { advertisements } = facts
    this.#book.setWorld({ peers: index.peersOf(this.#nodeName).map(({ name }) => name), advertisements, draining })
    this.#touchAll()
    this.#index = index
    return index
  }

  #touchAll(): void {
    for (const key of this.#decisions.keys()) this.#touched.add(key)
    for (const key of this.#sources.serviceKeys()) this.#touched.add(key)
  }

  #dueMs(nowMs: number): number | undefined {
    const [drained, settled] = [this.#drainTimes.dueMs(nowMs), this.#settledEndpoints.dueMs]
    return drained !== undefined && settled !== undefined ? Math.min(drained, settled) : (drained ?? settled)
  }

  #decide(key: string, index: BgpIndex, nowMs: number): BgpDecisionChange | undefined {
    const service = this.#sources.service(key)
    const before = this.#decisions.get(key)
    const after = service?.type === 'LoadBalancer' ? this.#judge(service, index, nowMs) : undefined
    this.#book.replace(announcedBy(before), announcedBy(after))
    if (!after) this.#settledEndpoints.forget(key)
    if (after) this.#decisions.set(key, after)
    else if (!this.#decisions.delete(key)) return undefined
    const was = before ?? UNKNOWN
    const is = after ?? { withhold: service ? 'notLoadBalancer' : 'serviceDeleted' }
    return sameBgpDecision(was, is) ? undefined : { key, before: was, after: is }
  }

  #judge(service: ServiceView, index: BgpIndex, nowMs: number): BgpDecision {
    const endpoints = this.#endpointsOf(service, nowMs)
    const appraisal = appraiseBgp(service, { index, endpoints, loadBalancerClass: this.#loadBalancerClass })
    const decision = decideBgp(appraisal, { nodeName: this.#nodeName, index, drained: this.#drained })
    if ('withhold' in decision) {
      const isNew = decision.withhold === 'noLocalEndpoints' && this.#settledEndpoints.isNew(service.key)
      return isNew ? { withhold: 'endpointsNew' } : decision
    }
    const weigh = (announced: AnnouncedPrefix): AnnouncedPrefix =>
      announced.plan.advertisements.some(({ weighted }) => weighted)
        ? { ...announced, weight: this.#weightOf(service.key, announced.prefix.address.family, appraisal) }
        : announced
    return { ...decision, announce: decision.announce.map(weigh) }
  }

  #endpointsOf({ key, externalTrafficPolicy }: ServiceView, nowMs: number): ServiceEndpoints {
    const endpoints = this.#sources.endpoints(key)
    if (externalTrafficPolicy === 'Local') return this.#settledEndpoints.of(key, endpoints, nowMs)
    this.#settledEndpoints.forget(key)
    return endpoints
  }

  /**
   * With the policy Local a node's share of the traffic goes to the endpoints on it, so they are its weight. With the policy Cluster
   * kube-proxy spreads over all endpoints whatever arrives at any node: there only equal weights spread it evenly.
   */
  #weightOf(serviceKey: string, family: Family, appraisal: BgpAppraisal): number {
    if ('withhold' in appraisal || !appraisal.local) return 1
    // Where the last endpoints are terminating they still serve.
    return Math.max(1, this.#sources.readyEndpoints(serviceKey, this.#nodeName, family))
  }
}

function announcedBy(decision: BgpDecision | undefined): readonly AnnouncedPrefix[] {
  return decision && 'announce' in decision ? decision.announce : NOTHING
}
