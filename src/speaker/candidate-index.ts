import {
  advertisesFromNode,
  advertisesPool,
  advertisesService,
  type L2Advertisement,
  preferenceScore,
} from '../config/l2-advertisement.ts'
import type { Address } from '../ip/address.ts'
import type { Candidates } from '../layer2/election.ts'
import type { ServiceEndpoints } from '../resources/endpoint-slice.ts'
import type { NodeView } from '../resources/node.ts'
import type { WithholdReason } from './withhold-reason.ts'

export const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers'

/** A pool, as far as advertising asks. */
export interface AdvertisedPool {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** What decides for all Services alike which nodes may announce. It changes rarely; then a new index is built. */
export interface ClusterFacts {
  readonly advertisements: readonly L2Advertisement[]
  readonly nodes: ReadonlyMap<string, NodeView>
  /** by the nodes whose speaker is registered and not marked as expired: the names of the interfaces on which it can announce */
  readonly speakers: ReadonlyMap<string, ReadonlySet<string>>
  /**
   * The pool that an address of a Service comes from.
   *
   * @param allocatedFrom name of the pool that the controller took it from, where the Service tells
   */
  poolOf(address: Address, allocatedFrom: string | undefined): AdvertisedPool | undefined
}

/** The nodes that advertisements select, with their scores. */
interface Eligible {
  /** those with an interface that is asked for */
  readonly able: Candidates
  readonly withoutInterface: Candidates
}

/**
 * Finds the advertisements that apply to a Service and the nodes that are candidates under them. Services with the same
 * advertisements get the same object of candidates, which is what keeps the election cheap.
 */
export class CandidateIndex {
  readonly #facts: ClusterFacts
  readonly #ignoreExcludeLabel: boolean
  readonly #advertisementsOfPool = new Map<string, readonly L2Advertisement[]>()
  readonly #eligible = new Map<string, Eligible>()
  readonly #localCandidates = new Map<string, Candidates>()

  constructor(facts: ClusterFacts, init: { ignoreExcludeLabel?: boolean } = {}) {
    this.#facts = facts
    this.#ignoreExcludeLabel = init.ignoreExcludeLabel ?? false
  }

  poolOf(address: Address, allocatedFrom: string | undefined): AdvertisedPool | undefined {
    return this.#facts.poolOf(address, allocatedFrom)
  }

  /** The advertisements that apply to a Service with these labels whose address is in this pool, by name. */
  advertisements(pool: AdvertisedPool, serviceLabels: Readonly<Record<string, string>>): readonly L2Advertisement[] {
    let ofPool = this.#advertisementsOfPool.get(pool.name)
    if (!ofPool) {
      ofPool = this.#facts.advertisements
        .filter(advertisement => advertisesPool(advertisement, pool))
        .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
      this.#advertisementsOfPool.set(pool.name, ofPool)
    }
    return ofPool.filter(advertisement => advertisesService(advertisement, serviceLabels))
  }

  /**
   * The nodes that may announce under these advertisements, with their scores. A node without any of the interfaces asked for is one
   * only where no node has one: it then says so, and announces as soon as the interface appears.
   *
   * @param local when given, only nodes with an endpoint; those whose endpoints are all terminating only when there is no other
   */
  candidates(advertisements: readonly L2Advertisement[], local?: Omit<ServiceEndpoints, 'serving'>): Candidates {
    const key = advertisements.map(({ name }) => name).join('/')
    let eligible = this.#eligible.get(key)
    if (!eligible) {
      eligible = this.#findEligible(advertisements)
      this.#eligible.set(key, eligible)
    }
    const { able, withoutInterface } = eligible
    if (!local) return able.size > 0 ? able : withoutInterface
    const { nodes, leavingNodes = [] } = local
    const localKey = [key, nodes.join('/'), leavingNodes.join('/')].join('//')
    let candidates = this.#localCandidates.get(localKey)
    if (!candidates) {
      const staying = nodes.filter(node => !leavingNodes.includes(node))
      const choices = [only(staying, able), only(nodes, able), only(staying, withoutInterface)]
      candidates = choices.find(({ size }) => size > 0) ?? only(nodes, withoutInterface)
      // Endpoints move for ever, and what they leave behind must not pile up. Sharing objects is an economy, nothing depends on it.
      if (this.#localCandidates.size >= 10_000) this.#localCandidates.clear()
      this.#localCandidates.set(localKey, candidates)
    }
    return candidates
  }

  /** Why a node announces nothing at all, if so. */
  nodeProblem(name: string): WithholdReason | undefined {
    const node = this.#facts.nodes.get(name)
    if (!node || !this.#facts.speakers.has(name)) return 'speakerNotRegistered'
    if (node.networkUnavailable) return 'nodeNetworkUnavailable'
    if (!this.#ignoreExcludeLabel && Object.hasOwn(node.labels, EXCLUDE_LABEL)) return 'nodeLabeledExcludeBalancers'
    return undefined
  }

  /** The labels of a node, empty for one that does not exist. */
  nodeLabels(name: string): Readonly<Record<string, string>> {
    return this.#facts.nodes.get(name)?.labels ?? {}
  }

  #findEligible(advertisements: readonly L2Advertisement[]): Eligible {
    const able = new Map<string, number>()
    const withoutInterface = new Map<string, number>()
    for (const { name, labels } of this.#facts.nodes.values()) {
      if (this.nodeProblem(name)) continue
      const selecting = advertisements.filter(advertisement => advertisesFromNode(advertisement, labels))
      if (selecting.length === 0) continue
      const present = this.#facts.speakers.get(name)!
      const nodes = selecting.some(({ interfaces }) => hasInterface(present, interfaces)) ? able : withoutInterface
      // A preference counts only on nodes that its own advertisement selects.
      const score = selecting.reduce((sum, advertisement) => sum + preferenceScore(advertisement, labels), 0)
      nodes.set(name, score)
    }
    return { able, withoutInterface }
  }
}

function only(names: readonly string[], candidates: Candidates): Candidates {
  return new Map(names.filter(name => candidates.has(name)).map(name => [name, candidates.get(name)!]))
}

/** Whether one of the wanted interfaces is there; an advertisement that names none is content with any. */
function hasInterface(present: ReadonlySet<string>, wanted: readonly string[]): boolean {
  return wanted.length === 0 ? present.size > 0 : wanted.some(name => present.has(name))
}
