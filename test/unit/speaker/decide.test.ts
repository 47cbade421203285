import assert from 'node:assert/strict'
import { poolContains } from '../../../src/config/address-pool.ts'
import { type L2AdvertisementResource, parseL2Advertisement } from '../../../src/config/l2-advertisement.ts'
import type { ServiceEndpoints } from '../../../src/resources/endpoint-slice.ts'
import { type NodeView, viewNode } from '../../../src/resources/node.ts'
import { CandidateIndex } from '../../../src/speaker/candidate-index.ts'
import { type Decision, decide } from '../../../src/speaker/decide.ts'
import { pool, service } from '../../support/services.ts'

const everywhere: ServiceEndpoints = { serving: true, nodes: ['node-a', 'node-b'] }
const pools = [pool('web', ['192.0.2.0/24']), pool('db', ['198.51.100.0/24', '2001:db8::/64'])]

interface Situation {
  spec?: Parameters<typeof service>[1]
  addresses?: string[]
  /** by name */
  advertisements?: Record<string, L2AdvertisementResource['spec']>
  endpoints?: ServiceEndpoints
  nodeName?: string
  nodes?: NodeView[]
  speakers?: string[]
  owner?: string
  loadBalancerClass?: string
  ignoreExcludeLabel?: boolean
}

function decided(situation: Situation): Decision {
  const { spec = {}, addresses = ['192.0.2.1'], advertisements = { all: {} }, endpoints = everywhere } = situation
  const { nodeName = 'node-a', nodes = [node('node-a'), node('node-b')], speakers = ['node-a', 'node-b'] } = situation
  const { owner = 'node-a', loadBalancerClass = '', ignoreExcludeLabel = false } = situation
  const view = service('shop', { ...spec, status: { loadBalancer: { ingress: addresses.map(ip => ({ ip })) } } })
  const index = new CandidateIndex(
    {
      advertisements: Object.entries(advertisements).map(([name, spec]) => {
        const parsed = parseL2Advertisement({ metadata: { name }, spec })
        assert.ok('advertisement' in parsed)
        return parsed.advertisement
      }),
      nodes: new Map(nodes.map(view => [view.name, view])),
      speakers: new Map(speakers.map(name => [name, [{ name: 'eth0', mac: '', addresses: [] }]])),
      poolOf: address => pools.find(candidate => poolContains(candidate, address)),
    },
    { ignoreExcludeLabel },
  )
  return decide(view, { nodeName, loadBalancerClass, index, endpoints, ownerOf: () => owner })
}

function node(name: string, labels: Record<string, string> = {}, networkUnavailable = false): NodeView {
  const conditions = [{ type: 'NetworkUnavailable', status: networkUnavailable ? 'True' : 'False' }]
  return viewNode({ metadata: { name, labels: { host: name, ...labels } }, status: { conditions } })
}

function selecting(labels: Record<string, string>) {
  return [{ matchLabels: labels }]
}

