import assert from 'node:assert/strict'
import { parseAddressPool } from '../../../src/config/address-pool.ts'
import { readScope } from '../../../src/config/advertisement.ts'
import { parseBgpAdvertisement } from '../../../src/config/bgp-advertisement.ts'
import { combineBgpConfig } from '../../../src/config/bgp-config.ts'
import { parseBgpPeer } from '../../../src/config/bgp-peer.ts'
import { type L2AdvertisementResource, parseL2Advertisement } from '../../../src/config/l2-advertisement.ts'
import type { Problem } from '../../../src/config/problem.ts'
import { judgeAnnouncement } from '../../../src/controller/announced.ts'
import { BgpTexts } from '../../../src/controller/announced-bgp.ts'
import { ANNOUNCED_REASONS } from '../../../src/controller/announced-reasons.ts'
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

type Status = NonNullable<SpeakerObject['status']>

interface Situation {
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

const since = '2026-01-01T12:00:00Z'
const conflict = { address: '192.0.2.1', interface: 'eth0', mac: '02:00:5e:20:00:99', since }
const announcing = (address: string, interfaces = ['eth0']): Status => ({
  announcements: [{ address, interfaces, since }],
})

function judged(situation: Situation) {
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

const drain = { 'herald.io/drain': 'true' }
/** What is not said of a BGPPeer. */
const router = { myASN: 64500, peerASN: 64501, peerAddress: '192.0.2.254' }
const exclude = { 'node.kubernetes.io/exclude-from-external-load-balancers': '' }
const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`node-${1_000 + index}`, exclude]))
const sharing = { metadata: { annotations: { 'metallb.io/allow-shared-ip': 'key' } } }
const teamX = [{ matchLabels: { team: 'x' } }]
const local = { spec: { externalTrafficPolicy: 'Local' } }

