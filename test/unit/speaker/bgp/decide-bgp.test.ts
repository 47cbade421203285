import assert from 'node:assert/strict'
import type { BgpAdvertisement } from '../../../../src/config/bgp-advertisement.ts'
import type { ServiceEndpoints } from '../../../../src/resources/endpoint-slice.ts'
import { appraiseBgp } from '../../../../src/speaker/bgp/appraise-bgp.ts'
import { BgpIndex } from '../../../../src/speaker/bgp/bgp-index.ts'
import { decideBgp } from '../../../../src/speaker/bgp/decide-bgp.ts'
import type { CandidateRules } from '../../../../src/speaker/node-rules.ts'
import { announcingNodes } from '../../../support/bgp/announcing-nodes.ts'
import { BgpWorld, bgpAdvertisement } from '../../../support/bgp/world.ts'

const LOCAL = { spec: { externalTrafficPolicy: 'Local' } }

describe('decideBgp', () => {
  let world: BgpWorld

  beforeEach(() => {
    world = new BgpWorld()
  })

  /** By node: the peers that it tells, or why none. */
  const judge = (
    key: string,
    { rules, drained = [] }: { rules?: CandidateRules; drained?: string[] } = {},
  ): string | Record<string, string> => {
    const judged = announcingNodes(world.service(key)!, {
      loadBalancerClass: '',
      index: new BgpIndex(world.cluster(), rules && { rules }),
      endpoints: world.endpoints(key),
      nodeNames: world.nodes.map(({ name }) => name),
      isDrained: node => drained.includes(node),
    })
    if ('withhold' in judged) return judged.withhold
    return Object.fromEntries([
      ...[...judged.announcing].map(([node, peers]) => [node.slice(-1), `to ${peers.join(' ')}`]),
      ...[...judged.withheld].map(([node, { withhold }]) => [node.slice(-1), withhold]),
    ])
  }
  const everywhere = (what: string) => ({ a: what, b: what, c: what })

  it('name the reason that holds on every node', () => {
    const rows: {
      what: string
      addresses: string[]
      parts?: object
      endpoints?: ServiceEndpoints
      expected: string
    }[] = [
      { what: 'type', addresses: [], parts: { spec: { type: 'ClusterIP' } }, expected: 'notLoadBalancer' },
      {
        what: 'class',
        addresses: ['192.0.2.1'],
        parts: { spec: { loadBalancerClass: 'x' } },
        expected: 'otherLoadBalancerClass',
      },
      { what: 'address', addresses: [], expected: 'noIPAllocated' },
      { what: 'hostname', addresses: ['example'], expected: 'invalidIP' },
      { what: 'pool', addresses: ['192.0.3.1'], expected: 'ipNotAllowed' },
      {
        what: 'endpoints',
        addresses: ['192.0.2.1'],
        endpoints: { serving: false, nodes: [] },
        expected: 'noEndpoints',
      },
    ]
    for (const { what, addresses, parts, endpoints, expected } of rows) {
      world = new BgpWorld()
      const key = world.put('s', addresses, parts)
      if (endpoints) world.endpointsByService.set(key, endpoints)
      assert.equal(judge(key), expected, what)
    }
  })

  it('announce from every node with the policy Cluster, wherever the endpoints are', () => {
    const key = world.put('s', ['192.0.2.1'])
    world.endpointsByService.set(key, { serving: true, nodes: ['node-b'] })
    assert.deepEqual(judge(key), everywhere('to router'))
  })

  it('announce with the policy Local where an endpoint serves', () => {
    const key = world.put('s', ['192.0.2.1'], LOCAL)
    const rows: { endpoints: ServiceEndpoints; expected: object }[] = [
      {
        endpoints: { serving: true, nodes: ['node-b'] },
        expected: { a: 'noLocalEndpoints', b: 'to router', c: 'noLocalEndpoints' },
      },
      { endpoints: { serving: true, nodes: [] }, expected: everywhere('noLocalEndpoints') },
      {
        endpoints: { serving: true, nodes: ['node-a', 'node-b'], leavingNodes: ['node-a'] },
        expected: { a: 'endpointsTerminating', b: 'to router', c: 'noLocalEndpoints' },
      },
      {
        endpoints: { serving: true, nodes: ['node-a', 'node-b'], leavingNodes: ['node-a', 'node-b'] },
        expected: { a: 'to router', b: 'to router', c: 'noLocalEndpoints' },
      },
    ]
    for (const { endpoints, expected } of rows) {
      world.endpointsByService.set(key, endpoints)
      assert.deepEqual(judge(key), expected)
    }
  })

  it('keep to what the advertisements select', () => {
    const labels = { zone: 'one' }
    const key = world.put('s', ['192.0.2.1'], { metadata: { labels: { app: 'web' } } })
    world.node('node-a', { metadata: { labels } })
    const zone = [{ matchLabels: labels }]
    const rows: { what: string; parts: Partial<BgpAdvertisement>; expected: string | object }[] = [
      { what: 'pool', parts: { poolNames: ['pool'] }, expected: everywhere('to router') },
      { what: 'another pool', parts: { poolNames: ['other'] }, expected: 'noMatchingAdvertisement' },
      { what: 'refused pool', parts: { refusedPools: new Set(['pool']) }, expected: 'noMatchingAdvertisement' },
      {
        what: 'Service',
        parts: { serviceSelectors: [{ matchLabels: { app: 'web' } }] },
        expected: everywhere('to router'),
      },
      {
        what: 'another Service',
        parts: { serviceSelectors: [{ matchLabels: { app: 'db' } }] },
        expected: 'noMatchingAdvertisement',
      },
      {
        what: 'node',
        parts: { nodeSelectors: zone },
        expected: { a: 'to router', b: 'noMatchingAdvertisement', c: 'noMatchingAdvertisement' },
      },
      { what: 'peer', parts: { peers: ['router'] }, expected: everywhere('to router') },
      { what: 'unknown peer', parts: { peers: ['nobody'] }, expected: everywhere('noPeer') },
    ]
    for (const { what, parts, expected } of rows) {
      world.advertisements = [bgpAdvertisement('only', parts)]
      assert.deepEqual(judge(key), expected, what)
    }
    world.advertisements = []
    assert.equal(judge(key), 'noMatchingAdvertisement')
  })

  it("tell each node's own peers", () => {
    world.peers = ({ name }) => (name === 'node-a' ? ['tor-1', 'spine'] : name === 'node-b' ? ['spine'] : [])
    const key = world.put('s', ['192.0.2.1', '2001:db8::1'])
    assert.deepEqual(judge(key), { a: 'to spine tor-1', b: 'to spine', c: 'noPeer' })
    // An address needs a session that carries its family.
    world.families = peer => (peer === 'spine' ? [6] : [4])
    assert.deepEqual(judge(world.put('ipv6', ['2001:db8::2'])), { a: 'to spine', b: 'to spine', c: 'noPeer' })
    assert.deepEqual(judge(world.put('ipv4', ['192.0.2.2'])), { a: 'to tor-1', b: 'noPeer', c: 'noPeer' })
    assert.deepEqual(judge(key), { a: 'to spine tor-1', b: 'to spine', c: 'noPeer' })
    world.advertisements = [bgpAdvertisement('tor', { peers: ['tor-1', 'tor-2'] })]
    assert.deepEqual(judge(key), { a: 'to tor-1', b: 'noPeer', c: 'noPeer' })
  })

  it('leave out nodes that announce nothing at all', () => {
    const key = world.put('s', ['192.0.2.1'])
    world.speakers.delete('node-a')
    world.node('node-b', { status: { conditions: [{ type: 'NetworkUnavailable', status: 'True' }] } })
    world.node('node-c', {
      metadata: { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } },
    })
    assert.deepEqual(judge(key), {
      a: 'speakerNotRegistered',
      b: 'nodeNetworkUnavailable',
      c: 'nodeLabeledExcludeBalancers',
    })
    assert.deepEqual(judge(key, { rules: { ignoreExcludeLabel: true } }), {
      a: 'speakerNotRegistered',
      b: 'nodeNetworkUnavailable',
      c: 'to router',
    })
  })

  describe('with two advertisements', () => {
    const [low, high] = [{ localPreference: 100 }, { localPreference: 200 }]
    const zone = (value: string) => ({ nodeSelectors: [{ matchLabels: { zone: value } }] })
    const rows: { what: string; both: [Partial<BgpAdvertisement>, Partial<BgpAdvertisement>]; conflict: boolean }[] = [
      { what: 'the same local preference', both: [low, low], conflict: false },
      { what: 'another local preference', both: [low, high], conflict: true },
      { what: 'one without', both: [low, {}], conflict: true },
      { what: 'other lengths', both: [low, { ...high, aggregationLength: { 4: 24, 6: 128 } }], conflict: false },
      {
        what: 'other peers',
        both: [
          { ...low, peers: ['router'] },
          { ...high, peers: ['second'] },
        ],
        conflict: false,
      },
      { what: 'a peer in common', both: [low, { ...high, peers: ['second'] }], conflict: true },
      {
        what: 'other nodes',
        both: [
          { ...low, ...zone('one') },
          { ...high, ...zone('two') },
        ],
        conflict: false,
      },
    ]
    for (const { what, both, conflict } of rows) {
      it(`${conflict ? 'refuse' : 'announce'}: ${what}`, () => {
        for (const { name } of world.nodes) world.node(name, { metadata: { labels: { zone: 'one' } } })
        world.peers = () => ['router', 'second']
        world.advertisements = both.map((parts, index) => bgpAdvertisement(`ad-${index}`, parts))
        const judged = judge(world.put('s', ['192.0.2.1']))
        assert.equal(Object.values(judged).includes('conflictingAdvertisements'), conflict)
      })
    }

    it('name both, and the peer', () => {
      world.advertisements = [bgpAdvertisement('elder', low), bgpAdvertisement('younger', high)]
      const index = new BgpIndex(world.cluster())
      const endpoints = { serving: true, nodes: [] }
      const service = world.service(world.put('s', ['192.0.2.1']))!
      const appraisal = appraiseBgp(service, { loadBalancerClass: '', index, endpoints })
      assert.deepEqual(decideBgp(appraisal, { nodeName: 'node-a', index, drained: false }), {
        withhold: 'conflictingAdvertisements',
        conflict: { advertisements: ['elder', 'younger'], peer: 'router' },
      })
    })
  })

  describe('of a node that is being drained', () => {
    const drain = { metadata: { annotations: { 'herald.io/drain': 'true' } } }

    it('announce until its time is over', () => {
      const key = world.put('s', ['192.0.2.1'])
      world.node('node-a', drain)
      assert.deepEqual(judge(key), everywhere('to router'))
      assert.deepEqual(judge(key, { drained: ['node-a'] }), { a: 'nodeDraining', b: 'to router', c: 'to router' })
    })

    it('announce for ever what no other node would', () => {
      const key = world.put('s', ['192.0.2.1'], LOCAL)
      const drained = ['node-a', 'node-b']
      for (const node of drained) world.node(node, drain)
      world.endpointsByService.set(key, { serving: true, nodes: ['node-a'] })
      const alone = { a: 'to router', b: 'noLocalEndpoints', c: 'noLocalEndpoints' }
      assert.deepEqual(judge(key, { drained }), alone)
      // One that only has endpoints which terminate is no other.
      world.endpointsByService.set(key, { serving: true, nodes: ['node-a', 'node-c'], leavingNodes: ['node-c'] })
      assert.deepEqual(judge(key, { drained }), { ...alone, c: 'endpointsTerminating' })
      world.endpointsByService.set(key, { serving: true, nodes: ['node-a', 'node-c'] })
      assert.deepEqual(judge(key, { drained }), { ...alone, a: 'nodeDraining', c: 'to router' })
      // A node without peers is none either.
      world.peers = ({ name }) => (name === 'node-c' ? [] : ['router'])
      assert.deepEqual(judge(key, { drained }), { ...alone, c: 'noPeer' })
    })
  })
})