const withheld: { when: string; reason: string; situation: Situation }[] = [
  { when: 'it is no load balancer', reason: 'notLoadBalancer', situation: { spec: { spec: { type: 'NodePort' } } } },
  {
    when: 'its class is another',
    reason: 'otherLoadBalancerClass',
    situation: { spec: { spec: { loadBalancerClass: 'example.com/other' } } },
  },
  { when: 'it lacks our class', reason: 'otherLoadBalancerClass', situation: { loadBalancerClass: 'herald.io/ours' } },
  { when: 'it has no address', reason: 'noIPAllocated', situation: { addresses: [] } },
  { when: 'an address is none', reason: 'invalidIP', situation: { addresses: ['192.0.2.1', '192.0.2.999'] } },
  { when: 'an address is in no pool', reason: 'ipNotAllowed', situation: { addresses: ['203.0.113.1'] } },
  { when: 'nothing serves', reason: 'noEndpoints', situation: { endpoints: { serving: false, nodes: [] } } },
  { when: 'there is no advertisement', reason: 'noMatchingAdvertisement', situation: { advertisements: {} } },
  {
    when: 'advertisements are for other pools',
    reason: 'noMatchingAdvertisement',
    situation: { advertisements: { db: { ipAddressPools: ['db'] } } },
  },
  {
    when: 'advertisements are for other Services',
    reason: 'noMatchingAdvertisement',
    situation: { advertisements: { one: { serviceSelectors: selecting({ team: 'x' }) } } },
  },
  {
    when: 'advertisements are for other nodes',
    reason: 'noMatchingAdvertisement',
    situation: { advertisements: { one: { nodeSelectors: selecting({ host: 'node-b' }) } }, owner: 'node-b' },
  },
  {
    when: 'it shares addresses and an advertisement selects Services',
    reason: 'sharedIPWithServiceSelector',
    situation: {
      spec: { metadata: { annotations: { 'metallb.io/allow-shared-ip': '' }, labels: { team: 'x' } } },
      advertisements: { all: {}, one: { serviceSelectors: selecting({ team: 'x' }) } },
    },
  },
  {
    when: "the node's network is not set up",
    reason: 'nodeNetworkUnavailable',
    situation: { nodes: [node('node-a', {}, true), node('node-b')] },
  },
  {
    when: 'the node is excluded by its label',
    reason: 'nodeLabeledExcludeBalancers',
    situation: { nodes: [node('node-a', { 'node.kubernetes.io/exclude-from-external-load-balancers': '' })] },
  },
  { when: 'the speaker is not registered', reason: 'speakerNotRegistered', situation: { speakers: ['node-b'] } },
  { when: 'the Node is gone', reason: 'speakerNotRegistered', situation: { nodes: [node('node-b')] } },
  {
    when: 'the policy is Local and nothing on the node serves',
    reason: 'noLocalEndpoints',
    situation: {
      spec: { spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } },
      endpoints: { serving: true, nodes: ['node-b'] },
    },
  },
  { when: 'another node is elected', reason: 'notOwner', situation: { owner: 'node-b' } },
]

describe('decision of a speaker', () => {
  for (const { when, reason, situation } of withheld) {
    it(`withholds a Service when ${when}`, () => assert.deepEqual(decided(situation), { withhold: reason }))
  }

  const announced: { when: string; situation: Situation; interfaces?: unknown; addresses?: string[] }[] = [
    { when: 'this node is elected', situation: {} },
    {
      when: 'its class is ours',
      situation: { spec: { spec: { type: 'LoadBalancer', loadBalancerClass: 'x/y' } }, loadBalancerClass: 'x/y' },
    },
    {
      when: 'the exclude label is to be ignored',
      situation: {
        nodes: [node('node-a', { 'node.kubernetes.io/exclude-from-external-load-balancers': 'true' })],
        ignoreExcludeLabel: true,
      },
    },
    {
      when: 'the policy is Local and something on the node serves',
      situation: { spec: { spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } } },
    },
    {
      when: 'it shares addresses and advertisements with selectors are for other Services',
      situation: {
        spec: { metadata: { annotations: { 'metallb.io/allow-shared-ip': 'key' } } },
        advertisements: { all: {}, one: { serviceSelectors: selecting({ team: 'x' }) } },
      },
    },
    {
      when: 'interfaces are named',
      situation: { advertisements: { one: { interfaces: ['eth1', 'eth0'] }, two: { interfaces: ['eth2'] } } },
      interfaces: ['eth0', 'eth1', 'eth2'],
    },
    {
      when: 'one advertisement names interfaces and another none',
      situation: { advertisements: { one: { interfaces: ['eth1'] }, two: {} } },
    },
    {
      when: 'an advertisement for other nodes names other interfaces',
      situation: {
        advertisements: {
          here: { interfaces: ['eth1'], nodeSelectors: selecting({ host: 'node-a' }) },
          there: { nodeSelectors: selecting({ host: 'node-b' }) },
        },
      },
      interfaces: ['eth1'],
    },
    {
      when: 'it is dual stack',
      situation: { addresses: ['198.51.100.7', '2001:DB8:0::7'] },
      addresses: ['198.51.100.7', '2001:db8::7'],
    },
    {
      when: 'only one of its addresses is advertised',
      situation: { addresses: ['192.0.2.1', '2001:db8::7'], advertisements: { web: { ipAddressPools: ['web'] } } },
    },
  ]
  for (const { when, situation, interfaces = 'all', addresses = ['192.0.2.1'] } of announced) {
    it(`announces a Service when ${when}`, () => {
      const decision = decided(situation)
      assert.ok('announce' in decision, 'withhold' in decision ? decision.withhold : '')
      assert.deepEqual(
        decision.announce.map(({ key, interfaces }) => ({ key, interfaces })),
        addresses.map(key => ({ key, interfaces })),
      )
    })
  }
})
