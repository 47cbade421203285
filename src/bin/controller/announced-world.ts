import { parseAddressPool } from '../../config/address-pool.ts'
import type { ParsedL2Advertisement } from '../../config/l2-advertisement.ts'
import { type AnnouncedJudgement, type AnnouncedWorld, judgeAnnouncement } from '../../controller/announced.ts'
import { BgpTexts } from '../../controller/announced-bgp.ts'
import { BgpSituations } from '../../controller/bgp-situations.ts'
import { ElectedNodes } from '../../controller/elected-nodes.ts'
import { ReportIndex } from '../../controller/report-index.ts'
import { SessionIndex } from '../../controller/session-index.ts'
import type { Clock } from '../../io/clock.ts'
import type { ReadableStore } from '../../kubernetes/store.ts'
import type { Claim } from '../../layer2/group.ts'
import type { BgpSessionView } from '../../resources/bgp-session-status.ts'
import {
  type EndpointSliceView,
  NO_ENDPOINTS,
  type ServiceEndpoints,
  serviceEndpoints,
} from '../../resources/endpoint-slice.ts'
import type { NodeView } from '../../resources/node.ts'
import type { ServiceView } from '../../resources/service.ts'
import type { SpeakerView } from '../../resources/speaker-view.ts'
import { appraise, claimed } from '../../speaker/appraise.ts'
import { bgpFacts } from '../../speaker/bgp/bgp-facts.ts'
import { BgpIndex } from '../../speaker/bgp/bgp-index.ts'
import { CandidateIndex, type CandidateRules } from '../../speaker/candidate-index.ts'
import { gatherClusterFacts } from '../../speaker/cluster-facts.ts'
import type { AdvertisingConfiguration } from './advertising-configuration.ts'
import type { PoolView } from './service-controller.ts'
import type { ParsedView } from './views.ts'

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
  readonly bgpSessions: ReadableStore<BgpSessionView>
}

export interface WatchedWorldComponents {
  stores: AnnouncedStores
  configuration: Pick<AdvertisingConfiguration, 'bgp' | 'refusedAdvertising'>
  clock: Clock
}

export interface WatchedWorldInit {
  loadBalancerClass: string
  candidateRules: CandidateRules
}

/** What holds for all Services until something of it changes. */
type Gathered = Pick<AnnouncedWorld, 'refused'> & {
  readonly layer2: Pick<AnnouncedWorld['layer2'], 'index' | 'nodeNames' | 'nodeReasons'>
  readonly situations: AnnouncedWorld['bgp']['situations']
}

/** The world that the condition `herald.io/Announced` is judged by, as the stores have it: gathered when it is asked for, and kept until it changes. */
export class WatchedWorld {
  readonly reports = new ReportIndex()
  readonly sessions = new SessionIndex()
  readonly texts = new BgpTexts(this.sessions)
  readonly #components: WatchedWorldComponents
  readonly #init: WatchedWorldInit
  readonly #elected: ElectedNodes
  #gathered: Gathered | undefined

  constructor(components: WatchedWorldComponents, init: WatchedWorldInit) {
    this.#components = components
    this.#init = init
    this.#elected = new ElectedNodes({ claims: () => this.#claims(), nowMs: () => components.clock.monotonicMs() })
  }

  /** Pools, advertisements, peers, nodes or registered speakers have changed. */
  touch(): void {
    this.#gathered = undefined
    this.#elected.touch()
  }

  /** Who is elected may have changed, as by a Service or its endpoints. */
  touchElection(): void {
    this.#elected.touch()
  }

  judge(service: ServiceView): AnnouncedJudgement {
    const { layer2, situations, refused } = this.#world
    return judgeAnnouncement(service, {
      loadBalancerClass: this.#init.loadBalancerClass,
      endpoints: this.#endpoints(service.key),
      layer2: {
        ...layer2,
        reportsOf: address => this.reports.of(address),
        ownerOf: address => this.#elected.ownerOf(address),
      },
      bgp: { situations, texts: this.texts },
      refused,
    })
  }

  get #world(): Gathered {
    this.#gathered ??= this.#gather()
    return this.#gathered
  }

  #gather(): Gathered {
    const { stores, configuration } = this.#components
    const { candidateRules } = this.#init
    const { facts } = gatherClusterFacts({
      pools: [...stores.pools.entries()].map(([key, pool]) => [key, parseAddressPool(pool)] as const),
      advertisements: [...stores.advertisements.entries()].map(([key, { parsed }]) => [key, parsed] as const),
      nodes: stores.nodes.list(),
      speakers: stores.speakers.list(),
    })
    const nodeNames = [...facts.nodes.keys()]
    const bgpIndex = new BgpIndex(bgpFacts(facts, configuration.bgp), { rules: candidateRules })
    return {
      layer2: { index: new CandidateIndex(facts, candidateRules), nodeNames, nodeReasons: new WeakMap() },
      situations: new BgpSituations({ index: bgpIndex, nodeNames }),
      refused: configuration.refusedAdvertising,
    }
  }

  #endpoints(key: string): ServiceEndpoints {
    const slices = [...this.#components.stores.endpointSlices.byIndex(BY_SERVICE, key)]
    return slices.length === 0 ? NO_ENDPOINTS : serviceEndpoints(slices)
  }

  *#claims(): Iterable<Claim> {
    const { index } = this.#world.layer2
    const { loadBalancerClass } = this.#init
    for (const service of this.#components.stores.services.list()) {
      const endpoints = this.#endpoints(service.key)
      const addresses = claimed(appraise(service, { index, endpoints, loadBalancerClass }))
      if (addresses.length > 0) {
        yield { addresses: addresses.map(({ key, candidates }) => ({ address: key, candidates })) }
      }
    }
  }
}
