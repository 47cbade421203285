import { advertisesFromNode } from '../config/advertisement.ts'
import type { L2Advertisement } from '../config/l2-advertisement.ts'
import type { DesiredAddress, DesiredSet, WantedInterfaces } from '../layer2/desired.ts'
import { Election, sameOrder } from '../layer2/election.ts'
import { GroupIndex } from '../layer2/group-index.ts'
import type { ServiceEndpoints } from '../resources/endpoint-slice.ts'
import type { ServiceView } from '../resources/service.ts'
import { type Appraisal, appraise, claimed, sameClaim } from './appraise.ts'
import { CandidateIndex, type CandidateRules, type ClusterFacts } from './candidate-index.ts'
import { type Decision, decideAppraised, interfacesOf, sameDecision } from './decide.ts'
import { FreshEndpoints } from './fresh-endpoints.ts'

/** Where the decisions read the world; a store of the Kubernetes drivers is one of the sources behind it. */
export interface WorldSources {
  service(key: string): ServiceView | undefined
  serviceKeys(): Iterable<string>
  endpoints(serviceKey: string): ServiceEndpoints
  /** read when touchWorld() was called, and kept until it is again */
  cluster(): ClusterFacts
}

/** A decision that is not what it was before. A Service of another kind than LoadBalancer is never mentioned. */
export interface DecisionChange {
  readonly key: string
  readonly before: Decision
  readonly after: Decision
}

export interface Settled {
  /**
   * Every address for which this node is among the first three candidates, or was and may still own it; the same object as before when
   * that has not changed.
   */
  readonly desired: DesiredSet
  /** grows with each other `desired` */
  readonly revision: number
  readonly changes: readonly DecisionChange[]
  /** when settle() has something to do again by nothing but time, by its clock; undefined when it has not */
  readonly dueMs?: number | undefined
}

const UNKNOWN: Decision = { withhold: 'serviceDeleted' }

/**
 * Keeps what one node announces, or would if others fell silent, in step with the world. What happened is noted by touch() and
 * touchWorld(); settle() works it off: a Service that changed costs one Service's work, and the election is held again only when some
 * Service's addresses or candidates are others than before.
 */
export class Decisions {
  readonly #sources: WorldSources
  readonly #nodeName: string
  readonly #loadBalancerClass: string
  readonly #rules: CandidateRules
  readonly #election = new Election()
  #index: CandidateIndex | undefined
  #worldTouched = true
  readonly #touched = new Set<string>()
  /** of Services that are Herald's, by key */
  readonly #appraisals = new Map<string, Appraisal>()
  readonly #decisions = new Map<string, Decision>()
  readonly #groups = new GroupIndex()
  readonly #fresh: FreshEndpoints
  /** by address: its first candidates, the elected one first */
  readonly #orders = new Map<string, readonly string[]>()
  /** addresses whose claims or order may be others than when `desired` was made */
  readonly #stale = new Set<string>()
  /** addresses that stay only because this node may still own them, and the first revision that says so */
  readonly #kept = new Map<string, number>()
  /** those of them that this node does not own any more */
  readonly #handedOver = new Set<string>()
  #desired: DesiredSet = new Map()
  #revision = 0

  constructor(
    { sources }: { sources: WorldSources },
    init: { nodeName: string; loadBalancerClass?: string; rules?: CandidateRules },
  ) {
    this.#sources = sources
    this.#nodeName = init.nodeName
    this.#loadBalancerClass = init.loadBalancerClass ?? ''
    this.#rules = init.rules ?? {}
    this.#fresh = new FreshEndpoints(init)
  }

  /** The Service or its endpoints changed, or it came or went. */
  touch(serviceKey: string): void {
    this.#touched.add(serviceKey)
  }

  /** Pools, advertisements, nodes or registered speakers changed: every Service is judged anew. */
  touchWorld(): void {
    this.#worldTouched = true
  }

