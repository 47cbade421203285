import type { PeerConfig } from '../../bgp/peer-config.ts'
import { advertisesFromNode, advertisesService } from '../../config/advertisement.ts'
import type { BgpAdvertisement } from '../../config/bgp-advertisement.ts'
import { advertisementsOfPool } from '../../config/bgp-config.ts'
import type { Address, Family } from '../../ip/address.ts'
import type { ServiceEndpoints } from '../../resources/endpoint-slice.ts'
import type { NodeView } from '../../resources/node.ts'
import type { AdvertisedPool, ClusterFacts } from '../candidate-index.ts'
import { type CandidateRules, isDraining, nodeProblemOf } from '../node-rules.ts'
import type { WithholdReason } from '../withhold-reason.ts'
import { type AnnouncementPlan, plansOf } from './announcement-plan.ts'

/** What decides for all Services alike what is announced by BGP. It changes rarely; then a new index is built. */
export interface BgpFacts extends Pick<ClusterFacts, 'nodes' | 'poolOf'> {
  /** those that stand, elder first */
  readonly advertisements: readonly BgpAdvertisement[]
  /** by the nodes whose speaker is registered and not marked as expired */
  readonly speakers: { has(node: string): boolean }
  /** the BGPPeers that a node is to hold sessions with */
  peersOf(node: NodeView): readonly NodePeer[]
}

/** A BGPPeer of a node, as far as announcing asks. */
export type NodePeer = Pick<PeerConfig, 'name' | 'families'>

/** What a node can announce of the addresses of a family that some advertisements apply to. */
export interface BgpStanding {
  /** one for each length of prefix, the longest first */
  readonly plans: readonly AnnouncementPlan[]
  readonly draining: boolean
}

/** Nodes that are selected, can announce, and have a peer of the family to announce to. */
export type BgpStandings = ReadonlyMap<string, BgpStanding>

/** How unfit a node is to announce, the fittest being 0: of those that are being drained, or whose endpoints all terminate, others are preferred. */
export type Unfitness = 0 | 1 | 2 | 3

/**
 * Finds the advertisements that apply to a Service and what nodes announce under them. Services to which the same apply get the same
 * objects.
 */
