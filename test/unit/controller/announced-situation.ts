import { parseAddressPool } from '../../../src/config/address-pool.ts'
import { readScope } from '../../../src/config/advertisement.ts'
import { parseBgpAdvertisement } from '../../../src/config/bgp-advertisement.ts'
import { combineBgpConfig } from '../../../src/config/bgp-config.ts'
import { parseBgpPeer } from '../../../src/config/bgp-peer.ts'
import { type L2AdvertisementResource, parseL2Advertisement } from '../../../src/config/l2-advertisement.ts'
import type { Problem } from '../../../src/config/problem.ts'
import { judgeAnnouncement } from '../../../src/controller/announced.ts'
import { BgpTexts } from '../../../src/controller/announced-bgp.ts'
import type { ANNOUNCED_REASONS } from '../../../src/controller/announced-reasons.ts'
import { BgpSituations } from '../../../src/controller/bgp-situations.ts'
import { refusedAdvertising } from '../../../src/controller/refused-advertising.ts'
import { ReportIndex } from '../../../src/controller/report-index.ts'
import { SessionIndex } from '../../../src/controller/session-index.ts'
import type { ServiceEndpoints } from '../../../src/resources/endpoint-slice.ts'
import { viewNode } from '../../../src/resources/node.ts'
import { type SpeakerObject, viewSpeaker } from '../../../src/resources/speaker-view.ts'
import { bgpFacts } from '../../../src/speaker/bgp/bgp-facts.ts'
import { BgpIndex } from '../../../src/speaker/bgp/bgp-index.ts'
import { CandidateIndex } from '../../../src/speaker/candidate-index.ts'
import { gatherClusterFacts } from '../../../src/speaker/cluster-facts.ts'
import { service } from '../../support/services.ts'

/** What a speaker has reported. */
type Status = NonNullable<SpeakerObject['status']>

/** What the condition is made of, as far as it is not the usual: nodes a and b, one L2Advertisement, endpoints on both. */
export interface Situation {
  addresses?: string[]
  parts?: Parameters<typeof service>[1]
  advertisements?: Record<string, L2AdvertisementResource['spec']>
  endpoints?: ServiceEndpoints
  /** names, with labels */
  nodes?: Record<string, Record<string, string>>
  /** what is not said of a node's speaker: it has registered, with eth0 */
  speakers?: Record<string, Status | null>
  /** nodes that are asked to hand over what they announce */
  draining?: string[]
  owner?: string
  loadBalancerClass?: string
  /** specs of BGPPeers and BGPAdvertisements by name */
  peers?: Record<string, object>
  bgpAdvertisements?: Record<string, object>
  /** by node and peer: the state, or what went wrong last */
  sessions?: Record<string, string>
}

const drain = { 'herald.io/drain': 'true' }
/** What is not said of a BGPPeer. */
const router = { myASN: 64500, peerASN: 64501, peerAddress: '192.0.2.254' }

export const since = '2026-01-01T12:00:00Z'
/** A host that is no node has the address. */
export const conflict = { address: '192.0.2.1', interface: 'eth0', mac: '02:00:5e:20:00:99', since }
/** The label of a node that load balancers are to leave out. */
export const exclude = { 'node.kubernetes.io/exclude-from-external-load-balancers': '' }
export const sharing = { metadata: { annotations: { 'metallb.io/allow-shared-ip': 'key' } } }
export const local = { spec: { externalTrafficPolicy: 'Local' } }
export const teamX = [{ matchLabels: { team: 'x' } }]

/** A situation, and the condition that the Service has in it. */
export interface Example {
  readonly when: string
  readonly reason: keyof typeof ANNOUNCED_REASONS
  readonly message: string
  readonly situation: Situation
}

/** What a speaker has reported that announces an address. */
export function announcing(address: string, interfaces = ['eth0']): Status {
  return { announcements: [{ address, interfaces, since }] }
}

/** What the controller says of the Service `default/shop` in this situation. */
export function judged(situation: Situation) {
  const { addresses = ['192.0.2.1'], parts = {}, advertisements = { all: {} }, nodes = { a: {}, b: {} } } = situation
  const { endpoints = { serving: true, nodes: ['a', 'b'] }, owner, loadBalancerClass = '' } = situation
  const speakers = Object.keys(nodes)
    .filter(name => situation.speakers?.[name] !== null)
    .map(name => {
      const interfaces = [{ name: 'eth0', mac: 'm', addresses: ['192.0.2.200/24', '2001:db8::c8/64'] }]
      return viewSpeaker({ metadata: { name }, status: { interfaces, ...situation.speakers?.[name] } })
    })
  const pools = Object.entries({ web: ['192.0.2.0/24'], six: ['2001:db8::/64'] }).map(([name, addresses]) =>
    parseAddressPool({ metadata: { name }, spec: { addresses } }),
  )
  const layer2 = Object.entries(advertisements).map(([name, spec]) => ({
    name,
    spec,
    parsed: parseL2Advertisement({ metadata: { name }, spec }),
  }))
  const { facts } = gatherClusterFacts({
    pools: pools.map((parsed, index) => [String(index), parsed]),
    advertisements: layer2.map(({ name, parsed }) => [name, parsed]),
    nodes: Object.entries(nodes).map(([name, labels]) =>
      viewNode({ metadata: { name, labels, annotations: situation.draining?.includes(name) ? drain : {} } }),
    ),
    speakers,
  })
  const bgp = Object.entries(situation.bgpAdvertisements ?? {}).map(([name, spec]) => ({
    name,
    spec,
    parsed: parseBgpAdvertisement({ metadata: { name }, spec }),
  }))
  const config = combineBgpConfig({
    peers: Object.entries(situation.peers ?? {}).map(([name, spec]) =>
      parseBgpPeer({ metadata: { name, namespace: 'herald' }, spec: { ...router, ...spec } }),
    ),
    advertisements: bgp.map(({ parsed }) => parsed),
    ...{ profiles: [], communities: [], secrets: [] },
    pools: pools.flatMap(parsed => ('pool' in parsed ? [parsed.pool] : [])),
    nodes: [...facts.nodes.values()],
  })
  const written = ({ name, spec, parsed }: { name: string; spec?: object; parsed: object }) => ({
    ...{ name, scope: readScope(spec) },
    ...('problem' in parsed && { problem: parsed.problem as Problem }),
  })
  const reports = new ReportIndex()
  for (const speaker of speakers) reports.put(speaker.name, speaker)
  const sessions = new SessionIndex()
  for (const [key, word] of Object.entries(situation.sessions ?? {})) {
    const [node = '', peer = ''] = key.split(' ')
    const isState = ['Established', 'Active'].includes(word)
    sessions.put(key, { node, peer, ...(isState ? { state: word } : { state: 'Idle', lastError: word }) })
  }
  const view = service('shop', { ...parts, status: { loadBalancer: { ingress: addresses.map(ip => ({ ip })) } } })
  return judgeAnnouncement(view, {
    loadBalancerClass,
    endpoints,
    layer2: {
      index: new CandidateIndex(facts),
      nodeNames: facts.nodes.keys(),
      reportsOf: address => reports.of(address),
      ownerOf: () => owner,
      nodeReasons: new WeakMap(),
    },
    bgp: {
      situations: new BgpSituations({
        index: new BgpIndex(bgpFacts(facts, config)),
        nodeNames: [...facts.nodes.keys()],
      }),
      texts: new BgpTexts(sessions),
    },
    refused: refusedAdvertising({ layer2: layer2.map(written), bgp: bgp.map(written) }, config),
  })
}