  /** The node that is elected for an address in canonical form. */
  ownerOf(address: string): string | undefined {
    return this.#orders.get(address)?.[0]
  }

  /** The first candidates for an address in canonical form, at most three, the elected one first. */
  orderOf(address: string): readonly string[] {
    return this.#orders.get(address) ?? []
  }

  /** The Services that claim an address in canonical form, by key. */
  claimantsOf(address: string): Iterable<string> {
    return this.#groups.claimants(address)
  }

  decisionOf(serviceKey: string): Decision | undefined {
    return this.#decisions.get(serviceKey)
  }

  /** @param nowMs of a monotonic clock */
  settle(nowMs: number): Settled {
    if (!this.#index || this.#worldTouched) {
      this.#index = new CandidateIndex(this.#sources.cluster(), this.#rules, this.#index)
      this.#worldTouched = false
      for (const key of this.#appraisals.keys()) this.#touched.add(key)
      for (const key of this.#sources.serviceKeys()) this.#touched.add(key)
    }
    const index = this.#index
    let elect = false
    for (const key of this.#touched) elect = this.#appraise(key, index, nowMs) || elect
    const affected = new Set(this.#touched)
    this.#touched.clear()
    if (elect) for (const key of this.#elect()) affected.add(key)
    const changes = [...affected].map(key => this.#decide(key, index)).filter(change => change !== undefined)
    for (const key of this.#fresh.takeDue(nowMs)) {
      for (const { key: address } of claimed(this.#appraisals.get(key))) this.#stale.add(address)
    }
    this.#updateDesired(index)
    return { desired: this.#desired, revision: this.#revision, changes, dueMs: this.#fresh.dueMs }
  }

  /**
   * What the link thread owns under the desired set of a revision. An address that this node has handed over, or never owned, leaves the
   * desired set when this node is not among its first candidates any more.
   *
   * @returns true when settle() has something to do
   */
  setOwned(owned: ReadonlySet<string>, appliedRevision: number): boolean {
    let handedOver = false
    for (const [address, revision] of this.#kept) {
      if (revision > appliedRevision || owned.has(address)) continue
      this.#handedOver.add(address)
      handedOver = true
    }
    return handedOver
  }

  /** True when the election must be held again. */
  #appraise(key: string, index: CandidateIndex, nowMs: number): boolean {
    const service = this.#sources.service(key)
    const before = this.#appraisals.get(key)
    const after =
      service?.type === 'LoadBalancer'
        ? appraise(service, {
            index,
            endpoints: this.#sources.endpoints(key),
            loadBalancerClass: this.#loadBalancerClass,
          })
        : undefined
    if (after) this.#appraisals.set(key, after)
    else this.#appraisals.delete(key)
    this.#fresh.follow(key, before, after, nowMs)
    for (const { key: address } of [...claimed(before), ...claimed(after)]) this.#stale.add(address)
    if (sameClaim(before, after)) return false
    this.#groups.set(key, {
      addresses: claimed(after).map(({ key: address, candidates }) => ({ address, candidates })),
    })
    return true
  }

  /** Elects anew; gives the Services of the addresses that have another owner now. */
  #elect(): Set<string> {
    const { addresses, groups, gone } = this.#groups.update()
    for (const address of gone) this.#election.delete(address)
    for (const group of groups) this.#election.set(group)
    const concerned = new Set(addresses)
    for (const moved of this.#election.deal()) {
      for (const address of this.#groups.groupOf(moved)!.addresses) concerned.add(address)
    }
    const affected = new Set<string>()
    for (const address of concerned) {
      const group = this.#groups.groupOf(address)
      const before = this.orderOf(address)
      const after = group ? this.#election.orderOf(group.address) : []
      if (after.length === 0) this.#orders.delete(address)
      else this.#orders.set(address, after)
      if (sameOrder(before, after)) continue
      this.#stale.add(address)
      if (before[0] !== after[0]) for (const key of this.#groups.claimants(address)) affected.add(key)
    }
    return affected
  }

  #decide(key: string, index: CandidateIndex): DecisionChange | undefined {
    const appraisal = this.#appraisals.get(key)
    const before = this.#decisions.get(key) ?? UNKNOWN
    const after: Decision = appraisal
      ? decideAppraised(appraisal, { nodeName: this.#nodeName, index, ownerOf: address => this.ownerOf(address) })
      : { withhold: this.#sources.service(key) ? 'notLoadBalancer' : 'serviceDeleted' }
    if (appraisal) this.#decisions.set(key, after)
    else if (!this.#decisions.delete(key)) return undefined
    return sameDecision(before, after) ? undefined : { key, before, after }
  }

  #updateDesired(index: CandidateIndex): void {
    for (const address of this.#handedOver) this.#stale.add(address)
    let desired: Map<string, DesiredAddress> | undefined
    for (const address of this.#stale) {
      const before = this.#desired.get(address)
      const after = this.#desiredAddress(address, index)
      if (before === after) continue
      desired ??= new Map(this.#desired)
      if (after) desired.set(address, after)
      else desired.delete(address)
    }
    this.#stale.clear()
    this.#handedOver.clear()
    if (!desired) return
    this.#desired = desired
    this.#revision++
  }

  /** The same object as before when it says the same. */
  #desiredAddress(key: string, index: CandidateIndex): DesiredAddress | undefined {
    const before = this.#desired.get(key)
    const order = this.orderOf(key)
    if (order.includes(this.#nodeName)) {
      this.#kept.delete(key)
      const after = this.#wanted(key, order, index, this.#nodeName)
      return before && after && sameDesired(before, after) ? before : after
    }
    if (!before || order.length === 0 || this.#handedOver.has(key)) {
      this.#kept.delete(key)
      return undefined
    }
    if (!this.#kept.has(key)) this.#kept.set(key, this.#revision + 1)
    // Where the next owner is to announce: elsewhere nobody would ever ask for the address.
    const { address, interfaces = before.interfaces } = this.#wanted(key, order, index, order[0]!) ?? before
    const after = { address, interfaces, order }
    return sameDesired(before, after) ? before : after
  }

  /** Services that share an address may ask for different interfaces: it is announced on all of these; and for patience: one is enough. `node`: the one that is to announce it. */
  #wanted(key: string, order: readonly string[], index: CandidateIndex, node: string): DesiredAddress | undefined {
    const labels = index.nodeLabels(node)
    let patient = false
    let wanted: DesiredAddress | undefined
    for (const claimant of this.#groups.claimants(key)) {
      for (const { key: other, address, advertisements } of claimed(this.#appraisals.get(claimant))) {
        if (other !== key) continue
        const interfaces = interfacesOf(advertisements.filter(item => advertisesFromNode(item, labels)))
        wanted = { address, order, interfaces: wanted ? union(wanted.interfaces, interfaces) : interfaces }
        patient ||= this.#fresh
          .earlierNodes(claimant)
          .some(node => !index.nodeProblem(node) && selects(advertisements, index.nodeLabels(node)))
      }
    }
    return wanted && patient ? { ...wanted, patient } : wanted
  }
}

function sameDesired(a: DesiredAddress, b: DesiredAddress): boolean {
  return sameOrder(a.order, b.order) && String(a.interfaces) === String(b.interfaces) && a.patient === b.patient
}

function selects(advertisements: readonly L2Advertisement[], nodeLabels: Readonly<Record<string, string>>): boolean {
  return advertisements.some(advertisement => advertisesFromNode(advertisement, nodeLabels))
}

function union(a: WantedInterfaces, b: WantedInterfaces): WantedInterfaces {
  if (a === 'all' || b === 'all') return 'all'
  return [...new Set([...a, ...b])].sort()
}