const conditions: { when: string; reason: keyof typeof ANNOUNCED_REASONS; message: string; situation: Situation }[] = [
  {
    when: 'a node announces it',
    reason: 'Announced',
    message: `192.0.2.1 from node "b" on eth0 since ${since}`,
    situation: { speakers: { b: announcing('192.0.2.1') } },
  },
  {
    when: 'another than the elected node announces it still',
    reason: 'Announced',
    message: `192.0.2.1 from node "b" on eth0, eth1 since ${since}`,
    situation: { owner: 'a', speakers: { b: announcing('192.0.2.1', ['eth0', 'eth1']) } },
  },
  {
    when: 'both families are announced, one by two nodes at the moment',
    reason: 'Announced',
    message: `192.0.2.1 from node "a" on eth0 since ${since} and from node "b" on eth0 since ${since}; 2001:db8::1 from node "b" on eth0 since ${since}`,
    situation: {
      addresses: ['192.0.2.1', '2001:DB8::1'],
      speakers: {
        a: announcing('192.0.2.1'),
        b: { announcements: [...announcing('192.0.2.1').announcements!, ...announcing('2001:db8::1').announcements!] },
      },
    },
  },
  {
    when: 'a foreign host claims what a node announces',
    reason: 'AddressContested',
    message: `192.0.2.1 from node "a" on eth0 since ${since}, but the host 02:00:5e:20:00:99, heard by node "a" on eth0 since ${since} claims it too`,
    situation: { speakers: { a: { ...announcing('192.0.2.1'), conflicts: [conflict] } } },
  },
  {
    when: 'a foreign host has it, which one node hears',
    reason: 'AddressConflict',
    message: `192.0.2.1: it is in use by the host 02:00:5e:20:00:99, heard by node "b" on eth0 since ${since}`,
    situation: { speakers: { b: { conflicts: [conflict] } } },
  },
  {
    when: 'a foreign host has it, which all nodes hear: the first one counts',
    reason: 'AddressConflict',
    message: `192.0.2.1: it is in use by the host 02:00:5e:20:00:99, heard by node "b" on eth0 and 1 more since 2026-01-01T11:00:00Z`,
    situation: {
      speakers: { a: { conflicts: [conflict] }, b: { conflicts: [{ ...conflict, since: '2026-01-01T11:00:00Z' }] } },
    },
  },
  {
    when: 'one address of two is in conflict',
    reason: 'AddressConflict',
    message: `192.0.2.1: it is in use by the host 02:00:5e:20:00:99, heard by node "a" on eth0 since ${since}; 2001:db8::1 from node "a" on eth0 since ${since}`,
    situation: {
      addresses: ['192.0.2.1', '2001:db8::1'],
      speakers: { a: { conflicts: [conflict], ...announcing('2001:db8::1') } },
    },
  },
  {
    when: 'nothing serves, whoever still announces',
    reason: 'NoEndpoints',
    message: 'no endpoint of the Service serves',
    situation: { endpoints: { serving: false, nodes: [] }, speakers: { a: announcing('192.0.2.1') } },
  },
  {
    when: 'there is no advertisement',
    reason: 'NoMatchingAdvertisement',
    message: '192.0.2.1: no L2Advertisement or BGPAdvertisement applies to the pool "web" and this Service',
    situation: { advertisements: {} },
  },
  {
    when: 'the only advertisement cannot be read',
    reason: 'NoMatchingAdvertisement',
    message:
      '192.0.2.1: no L2Advertisement or BGPAdvertisement applies to the pool "web" and this Service; refused: L2Advertisement "bad" (spec.nodeSelectors: must be a list of label selectors)',
    situation: { advertisements: { bad: { nodeSelectors: 'none' } } },
  },
  {
    when: 'one address of two has no advertisement',
    reason: 'NoMatchingAdvertisement',
    message: `192.0.2.1 from node "a" on eth0 since ${since}; 2001:db8::1: no L2Advertisement or BGPAdvertisement applies to the pool "six" and this Service`,
    situation: {
      addresses: ['192.0.2.1', '2001:db8::1'],
      advertisements: { web: { ipAddressPools: ['web'] } },
      speakers: { a: announcing('192.0.2.1') },
    },
  },
  {
    when: 'it shares its address and an advertisement selects by label',
    reason: 'SharedAddressWithServiceSelector',
    message: '192.0.2.1: the Service shares its address, and the L2Advertisement "x" selects Services by label',
    situation: {
      parts: { metadata: { ...sharing.metadata, labels: { team: 'x' } } },
      advertisements: { x: { serviceSelectors: teamX } },
    },
  },
  {
    when: 'each node has a reason of its own',
    reason: 'NoEligibleNode',
    message:
      '192.0.2.1: no node may announce it: noMatchingAdvertisement (d), nodeLabeledExcludeBalancers (a, c), speakerNotRegistered (b)',
    situation: {
      nodes: { c: { ...exclude, front: '' }, a: { ...exclude, front: '' }, b: { front: '' }, d: {} },
      speakers: { b: null },
      advertisements: { front: { nodeSelectors: [{ matchExpressions: [{ key: 'front', operator: 'Exists' }] }] } },
    },
  },
  {
    when: 'a thousand nodes have the same',
    reason: 'NoEligibleNode',
    message:
      '192.0.2.1: no node may announce it: nodeLabeledExcludeBalancers (node-1000, node-1001, node-1002, node-1003, node-1004 and 995 more)',
    situation: { nodes: many },
  },
  {
    when: 'there are no nodes',
    reason: 'NoEligibleNode',
    message: '192.0.2.1: no node may announce it: there is no node',
    situation: { nodes: {} },
  },
  {
    when: 'the policy is Local and the endpoints are where no speaker is',
    reason: 'NoEligibleNode',
    message: '192.0.2.1: no node may announce it: noLocalEndpoints (a), speakerNotRegistered (b)',
    situation: { parts: local, endpoints: { serving: true, nodes: ['b'] }, speakers: { b: null } },
  },
  {
    when: 'nobody has reported yet',
    reason: 'TakeoverPending',
    message: '192.0.2.1: node "a" is to announce it and has not reported so yet',
    situation: { owner: 'a' },
  },
  {
    when: 'the speaker that announced it is marked as expired',
    reason: 'TakeoverPending',
    message: '192.0.2.1: node "a" is to announce it and has not reported so yet',
    situation: { owner: 'a', speakers: { b: { ...announcing('192.0.2.1'), expiredAt: since } } },
  },
  {
    when: 'nobody has reported yet, and it is not known who is elected',
    reason: 'TakeoverPending',
    message: '192.0.2.1: one of 2 nodes is to announce it and has not reported so yet',
    situation: {},
  },
]

