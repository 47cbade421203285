import assert from 'node:assert/strict'
import { parseBgpAdvertisement } from '../../../src/config/bgp-advertisement.ts'
import { combineBgpConfig } from '../../../src/config/bgp-config.ts'
import { parseBgpPeer } from '../../../src/config/bgp-peer.ts'
import { type AdvertisedByBgp, BgpSituations } from '../../../src/controller/bgp-situations.ts'
import { desiredBgpStatuses } from '../../../src/controller/service-bgp-status.ts'
import { SessionIndex } from '../../../src/controller/session-index.ts'
import { WritePace } from '../../../src/controller/write-pace.ts'
import type { ServiceEndpoints } from '../../../src/resources/endpoint-slice.ts'
import { viewNode } from '../../../src/resources/node.ts'
import { appraiseBgp } from '../../../src/speaker/bgp/appraise-bgp.ts'
import { bgpFacts } from '../../../src/speaker/bgp/bgp-facts.ts'
import { BgpIndex } from '../../../src/speaker/bgp/bgp-index.ts'
import { decideBgp } from '../../../src/speaker/bgp/decide-bgp.ts'
import { pool, service } from '../../support/services.ts'

const everywhere: ServiceEndpoints = { serving: true, nodes: ['a', 'b', 'c'] }
const router = { myASN: 64500, peerASN: 64501 }

/** Three nodes, two routers; the second carries both families and has no session with node c. */
function situations(advertisements: Record<string, object> = { all: {} }) {
  const standing = pool('web', ['192.0.2.0/24', '2001:db8::/64'])
  const nodes = ['a', 'b', 'c'].map(name => viewNode({ metadata: { name, labels: { name } } }))
  const notC = [{ matchExpressions: [{ key: 'name', operator: 'NotIn', values: ['c'] }] }]
  const peers = {
    'tor-1': { ...router, peerAddress: '192.0.2.251' },
    'tor-2': { ...router, peerAddress: '192.0.2.252', dualStackAddressFamily: true, nodeSelectors: notC },
  }
  const config = combineBgpConfig({
    peers: Object.entries(peers).map(([name, spec]) => parseBgpPeer({ metadata: { name }, spec })),
    advertisements: Object.entries(advertisements).map(([name, spec]) =>
      parseBgpAdvertisement({ metadata: { name }, spec }),
    ),
    ...{ profiles: [], communities: [], secrets: [], pools: [standing], nodes },
  })
  const facts = {
    advertisements: [],
    nodes: new Map(nodes.map(node => [node.name, node])),
    speakers: new Map(nodes.map(({ name }) => [name, []])),
    poolOf: () => standing,
  }
  const index = new BgpIndex(bgpFacts(facts, config))
  const found = new BgpSituations({ index, nodeNames: ['a', 'b', 'c'] })
  const world = (endpoints = everywhere) => ({ index: found.index, endpoints, loadBalancerClass: '' })
  const view = (addresses: string[], policy = 'Cluster') =>
    service('shop', {
      spec: { externalTrafficPolicy: policy },
      status: { loadBalancer: { ingress: addresses.map(ip => ({ ip })) } },
    })
  const of = (addresses: string[], policy = 'Cluster', endpoints = everywhere) =>
    found.of(appraiseBgp(view(addresses, policy), world(endpoints)) as AdvertisedByBgp)
  return { of, world, view }
}

const nodesOf = ({ nodes }: { nodes: readonly { node: string; peers: readonly string[] }[] }) =>
  nodes.map(({ node, peers }) => `${node}: ${peers.join(' ')}`)

