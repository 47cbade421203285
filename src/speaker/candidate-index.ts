import { advertisesFromNode, advertisesPool, advertisesService } from '../config/advertisement.ts'
import { type L2Advertisement, preferenceScore } from '../config/l2-advertisement.ts'
import type { Address } from '../ip/address.ts'
import type { Candidates } from '../layer2/election.ts'
import type { ServiceEndpoints } from '../resources/endpoint-slice.ts'
import type { NodeView } from '../resources/node.ts'
import type { SpeakerInterface } from '../resources/speaker-view.ts'
import { type CandidateRules, isDraining, nodeProblemOf } from './node-rules.ts'
import { type Subnet, SubnetIndex } from './subnet-index.ts'
import type { WithholdReason } from './withhold-reason.ts'

export type { CandidateRules } from './node-rules.ts'

/** A pool, as far as advertising asks. */
export interface AdvertisedPool {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** What decides for all Services alike which nodes may announce. It changes rarely; then a new index is built. */
export interface ClusterFacts {
  readonly advertisements: readonly L2Advertisement[]
  readonly nodes: ReadonlyMap<string, NodeView>
  /** by the nodes whose speaker is registered and not marked as expired: the interfaces on which it can announce */
  readonly speakers: ReadonlyMap<string, readonly SpeakerInterface[]>
  /**
   * The pool that an address of a Service comes from.
   *
   * @param allocatedFrom name of the pool that the controller took it from, where the Service tells
   */
  poolOf(address: Address, allocatedFrom: string | undefined): AdvertisedPool | undefined
}

/** The nodes that may announce an address, and those that do not only because these are fitter. */
export interface Candidacy {
  readonly candidates: Candidates
  readonly passedOver: ReadonlyMap<string, WithholdReason>
}

/** How fit a node is that advertisements select: of the least fitness that there is, all are candidates, and no others. */
interface Standing {
  readonly score: number
  /** 0 when it has an interface on which the address belongs, 1 when it has only others, 2 when it has none that is asked for */
  readonly reach: 0 | 1 | 2
  readonly draining: boolean
}

type Standings = ReadonlyMap<string, Standing>

/** Endpoints move for ever, and what they leave behind must not pile up. Sharing objects is an economy, nothing depends on it. */
const MAX_LOCAL = 10_000

/**
 * Finds the advertisements that apply to a Service and the nodes that are candidates under them. Services with the same
 * candidates get the same object, also from one index to the next, which is what keeps the election cheap.
 */
export class CandidateIndex {
  readonly #facts: ClusterFacts
  readonly #rules: CandidateRules
  readonly #subnets: SubnetIndex
  readonly #advertisementsOfPool = new Map<string, readonly L2Advertisement[]>()
  readonly #standings = new Map<string, Standings>()
  readonly #candidacies = new Map<string, Candidacy>()
  readonly #localCandidacies = new Map<string, Candidacy>()
  /** by their text: those of this index, and those of the one before, to be used again */
  readonly #shared = new Map<string, Candidates>()
  readonly #sharedBefore: ReadonlyMap<string, Candidates>