/** Announced by BGP alone, by nodes a and b, to two routers. */
const byBgp: Situation = {
  advertisements: {},
  bgpAdvertisements: { all: {} },
  peers: { 'tor-1': {}, 'tor-2': { peerAddress: '192.0.2.253' } },
  sessions: {
    'a tor-1': 'Established',
    'a tor-2': 'Established',
    'b tor-1': 'Established',
    'b tor-2': 'Established',
  },
}
const fromBoth = '192.0.2.1 by BGP from nodes "a", "b" to peers "tor-1", "tor-2"'
const front = [{ matchLabels: { front: '' } }]
const hundred = Array.from({ length: 100 }, (_, index) => `node-${100 + index}`)

conditions.push(
  {
    when: 'all BGP sessions are established',
    reason: 'Announced',
    message: `${fromBoth}: 4 of 4 sessions established`,
    situation: byBgp,
  },
  {
    when: 'one node has one peer',
    reason: 'Announced',
    message: '192.0.2.1 by BGP from node "a" to peer "tor-1": 1 of 1 session established',
    situation: { ...byBgp, nodes: { a: {} }, peers: { 'tor-1': {} } },
  },
  {
    when: 'some BGP sessions are down',
    reason: 'Announced',
    message: `${fromBoth}: 1 of 4 sessions established, down: "tor-1" on b (hold timer expired), "tor-2" on a, b (Active)`,
    situation: {
      ...byBgp,
      sessions: { 'a tor-1': 'Established', 'b tor-1': 'hold timer expired', 'a tor-2': 'Active', 'b tor-2': 'Active' },
    },
  },
  {
    when: 'a hundred nodes announce it',
    reason: 'Announced',
    message:
      '192.0.2.1 by BGP from nodes "node-100", "node-101", "node-102", "node-103", "node-104" and 95 more to peer "tor-1": 50 of 100 sessions established, down: "tor-1" on node-101, node-103, node-105 and 47 more (connection refused)',
    situation: {
      ...byBgp,
      nodes: Object.fromEntries(hundred.map(name => [name, {}])),
      peers: { 'tor-1': {} },
      sessions: Object.fromEntries(
        hundred.map((name, index) => [`${name} tor-1`, index % 2 === 0 ? 'Established' : 'connection refused']),
      ),
    },
  },
  {
    when: 'both protocols announce it',
    reason: 'Announced',
    message: `192.0.2.1 from node "b" on eth0 since ${since} and by BGP from nodes "a", "b" to peers "tor-1", "tor-2": 4 of 4 sessions established`,
    situation: { ...byBgp, advertisements: { all: {} }, speakers: { b: announcing('192.0.2.1') } },
  },
  {
    when: 'layer 2 announces it and no BGP session is established',
    reason: 'Announced',
    message: `192.0.2.1 from node "b" on eth0 since ${since}, but not by BGP: none of the 4 BGP sessions is established: "tor-1" on a, b (not reported yet), "tor-2" on a, b (not reported yet)`,
    situation: { ...byBgp, sessions: {}, advertisements: { all: {} }, speakers: { b: announcing('192.0.2.1') } },
  },
  {
    when: 'BGP announces it and a foreign host has it on the segment',
    reason: 'Announced',
    message: `${fromBoth}: 4 of 4 sessions established, but not by layer 2: it is in use by the host 02:00:5e:20:00:99, heard by node "b" on eth0 since ${since}`,
    situation: { ...byBgp, advertisements: { all: {} }, speakers: { b: { conflicts: [conflict] } } },
  },
  {
    when: 'neither protocol announces it',
    reason: 'NoSession',
    message:
      '192.0.2.1: by layer 2: node "a" is to announce it and has not reported so yet, by BGP: the BGP session is not established: "tor-1" on a (connection refused)',
    situation: {
      ...byBgp,
      ...{ advertisements: { all: {} }, owner: 'a', nodes: { a: {} }, peers: { 'tor-1': {} } },
      sessions: { 'a tor-1': 'connection refused' },
    },
  },
  {
    when: "a router's own words are long and have lines",
    reason: 'NoSession',
    message: `192.0.2.1: the BGP session is not established: "tor-1" on a (x y${'z'.repeat(96)}…)`,
    situation: {
      ...byBgp,
      ...{ nodes: { a: {} }, peers: { 'tor-1': {} } },
      sessions: { 'a tor-1': `x\r\ny${'z'.repeat(1_000)}` },
    },
  },
  {
    when: 'it has an address that no session carries',
    reason: 'NoPeer',
    message: `${fromBoth}: 4 of 4 sessions established; 2001:db8::1: no node has a BGPPeer to tell: noPeer (a, b)`,
    situation: { ...byBgp, addresses: ['192.0.2.1', '2001:db8::1'] },
  },
  {
    when: 'one session carries both families',
    reason: 'Announced',
    message: `${fromBoth}: 4 of 4 sessions established; 2001:db8::1 by BGP from nodes "a", "b" to peer "tor-1": 2 of 2 sessions established`,
    situation: {
      ...byBgp,
      addresses: ['192.0.2.1', '2001:db8::1'],
      peers: { ...byBgp.peers, 'tor-1': { dualStackAddressFamily: true } },
    },
  },
  {
    when: 'no peer selects a node that may announce it',
    reason: 'NoPeer',
    message: '192.0.2.1: no node has a BGPPeer to tell: noPeer (a), nodeLabeledExcludeBalancers (b)',
    situation: { ...byBgp, nodes: { a: {}, b: exclude }, peers: { 'tor-1': { nodeSelectors: front } } },
  },
  {
    when: 'the policy is Local, and nodes with endpoints have no peer or no speaker',
    reason: 'NoEligibleNode',
    message: '192.0.2.1: no node may announce it: noLocalEndpoints (a), noPeer (b)',
    situation: {
      ...byBgp,
      ...{ parts: local, nodes: { a: { front: '' }, b: {} }, endpoints: { serving: true, nodes: ['b'] } },
      peers: { 'tor-1': { nodeSelectors: front } },
    },
  },
  {
    when: 'the policy is Local and one node has endpoints',
    reason: 'Announced',
    message: '192.0.2.1 by BGP from node "b" to peers "tor-1", "tor-2": 2 of 2 sessions established',
    situation: { ...byBgp, parts: local, endpoints: { serving: true, nodes: ['b'] } },
  },
  {
    when: 'one of the nodes is being drained',
    reason: 'Announced',
    message: '192.0.2.1 by BGP from node "a" to peers "tor-1", "tor-2": 2 of 2 sessions established',
    situation: { ...byBgp, draining: ['b'] },
  },
  {
    when: 'two BGPAdvertisements want different preferences',
    reason: 'ConflictingAdvertisements',
    message:
      '192.0.2.1: the BGPAdvertisements "one" and "two" want different values of localPref for the peer "tor-1" on a, b',
    situation: {
      ...byBgp,
      parts: { metadata: { labels: { team: 'x' } } },
      bgpAdvertisements: {
        one: { localPref: 100, serviceSelectors: teamX },
        two: { localPref: 200, serviceSelectors: teamX },
      },
    },
  },
  {
    when: 'it shares its address and only layer 2 cares',
    reason: 'Announced',
    message: `${fromBoth}: 4 of 4 sessions established, but not by layer 2: the Service shares its address, and the L2Advertisement "x" selects Services by label`,
    situation: {
      ...byBgp,
      parts: { metadata: { ...sharing.metadata, labels: { team: 'x' } } },
      advertisements: { x: { serviceSelectors: teamX } },
    },
  },
  {
    when: 'one of its peers is refused',
    reason: 'Announced',
    message:
      '192.0.2.1 by BGP from nodes "a", "b" to peer "tor-1": 2 of 2 sessions established; refused: BGPPeer "tor-2" (spec.passwordSecret: there is no Secret "gone" in the namespace "herald")',
    situation: { ...byBgp, peers: { 'tor-1': {}, 'tor-2': { passwordSecret: { name: 'gone' } } } },
  },
  {
    when: 'its only peer names a profile that is not there',
    reason: 'NoPeer',
    message:
      '192.0.2.1: no node has a BGPPeer to tell: noPeer (a, b); refused: BGPPeer "tor-1" (spec.bfdProfile: there is no valid BFDProfile "fast")',
    situation: { ...byBgp, peers: { 'tor-1': { bfdProfile: 'fast' } } },
  },
  {
    when: 'its only BGPAdvertisement names an alias that is not there',
    reason: 'NoMatchingAdvertisement',
    message:
      '192.0.2.1: no L2Advertisement or BGPAdvertisement applies to the pool "web" and this Service; refused: BGPAdvertisement "all" (spec.communities[0]: "gold" is neither a community nor an alias that a Community object defines)',
    situation: { ...byBgp, bgpAdvertisements: { all: { communities: ['gold'] } } },
  },
  {
    when: 'a BGPAdvertisement and a pool do not agree',
    reason: 'NoMatchingAdvertisement',
    message:
      '192.0.2.1: no L2Advertisement or BGPAdvertisement applies to the pool "web" and this Service; refused: BGPAdvertisement "all" (spec.aggregationLength: invalid aggregation length 20: prefix 24 in this pool is more specific than the aggregation length for addresses 192.0.2.0/24 of the IPAddressPool "web")',
    situation: { ...byBgp, bgpAdvertisements: { all: { aggregationLength: 20 } } },
  },
  {
    when: 'what is refused concerns other pools, Services and advertisements',
    reason: 'Announced',
    message: '192.0.2.1 by BGP from nodes "a", "b" to peer "tor-1": 2 of 2 sessions established',
    situation: {
      ...byBgp,
      peers: { 'tor-1': {}, 'tor-2': { bfdProfile: 'fast' } },
      bgpAdvertisements: {
        all: { peers: ['tor-1'] },
        six: { ipAddressPools: ['six'], communities: ['gold'] },
        x: { serviceSelectors: teamX, communities: ['gold'] },
        unreadable: { nodeSelectors: 7 },
      },
    },
  },
)

