import { parseAddressPool } from '../config/address-pool.ts'
import { parseL2Advertisement } from '../config/l2-advertisement.ts'
import type { RefusedObject } from '../config/refused-object.ts'
import { type Announced, judgeAnnouncement } from '../controller/announced.ts'
import { BgpTexts } from '../controller/announced-bgp.ts'
import { BgpSituations } from '../controller/bgp-situations.ts'
import { isHandled } from '../controller/converge.ts'
import { ReportIndex } from '../controller/report-index.ts'
import { SessionIndex } from '../controller/session-index.ts'
import { Election } from '../layer2/election.ts'
import { groupAddresses } from '../layer2/group.ts'
import { type BgpSessionView, viewBgpSessionStatus } from '../resources/bgp-session-status.ts'
import {
  type EndpointSliceView,
  NO_ENDPOINTS,
  type ServiceEndpoints,
  serviceEndpoints,
  viewEndpointSlice,
} from '../resources/endpoint-slice.ts'
import { type NodeView, viewNode } from '../resources/node.ts'
import { type ServiceView, viewService } from '../resources/service.ts'
import { type SpeakerView, viewSpeaker } from '../resources/speaker-view.ts'
import { appraise, claimed } from '../speaker/appraise.ts'
import { appraiseBgp } from '../speaker/bgp/appraise-bgp.ts'
import { bgpFacts } from '../speaker/bgp/bgp-facts.ts'
import { BgpIndex } from '../speaker/bgp/bgp-index.ts'
import { CandidateIndex } from '../speaker/candidate-index.ts'
import { gatherClusterFacts } from '../speaker/cluster-facts.ts'
import { ShadowAllocation } from './allocation.ts'
import { type AdvertisingConfiguration, combineConfiguration } from './configuration.ts'
import { readSettings, type Settings } from './settings.ts'
import { keyOf, objectsOf, type Snapshot } from './snapshot.ts'

/**
 * A snapshot, read: a controller and the speakers of all nodes in memory, made of the functions that decide in production. Everything that the
 * commands tell is asked of it.
 */
export class Cluster {
  readonly snapshot: Snapshot
  readonly settings: Settings
  /** by key, in order */
  readonly services: ReadonlyMap<string, ServiceView>
  /** in order of their names */
  readonly nodes: readonly NodeView[]
  readonly speakers: ReadonlyMap<string, SpeakerView>
  readonly sessions: readonly BgpSessionView[]
  readonly allocation: ShadowAllocation
  readonly configuration: AdvertisingConfiguration
  readonly layer2: CandidateIndex
  readonly bgp: BgpIndex
  readonly reports = new ReportIndex()
  readonly #sessionIndex = new SessionIndex()
  readonly #situations: BgpSituations
  readonly #texts: BgpTexts
  readonly #slices: ReadonlyMap<string, EndpointSliceView[]>
  #orders: ReadonlyMap<string, readonly string[]> | undefined

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot
    this.settings = readSettings(snapshot)
    this.services = new Map(byKey(objectsOf(snapshot, 'Service').map(viewService)).map(view => [view.key, view]))
    this.nodes = objectsOf(snapshot, 'Node').map(viewNode).sort(compareNames)
    this.speakers = new Map(
      objectsOf(snapshot, 'SpeakerStatus')
        .map(viewSpeaker)
        .sort(compareNames)
        .map(view => [view.name, view]),
    )
    this.sessions = objectsOf(snapshot, 'BGPSessionStatus').map(viewBgpSessionStatus)
    this.#slices = slicesByService(snapshot)
    this.allocation = new ShadowAllocation(snapshot, this.services.values(), this.settings)
    this.configuration = combineConfiguration(snapshot, this.nodes, this.allocation.pools.pools)