  constructor(facts: ClusterFacts, rules: CandidateRules = {}, previous?: CandidateIndex) {
    this.#facts = facts
    this.#rules = rules
    this.#subnets = new SubnetIndex(facts.speakers)
    this.#sharedBefore = previous ? previous.#shared : new Map()
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
   * The nodes that may announce an address under these advertisements, with their scores: the fittest of those that the advertisements
   * select. A node without any of the interfaces asked for comes last: it then says so, and announces as soon as the interface appears.
   * Before it come, where no interface is named, nodes without one in the address's subnet; of nodes that are alike in this, those
   * that are being drained come last.
   *
   * @param local when given, only nodes with an endpoint; those whose endpoints are all terminating only when there is no other
   */
  candidacy(
    advertisements: readonly L2Advertisement[],
    address: Address,
    local?: Omit<ServiceEndpoints, 'serving'>,
  ): Candidacy {
    const anyInterface = advertisements.some(({ interfaces }) => interfaces.length === 0)
    const subnet = anyInterface ? this.#subnets.find(address) : undefined
    const key = `${advertisements.map(({ name }) => name).join('/')}//${subnet?.key ?? ''}`
    let standings = this.#standings.get(key)
    if (!standings) {
      standings = this.#judge(advertisements, subnet)
      this.#standings.set(key, standings)
      this.#candidacies.set(key, this.#fittest(standings, new Set()))
    }
    if (!local) return this.#candidacies.get(key)!
    const { nodes, leavingNodes = [] } = local
    const localKey = [key, nodes.join('/'), leavingNodes.join('/')].join('//')
    let candidacy = this.#localCandidacies.get(localKey)
    if (!candidacy) {
      candidacy = this.#fittest(only(nodes, standings), new Set(leavingNodes))
      if (this.#localCandidacies.size >= MAX_LOCAL) {
        this.#localCandidacies.clear()
        this.#shared.clear()
      }
      this.#localCandidacies.set(localKey, candidacy)
    }
    return candidacy
  }

  /** Why a node announces nothing at all, if so. */
  nodeProblem(name: string): WithholdReason | undefined {
    return nodeProblemOf(this.#facts.nodes.get(name), this.#facts.speakers.has(name), this.#rules)
  }

  /** The labels of a node, empty for one that does not exist. */
  nodeLabels(name: string): Readonly<Record<string, string>> {
    return this.#facts.nodes.get(name)?.labels ?? {}
  }

  #judge(advertisements: readonly L2Advertisement[], subnet: Subnet | undefined): Standings {
    const standings = new Map<string, Standing>()
    for (const node of this.#facts.nodes.values()) {
      const { name, labels } = node
      if (this.nodeProblem(name)) continue
      const selecting = advertisements.filter(advertisement => advertisesFromNode(advertisement, labels))
      if (selecting.length === 0) continue
      const present = this.#facts.speakers.get(name)!
      const inSubnet = !subnet || subnet.nodes.has(name)
      const reaches = selecting.map(({ interfaces }) => reachOf(present, interfaces, inSubnet))
      // A preference counts only on nodes that its own advertisement selects.
      const score = selecting.reduce((sum, advertisement) => sum + preferenceScore(advertisement, labels), 0)
      standings.set(name, {
        score,
        reach: Math.min(...reaches) as Standing['reach'],
        draining: isDraining(node, this.#rules),
      })
    }
    return standings
  }

  #fittest(standings: Standings, leaving: ReadonlySet<string>): Candidacy {
    // An endpoint that terminates is gone soon: traffic that is on a node which drains stays there rather than move twice.
    const unfitness = (name: string, { reach, draining }: Standing): number =>
      4 * reach + 2 * Number(leaving.has(name)) + Number(draining)
    let least = Number.POSITIVE_INFINITY
    for (const [name, standing] of standings) least = Math.min(least, unfitness(name, standing))
    const candidates = new Map<string, number>()
    const passedOver = new Map<string, WithholdReason>()
    for (const [name, standing] of standings) {
      if (unfitness(name, standing) === least) candidates.set(name, standing.score)
      else if (standing.reach > least >> 2) passedOver.set(name, standing.reach === 1 ? 'notInSubnet' : 'noInterface')
      else if (standing.draining) passedOver.set(name, 'nodeDraining')
    }
    return { candidates: this.#share(candidates), passedOver }
  }

  #share(candidates: Candidates): Candidates {
    // Where there are none, the reasons may differ.
    if (candidates.size === 0) return candidates
    const text = [...candidates].map(([node, score]) => `${node}=${score}`).join('/')
    const shared = this.#shared.get(text) ?? this.#sharedBefore.get(text) ?? candidates
    this.#shared.set(text, shared)
    return shared
  }
}

function only(names: readonly string[], standings: Standings): Standings {
  return new Map(names.filter(name => standings.has(name)).map(name => [name, standings.get(name)!]))
}

/** An advertisement that names interfaces is content with one of these, whatever its addresses; one that names none asks for the subnet. */
function reachOf(
  present: readonly SpeakerInterface[],
  wanted: readonly string[],
  inSubnet: boolean,
): Standing['reach'] {
  if (wanted.length > 0) return present.some(({ name }) => wanted.includes(name)) ? 0 : 2
  return present.length === 0 ? 2 : inSubnet ? 0 : 1
}