describe('the condition Announced', () => {
  for (const { when, reason, message, situation } of conditions) {
    it(`is ${reason} when ${when}`, () => {
      const { status } = ANNOUNCED_REASONS[reason]
      const judgement = judged(situation)
      assert.ok(judgement !== 'untouched')
      assert.deepEqual(judgement.condition, { status, reason, message })
    })
  }

  it('has an example of each reason here', () => {
    const shown = new Set(conditions.map(({ reason }) => reason))
    assert.deepEqual([...shown].sort(), Object.keys(ANNOUNCED_REASONS).sort())
  })

  const none: [when: string, situation: Situation][] = [
    ['the Service is no load balancer', { parts: { spec: { type: 'ClusterIP' } } }],
    ['it has no address', { addresses: [] }],
    ['its address is in no pool', { addresses: ['203.0.113.1'] }],
    ['its status holds no address', { addresses: ['lb.example'] }],
  ]
  for (const [when, situation] of none) {
    it(`is not there when ${when}`, () => assert.deepEqual(judged(situation), {}))
  }

  it('is left alone on Services of another class', () => {
    assert.equal(judged({ parts: { spec: { loadBalancerClass: 'example.com/other' } } }), 'untouched')
    assert.equal(judged({ loadBalancerClass: 'herald.io/ours' }), 'untouched')
  })
})