export class BgpIndex {
  readonly #facts: BgpFacts
  readonly #rules: CandidateRules
  readonly #self: string | undefined
  /** the lists of advertisements that apply to some Service, by the names in them: such a list is an object that others are found by */
  readonly #lists = new Map<string, readonly BgpAdvertisement[]>()
  readonly #advertisementsOfPool = new Map<string, readonly BgpAdvertisement[]>()
  readonly #standings = {
    4: new Map<readonly BgpAdvertisement[], BgpStandings>(),
    6: new Map<readonly BgpAdvertisement[], BgpStandings>(),
  }
  readonly #leastUnfit = new Map<BgpStandings, Unfitness | undefined>()
  readonly #peers = new Map<string, readonly NodePeer[]>()

  /** @param init.self the node of this process: it works, whatever the registrations say */
  constructor(facts: BgpFacts, init: { rules?: CandidateRules; self?: string } = {}) {
    this.#facts = facts
    this.#rules = init.rules ?? {}
    this.#self = init.self
  }

  poolOf(address: Address, allocatedFrom: string | undefined): AdvertisedPool | undefined {
    return this.#facts.poolOf(address, allocatedFrom)
  }

  /** The advertisements that apply to a Service with these labels whose address is in this pool. */
  advertisements(pool: AdvertisedPool, serviceLabels: Readonly<Record<string, string>>): readonly BgpAdvertisement[] {
    let ofPool = this.#advertisementsOfPool.get(pool.name)
    if (!ofPool) {
      ofPool = advertisementsOfPool(this.#facts, pool)
      this.#advertisementsOfPool.set(pool.name, ofPool)
    }
    return this.#share(ofPool.filter(advertisement => advertisesService(advertisement, serviceLabels)))
  }

  /** Why a node announces nothing at all, if so. */
  nodeProblem(name: string): WithholdReason | undefined {
    const registered = name === this.#self || this.#facts.speakers.has(name)
    return nodeProblemOf(this.#facts.nodes.get(name), registered, this.#rules)
  }

  isDraining(name: string): boolean {
    const node = this.#facts.nodes.get(name)
    return node !== undefined && isDraining(node, this.#rules)
  }

  /** The labels of a node, empty for one that does not exist. */
  nodeLabels(name: string): Readonly<Record<string, string>> {
    return this.#facts.nodes.get(name)?.labels ?? {}
  }

  /** The BGPPeers of a node. */
  peersOf(name: string): readonly NodePeer[] {
    let peers = this.#peers.get(name)
    if (!peers) {
      const node = this.#facts.nodes.get(name)
      peers = node ? this.#facts.peersOf(node) : []
      this.#peers.set(name, peers)
    }
    return peers
  }

  /** @param advertisements a list that advertisements() gave */
  standings(advertisements: readonly BgpAdvertisement[], family: Family): BgpStandings {
    const known = this.#standings[family]
    let standings = known.get(advertisements)
    if (!standings) {
      standings = this.#judge(advertisements, family)
      known.set(advertisements, standings)
    }
    return standings
  }

  /**
   * How unfit the fittest node is; undefined when there is none.
   *
   * @param local when given, only nodes with an endpoint can announce
   */
  leastUnfit(standings: BgpStandings, local?: Omit<ServiceEndpoints, 'serving'>): Unfitness | undefined {
    if (local) return least(local.nodes.map(name => unfitness(standings, name, local)))
    if (!this.#leastUnfit.has(standings)) {
      this.#leastUnfit.set(standings, least([...standings.values()].map(({ draining }) => (draining ? 1 : 0))))
    }
    return this.#leastUnfit.get(standings)
  }

  #judge(advertisements: readonly BgpAdvertisement[], family: Family): BgpStandings {
    const standings = new Map<string, BgpStanding>()
    for (const { name, labels } of this.#facts.nodes.values()) {
      if (this.nodeProblem(name)) continue
      const peers = this.peersOf(name)
        .filter(({ families }) => families.includes(family))
        .map(peer => peer.name)
      const selecting = this.#share(
        advertisements.filter(
          advertisement => advertisesFromNode(advertisement, labels) && tells(advertisement, peers),
        ),
      )
      if (selecting.length === 0) continue
      const plans = plansOf(selecting, family, peers, list => this.#share(list))
      standings.set(name, { plans, draining: this.isDraining(name) })
    }
    return standings
  }

  #share(list: readonly BgpAdvertisement[]): readonly BgpAdvertisement[] {
    // No name of an object has a slash.
    const key = list.map(({ name }) => name).join('/')
    const shared = this.#lists.get(key) ?? list
    this.#lists.set(key, shared)
    return shared
  }
}

/** How unfit a node is for a Service with `externalTrafficPolicy: Local`; undefined when it cannot announce it. */
export function unfitness(
  standings: BgpStandings,
  name: string,
  { leavingNodes = [] }: Pick<ServiceEndpoints, 'leavingNodes'>,
): Unfitness | undefined {
  const standing = standings.get(name)
  return standing && ((2 * Number(leavingNodes.includes(name)) + Number(standing.draining)) as Unfitness)
}

function least(all: readonly (Unfitness | undefined)[]): Unfitness | undefined {
  let lowest: Unfitness | undefined
  for (const one of all) if (one !== undefined && (lowest === undefined || one < lowest)) lowest = one
  return lowest
}

function tells({ peers }: BgpAdvertisement, peersOfNode: readonly string[]): boolean {
  return peers.length === 0 ? peersOfNode.length > 0 : peers.some(name => peersOfNode.includes(name))
}
