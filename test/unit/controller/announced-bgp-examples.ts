import {
  announcing,
  conflict,
  type Example,
  exclude,
  local,
  type Situation,
  sharing,
  since,
  teamX,
} from './announced-situation.ts'

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

/** Announced, or to be announced, by BGP, alone or beside layer 2. */
export const BGP_EXAMPLES: readonly Example[] = [
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
]
