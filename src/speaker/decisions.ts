import type { DesiredAddress, DesiredSet, WantedInterfaces } from '../layer2/desired.ts'
import { Election } from '../layer2/election.ts'
import { groupAddresses } from '../layer2/group.ts'
import type { ServiceEndpoints } from '../resources/endpoint-slice.ts'
import type { ServiceView } from '../resources/service.ts'
import { type Appraisal, appraise, claimed, sameClaim } from './appraise.ts'
import { CandidateIndex, type ClusterFacts } from './candidate-index.ts'
import { type Decision, decideAppraised, sameDecision } from './decide.ts'

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
  /** everything that this node should announce; the same object as before when that has not changed */
  readonly desired: DesiredSet
  readonly changes: readonly DecisionChange[]
}

const UNKNOWN: Decision = { withhold: 'serviceDeleted' }

/**
 * Keeps what one node should announce in step with the world. What happened is noted by touch() and touchWorld(); settle() works it off:
 * a Service that changed costs one Service's work, and the election is held again only when some Service's addresses or candidates
 * are others than before.
 */
export class Decisions {
  readonly #sources: WorldSources
  readonly #nodeName: string
  readonly #loadBalancerClass: string
  readonly #ignoreExcludeLabel: boolean
  readonly #election = new Election()
  #index: CandidateIndex | undefined
  readonly #touched = new Set<string>()
  /** of Services that are Herald's, by key */
  readonly #appraisals = new Map<string, Appraisal>()
  readonly #decisions = new Map<string, Decision>()
  /** by address: the Services that claim it, and the node that announces it */
  readonly #claimants = new Map<string, Set<string>>()
  #owners = new Map<string, string>()
  #desired: DesiredSet = new Map()

  constructor(
    { sources }: { sources: WorldSources },
    init: { nodeName: string; loadBalancerClass?: string; ignoreExcludeLabel?: boolean },
  ) {
    this.#sources = sources
    this.#nodeName = init.nodeName
    this.#loadBalancerClass = init.loadBalancerClass ?? ''
    this.#ignoreExcludeLabel = init.ignoreExcludeLabel ?? false
  }

  /** The Service or its endpoints changed, or it came or went. */
  touch(serviceKey: string): void {
    this.#touched.add(serviceKey)
  }

  /** Pools, advertisements, nodes or registered speakers changed: every Service is judged anew. */
  touchWorld(): void {
    this.#index = undefined
  }

  /** The node that is elected for an address in canonical form. */
  ownerOf(address: string): string | undefined {
    return this.#owners.get(address)
  }

  decisionOf(serviceKey: string): Decision | undefined {
    return this.#decisions.get(serviceKey)
  }

  settle(): Settled {
    if (!this.#index) {
      this.#index = new CandidateIndex(this.#sources.cluster(), { ignoreExcludeLabel: this.#ignoreExcludeLabel })
      for (const key of this.#appraisals.keys()) this.#touched.add(key)
      for (const key of this.#sources.serviceKeys()) this.#touched.add(key)
    }
    const index = this.#index
    let elect = false
    for (const key of this.#touched) elect = this.#appraise(key, index) || elect
    const affected = new Set(this.#touched)
    this.#touched.clear()
    if (elect) for (const key of this.#elect()) affected.add(key)
    const changes = [...affected].map(key => this.#decide(key, index)).filter(change => change !== undefined)
    if (changes.some(({ before, after }) => 'announce' in before || 'announce' in after)) this.#collect()
    return { desired: this.#desired, changes }
  }

  /** True when the election must be held again. */
  #appraise(key: string, index: CandidateIndex): boolean {
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
    if (sameClaim(before, after)) return false
    for (const { key: address } of claimed(before)) {
      const claimants = this.#claimants.get(address)
      claimants?.delete(key)
      if (claimants?.size === 0) this.#claimants.delete(address)
    }
    for (const { key: address } of claimed(after)) {
      const claimants = this.#claimants.get(address)
      if (claimants) claimants.add(key)
      else this.#claimants.set(address, new Set([key]))
    }
    return true
  }

  /** Elects anew; gives the Services of the addresses that have another owner now. */
  #elect(): Set<string> {
    const claims = [...this.#appraisals.values()].map(claimed).filter(addresses => addresses.length > 0)
    const groups = groupAddresses(
      claims.map(addresses => ({ addresses: addresses.map(({ key, candidates }) => ({ address: key, candidates })) })),
    )
    const elected = this.#election.elect(groups)
    const owners = new Map<string, string>()
    for (const { address, addresses } of groups) {
      const owner = elected.get(address)
      if (owner !== undefined) for (const member of addresses) owners.set(member, owner)
    }
    const affected = new Set<string>()
    for (const [address, claimants] of this.#claimants) {
      if (owners.get(address) !== this.#owners.get(address)) for (const key of claimants) affected.add(key)
    }
    this.#owners = owners
    return affected
  }

  #decide(key: string, index: CandidateIndex): DecisionChange | undefined {
    const appraisal = this.#appraisals.get(key)
    const before = this.#decisions.get(key) ?? UNKNOWN
    const after: Decision = appraisal
      ? decideAppraised(appraisal, { nodeName: this.#nodeName, index, ownerOf: address => this.#owners.get(address) })
      : { withhold: this.#sources.service(key) ? 'notLoadBalancer' : 'serviceDeleted' }
    if (appraisal) this.#decisions.set(key, after)
    else if (!this.#decisions.delete(key)) return undefined
    return sameDecision(before, after) ? undefined : { key, before, after }
  }

  /** Services that share an address may ask for different interfaces: it is announced on all of these. */
  #collect(): void {
    const desired = new Map<string, DesiredAddress>()
    for (const decision of this.#decisions.values()) {
      if ('withhold' in decision) continue
      for (const { key, address, interfaces } of decision.announce) {
        const other = desired.get(key)
        desired.set(key, {
          address,
          interfaces: other ? union(other.interfaces, interfaces) : interfaces,
          order: [this.#nodeName],
        })
      }
    }
    this.#desired = desired
  }
}

function union(a: WantedInterfaces, b: WantedInterfaces): WantedInterfaces {
  if (a === 'all' || b === 'all') return 'all'
  return [...new Set([...a, ...b])].sort()
}