describe('the situations of BGP', () => {
  it('are who announces to whom, by address and over all', () => {
    const { of } = situations()
    const situation = of(['192.0.2.1', '2001:db8::1'])
    const [four, six] = situation.addresses.map(({ peersByNode }) => Object.fromEntries(peersByNode))
    assert.deepEqual(four, { a: ['tor-1', 'tor-2'], b: ['tor-1', 'tor-2'], c: ['tor-1'] })
    assert.deepEqual(six, { a: ['tor-2'], b: ['tor-2'] }, 'only sessions that carry IPv6')
    assert.deepEqual(nodesOf(situation), ['a: tor-1 tor-2', 'b: tor-1 tor-2', 'c: tor-1'])
    assert.deepEqual([...situation.addresses[1]!.withheld()], [['c', { withhold: 'noPeer' }]])
  })

  it('say the same as the speakers', () => {
    const { of, world, view } = situations({ one: { peers: ['tor-1'] }, two: { peers: ['tor-2'] } })
    for (const [policy, endpoints] of [
      ['Cluster', everywhere],
      ['Local', { serving: true, nodes: ['b', 'c'] }],
      ['Local', { serving: true, nodes: ['a', 'b'], leavingNodes: ['b'] }],
    ] as const) {
      const appraisal = appraiseBgp(view(['192.0.2.1'], policy), world(endpoints))
      const [address] = of(['192.0.2.1'], policy, endpoints).addresses
      for (const nodeName of ['a', 'b', 'c']) {
        const decision = decideBgp(appraisal, { nodeName, index: world().index, drained: false })
        if ('withhold' in decision) assert.deepEqual(address?.withheld().get(nodeName), decision)
        else {
          const peers = new Set(decision.announce.flatMap(({ plan }) => plan.peers))
          assert.deepEqual(address?.peersByNode.get(nodeName), [...peers].sort())
        }
      }
    }
  })

  it('are one object for Services to which the same applies', () => {
    const { of } = situations()
    assert.equal(of(['192.0.2.1']), of(['192.0.2.200']))
    assert.notEqual(of(['192.0.2.1']), of(['2001:db8::1']))
    assert.equal(of(['192.0.2.1'], 'Local'), of(['192.0.2.2'], 'Local'))
    const others = { serving: true, nodes: ['b'] }
    assert.equal(of(['192.0.2.1'], 'Cluster', others), of(['192.0.2.1']), 'endpoints matter to Local alone')
    assert.notEqual(of(['192.0.2.1'], 'Local', others), of(['192.0.2.1'], 'Local'))
    assert.equal(of(['192.0.2.1']).nodesText, 'a:tor-1/tor-2 b:tor-1/tor-2 c:tor-1')
  })

  it('give one ServiceBGPStatus for each node', () => {
    const { of } = situations()
    const names = { serviceName: 'shop', serviceNamespace: 'default' }
    assert.deepEqual(desiredBgpStatuses(service('shop'), of(['192.0.2.1'], 'Local', { serving: true, nodes: ['c'] })), [
      { node: 'c', ...names, peers: ['tor-1'] },
    ])
    assert.deepEqual(desiredBgpStatuses(service('shop'), undefined), [])
  })
})

describe('the index of BGP sessions', () => {
  const idle = { node: 'a', peer: 'p', state: 'Idle' }

  it('says what there is to say, and whether that is another thing than before', () => {
    const index = new SessionIndex()
    const steps: [what: string, session: Parameters<SessionIndex['put']>[1], changed: boolean, why: string][] = [
      ['nothing', undefined, false, 'not reported yet'],
      ['idle', idle, true, 'Idle'],
      ['idle again', { ...idle }, false, 'Idle'],
      ['an error', { ...idle, lastError: 'refused' }, true, 'refused'],
      ['the same error in another state', { ...idle, state: 'Connect', lastError: 'refused' }, false, 'refused'],
      ['established', { ...idle, state: 'Established', lastError: 'refused' }, true, ''],
      ['established after another error', { ...idle, state: 'Established', lastError: 'reset' }, false, ''],
      ['gone', undefined, true, 'not reported yet'],
    ]
    for (const [what, session, changed, why] of steps) {
      const { revision } = index
      assert.equal(index.put('key', session), changed, what)
      assert.equal(index.revision !== revision, changed, what)
      assert.deepEqual(index.of('a', 'p'), { established: session?.state === 'Established', why }, what)
    }
  })

  it('keeps sessions of nodes and peers apart, and what an object says to itself', () => {
    const index = new SessionIndex()
    index.put('1', { ...idle, state: 'Established' })
    assert.equal(index.of('a', 'q').established, false)
    assert.equal(index.of('b', 'p').established, false)
    assert.equal(index.put('1', { ...idle, peer: 'q', state: 'Established' }), true)
    assert.deepEqual([index.of('a', 'p').established, index.of('a', 'q').established], [false, true])
    index.put('2', { ...idle, peer: 'q' })
    index.put('1', undefined)
    assert.equal(index.of('a', 'q').why, 'Idle', 'the last to speak counts, and stays when another goes')
  })
})

describe('the pace of writes', () => {
  it('waits for what differs to last, and forgets what does not', () => {
    const pace = new WritePace({ pacedEveryMs: 50 })
    assert.equal(pace.waitMs('a', 1_000, { delayMs: 2_000 }), 2_000)
    assert.equal(pace.waitMs('a', 2_500, { delayMs: 2_000 }), 500)
    pace.settled('a')
    assert.equal(pace.waitMs('a', 2_600, { delayMs: 2_000 }), 2_000)
    assert.ok(pace.waitMs('a', 4_600, { delayMs: 2_000 }) <= 0)
  })

  it('lets paced writes take turns, and others pass', () => {
    const pace = new WritePace({ pacedEveryMs: 50 })
    const paced = (key: string, nowMs: number) => pace.waitMs(key, nowMs, { delayMs: 100, paced: true })
    assert.deepEqual([paced('a', 0), paced('b', 0), paced('c', 0)], [100, 100, 100])
    assert.deepEqual([paced('a', 100), paced('b', 100), paced('c', 100)], [0, 50, 100])
    assert.equal(pace.waitMs('d', 100, { delayMs: 0 }), 0)
    assert.equal(paced('c', 200), 0, 'a turn is kept')
    pace.settled('a')
    assert.deepEqual([paced('a', 1_000), paced('a', 1_100)], [100, 0], 'after a quiet time the first is at once')
  })
})
