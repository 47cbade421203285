import assert from 'node:assert/strict'
import { parseAddressPool } from '../../../src/config/address-pool.ts'
import { type L2AdvertisementResource, parseL2Advertisement } from '../../../src/config/l2-advertisement.ts'
import { judgeAnnouncement } from '../../../src/controller/announced.ts'
import { ANNOUNCED_REASONS } from '../../../src/controller/announced-reasons.ts'
import { ReportIndex } from '../../../src/controller/report-index.ts'
import type { ServiceEndpoints } from '../../../src/resources/endpoint-slice.ts'
import { viewNode } from '../../../src/resources/node.ts'
import { type SpeakerObject, viewSpeaker } from '../../../src/resources/speaker-view.ts'
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
  owner?: string
  loadBalancerClass?: string
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
  const pools = { web: ['192.0.2.0/24'], six: ['2001:db8::/64'] }
  const { facts } = gatherClusterFacts({
    pools: Object.entries(pools).map(([name, addresses]) => [
      name,
      parseAddressPool({ metadata: { name }, spec: { addresses } }),
    ]),
    advertisements: Object.entries(advertisements).map(([name, spec]) => [
      name,
      parseL2Advertisement({ metadata: { name }, spec }),
    ]),
    nodes: Object.entries(nodes).map(([name, labels]) => viewNode({ metadata: { name, labels } })),
    speakers,
  })
  const reports = new ReportIndex()
  for (const speaker of speakers) reports.put(speaker.name, speaker)
  const view = service('shop', { ...parts, status: { loadBalancer: { ingress: addresses.map(ip => ({ ip })) } } })
  return judgeAnnouncement(view, {
    loadBalancerClass,
    index: new CandidateIndex(facts),
    endpoints,
    nodeNames: facts.nodes.keys(),
    reportsOf: address => reports.of(address),
    ownerOf: () => owner,
    nodeReasons: new WeakMap(),
  })
}

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
    message: `192.0.2.1 is in use by the host 02:00:5e:20:00:99, heard by node "b" on eth0 since ${since}`,
    situation: { speakers: { b: { conflicts: [conflict] } } },
  },
  {
    when: 'a foreign host has it, which all nodes hear: the first one counts',
    reason: 'AddressConflict',
    message: `192.0.2.1 is in use by the host 02:00:5e:20:00:99, heard by node "b" on eth0 and 1 more since 2026-01-01T11:00:00Z`,
    situation: {
      speakers: { a: { conflicts: [conflict] }, b: { conflicts: [{ ...conflict, since: '2026-01-01T11:00:00Z' }] } },
    },
  },
  {
    when: 'one address of two is in conflict',
    reason: 'AddressConflict',
    message: `192.0.2.1 is in use by the host 02:00:5e:20:00:99, heard by node "a" on eth0 since ${since}; 2001:db8::1 from node "a" on eth0 since ${since}`,
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
    message: '192.0.2.1: no L2Advertisement applies to the pool "web" and this Service',
    situation: { advertisements: {} },
  },
  {
    when: 'the only advertisement cannot be read',
    reason: 'NoMatchingAdvertisement',
    message: '192.0.2.1: no L2Advertisement applies to the pool "web" and this Service',
    situation: { advertisements: { bad: { nodeSelectors: 'none' } } },
  },
  {
    when: 'one address of two has no advertisement',
    reason: 'NoMatchingAdvertisement',
    message: `192.0.2.1 from node "a" on eth0 since ${since}; 2001:db8::1: no L2Advertisement applies to the pool "six" and this Service`,
    situation: {
      addresses: ['192.0.2.1', '2001:db8::1'],
      advertisements: { web: { ipAddressPools: ['web'] } },
      speakers: { a: announcing('192.0.2.1') },
    },
  },
  {
    when: 'it shares its address and an advertisement selects by label',
    reason: 'SharedAddressWithServiceSelector',
    message: 'the Service shares its address, and the L2Advertisement "x" selects Services by label',
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

describe('the condition Announced', () => {
  for (const { when, reason, message, situation } of conditions) {
    it(`is ${reason} when ${when}`, () => {
      const { status } = ANNOUNCED_REASONS[reason]
      assert.deepEqual(judged(situation), { condition: { status, reason, message } })
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