    const { facts } = gatherClusterFacts({
      pools: objectsOf(snapshot, 'IPAddressPool').map(object => [keyOf(object), parseAddressPool(object)] as const),
      advertisements: objectsOf(snapshot, 'L2Advertisement').map(
        object => [keyOf(object), parseL2Advertisement(object)] as const,
      ),
      nodes: this.nodes,
      speakers: this.speakers.values(),
    })
    const { candidateRules: rules } = this.settings
    this.layer2 = new CandidateIndex(facts, rules)
    this.bgp = new BgpIndex(bgpFacts(facts, this.configuration.bgp), { rules })
    this.#situations = new BgpSituations({ index: this.bgp, nodeNames: this.nodeNames })
    for (const speaker of this.speakers.values()) this.reports.put(speaker.name, speaker)
    for (const session of this.sessions) this.#sessionIndex.put(session.name, session)
    this.#texts = new BgpTexts(this.#sessionIndex)
  }

  get nodeNames(): string[] {
    return this.nodes.map(({ name }) => name)
  }

  /** The Services that are Herald's to serve. */
  get handled(): ServiceView[] {
    return [...this.services.values()].filter(service => isHandled(service, this.settings.loadBalancerClass))
  }

  /** All objects of the configuration that are refused, or in force but for a part. */
  get refused(): RefusedObject[] {
    return [...this.allocation.refused(), ...this.configuration.refused]
  }

  endpointSlices(serviceKey: string): readonly EndpointSliceView[] {
    return this.#slices.get(serviceKey) ?? []
  }

  endpoints(serviceKey: string): ServiceEndpoints {
    const slices = this.endpointSlices(serviceKey)
    return slices.length === 0 ? NO_ENDPOINTS : serviceEndpoints(slices)
  }

  /** What appraise() and appraiseBgp() ask of the world, but for the index of the protocol. */
  worldOf(service: ServiceView): { endpoints: ServiceEndpoints; loadBalancerClass: string } {
    return { endpoints: this.endpoints(service.key), loadBalancerClass: this.settings.loadBalancerClass }
  }

  /** The first candidates for an address on layer 2, the elected one first, as all speakers work them out. */
  orderOf(address: string): readonly string[] {
    this.#orders ??= this.#elect()
    return this.#orders.get(address) ?? []
  }

  /** How the session of a node with a peer is, in words. */
  sessionOf(node: string, peer: string): ReturnType<SessionIndex['of']> {
    return this.#sessionIndex.of(node, peer)
  }

  /** By address, what BGP is to do: the peers that are told, by node. */
  bgpAnnouncing(service: ServiceView): Map<string, ReadonlyMap<string, readonly string[]>> {
    const appraisal = appraiseBgp(service, { ...this.worldOf(service), index: this.bgp })
    if ('withhold' in appraisal) return new Map()
    const { addresses } = this.#situations.of(appraisal)
    return new Map(appraisal.addresses.map(({ key }, position) => [key, addresses[position]!.peersByNode]))
  }

  /** What the condition `herald.io/Announced` should say; undefined for a Service that is not Herald's. */
  judge(service: ServiceView): Announced | undefined {
    const judgement = judgeAnnouncement(service, {
      ...this.worldOf(service),
      layer2: {
        index: this.layer2,
        nodeNames: this.nodeNames,
        reportsOf: address => this.reports.of(address),
        ownerOf: address => this.orderOf(address)[0],
        nodeReasons: new WeakMap(),
      },
      bgp: { situations: this.#situations, texts: this.#texts },
      refused: this.configuration.refusedAdvertising,
    })
    return judgement === 'untouched' ? undefined : judgement
  }

  #elect(): Map<string, readonly string[]> {
    const claims = this.handled.map(service => {
      const addresses = claimed(appraise(service, { ...this.worldOf(service), index: this.layer2 }))
      return { addresses: addresses.map(({ key, candidates }) => ({ address: key, candidates })) }
    })
    const groups = groupAddresses(claims.filter(({ addresses }) => addresses.length > 0))
    const election = new Election()
    for (const group of groups) election.set(group)
    election.deal()
    return new Map(
      groups.flatMap(({ address, addresses }) => {
        const order = election.orderOf(address)
        return addresses.map(member => [member, order] as const)
      }),
    )
  }
}

function slicesByService(snapshot: Snapshot): Map<string, EndpointSliceView[]> {
  const slices = new Map<string, EndpointSliceView[]>()
  for (const object of objectsOf(snapshot, 'EndpointSlice')) {
    const slice = viewEndpointSlice(object)
    if (slice.serviceKey === undefined) continue
    const list = slices.get(slice.serviceKey)
    if (list) list.push(slice)
    else slices.set(slice.serviceKey, [slice])
  }
  return slices
}

function byKey<T extends { readonly key: string }>(list: T[]): T[] {
  return list.sort((a, b) => (a.key < b.key ? -1 : 1))
}

function compareNames(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1
}
