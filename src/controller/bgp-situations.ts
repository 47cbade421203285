import type { BgpAppraisal } from '../speaker/bgp/appraise-bgp.ts'
import type { BgpIndex, BgpStandings } from '../speaker/bgp/bgp-index.ts'
import { type BgpDecision, type BgpWithholding, decideBgp } from '../speaker/bgp/decide-bgp.ts'

export type AdvertisedByBgp = Exclude<BgpAppraisal, { withhold: unknown }>

/** Who announces one address by BGP. */
export interface BgpAnnouncing {
  /** by node, in order: names of the BGPPeers that are told, sorted */
  readonly peersByNode: ReadonlyMap<string, readonly string[]>
  /** why each of all other nodes does not; looked up only when it is told */
  withheld(): ReadonlyMap<string, BgpWithholding>
}

/** What BGP does for Services to which the same advertisements apply and whose endpoints, as far as they matter, are on the same nodes. */
export interface BgpSituation {
  /** by position in the appraisal */
  readonly addresses: readonly BgpAnnouncing[]
  /** the nodes that announce one address or more, in order, with the peers that are told */
  readonly nodes: readonly { readonly node: string; readonly peers: readonly string[] }[]
  /** the same as one text; two situations with the same text have the same nodes and peers */
  readonly nodesText: string
}

export interface BgpSituationsInit {
  index: BgpIndex
  /** names of all nodes */
  nodeNames: readonly string[]
}

/** Endpoints move for ever, and what they leave behind must not pile up. Sharing objects is an economy, nothing depends on it. */
const MOST_SITUATIONS = 20_000

/** Finds who announces a Service by BGP as the speakers decide it; Services in the same situation share one object. */
export class BgpSituations {
  readonly #init: BgpSituationsInit
  readonly #situations = new Map<string, BgpSituation>()
  readonly #numbers = new Map<BgpStandings, number>()

  constructor(init: BgpSituationsInit) {
    this.#init = init
  }

  get index(): BgpIndex {
    return this.#init.index
  }

  of(appraisal: AdvertisedByBgp): BgpSituation {
    const key = this.#keyOf(appraisal)
    let situation = this.#situations.get(key)
    if (!situation) {
      if (this.#situations.size >= MOST_SITUATIONS) this.#situations.clear()
      situation = this.#judge(appraisal)
      this.#situations.set(key, situation)
    }
    return situation
  }

  #keyOf({ addresses, local, endpoints }: AdvertisedByBgp): string {
    const parts = addresses.map(({ standings }) => {
      let number = this.#numbers.get(standings)
      if (number === undefined) {
        number = this.#numbers.size
        this.#numbers.set(standings, number)
      }
      return String(number)
    })
    if (local) parts.push(endpoints.nodes.join('/'), (endpoints.leavingNodes ?? []).join('/'))
    return parts.join('//')
  }

  #judge(appraisal: AdvertisedByBgp): BgpSituation {
    const { addresses, local, endpoints } = appraisal
    const able = new Set(addresses.flatMap(({ standings }) => [...standings.keys()]))
    const nodeNames = [...able].filter(name => !local || endpoints.nodes.includes(name)).sort()
    const found = addresses.map(() => new Map<string, readonly string[]>())
    const nodes: { node: string; peers: readonly string[] }[] = []
    for (const nodeName of nodeNames) {
      const decision = this.#decide(appraisal, nodeName)
      if ('withhold' in decision) continue
      const told = addresses.map((_address, position) => this.#peersOf(appraisal, position, nodeName))
      for (const [position, peers] of told.entries()) if (peers.length > 0) found[position]!.set(nodeName, peers)
      const peers = [...new Set(told.flat())].sort()
      if (peers.length > 0) nodes.push({ node: nodeName, peers })
    }
    return {
      addresses: found.map((peersByNode, position) => ({
        peersByNode,
        withheld: () => this.#withheld(appraisal, position, peersByNode),
      })),
      nodes,
      nodesText: nodes.map(({ node, peers }) => `${node}:${peers.join('/')}`).join(' '),
    }
  }

  /** The peers that a node, which announces something for the Service, tells of one of its addresses. */
  #peersOf(appraisal: AdvertisedByBgp, position: number, nodeName: string): string[] {
    const item = appraisal.addresses[position]!
    const decision = this.#decide({ ...appraisal, addresses: [item] }, nodeName)
    if ('withhold' in decision) return []
    return [...new Set(decision.announce.flatMap(({ plan }) => plan.peers))].sort()
  }

  #withheld(
    appraisal: AdvertisedByBgp,
    position: number,
    announcing: ReadonlyMap<string, unknown>,
  ): ReadonlyMap<string, BgpWithholding> {
    const alone = { ...appraisal, addresses: [appraisal.addresses[position]!] }
    const withheld = new Map<string, BgpWithholding>()
    for (const nodeName of this.#init.nodeNames) {
      if (announcing.has(nodeName)) continue
      const [whole, single] = [this.#decide(appraisal, nodeName), this.#decide(alone, nodeName)]
      // A conflict about one address withholds the other too.
      const decision = 'withhold' in single ? single : whole
      withheld.set(nodeName, 'withhold' in decision ? decision : { withhold: 'noPeer' })
    }
    return withheld
  }

  /** Since when a node has been draining, its speaker knows; that the routers are told first is over in a moment. */
  #decide(appraisal: AdvertisedByBgp, nodeName: string): BgpDecision {
    const { index } = this.#init
    return decideBgp(appraisal, { nodeName, index, drained: index.isDraining(nodeName) })
  }
}
