import assert from 'node:assert/strict'
import { NO_ENDPOINTS } from '../../../../src/resources/endpoint-slice.ts'
import { BgpDecisions } from '../../../../src/speaker/bgp/bgp-decisions.ts'
import { BgpWorld, bgpAdvertisement, toldOf } from '../../../support/bgp/world.ts'
import { transitions } from '../../../support/service-world.ts'

const LOCAL = { spec: { externalTrafficPolicy: 'Local' } }
const GRACEFUL_SHUTDOWN = 0xffff0000

describe('BgpDecisions', () => {
  let world: BgpWorld
  let decisions: BgpDecisions
  let nowMs: number

  beforeEach(() => {
    world = new BgpWorld()
    nowMs = 0
    restart()
  })

  const restart = () => {
    decisions = new BgpDecisions({ sources: world }, { nodeName: 'node-a', drainWithdrawAfterMs: 1_000 })
  }
  const told = (peer = 'router') => toldOf(decisions.settle(nowMs).routes.get(peer))

  it('follow a Service from its beginning to its end', () => {
    assert.deepEqual(told(), {})
    const key = world.put('s', ['192.0.2.1', '2001:db8::1'])
    decisions.touch(key)
    assert.deepEqual(told(), { '192.0.2.1/32': {}, '2001:db8::1/128': {} })
    decisions.touch(world.put('s', ['192.0.2.2']))
    assert.deepEqual(told(), { '192.0.2.2/32': {} })
    decisions.touch(world.put('s', ['192.0.2.2'], { spec: { type: 'ClusterIP' } }))
    assert.deepEqual(told(), {})
    decisions.touch(world.put('s', ['192.0.2.2']))
    assert.deepEqual(told(), { '192.0.2.2/32': {} })
    world.services.clear()
    decisions.touch(key)
    assert.deepEqual(told(), {})
    assert.equal(decisions.decisionOf(key), undefined)
  })

  it('tell of each transition once', () => {
    const words = () => transitions(decisions.settle(nowMs).changes)
    const key = world.put('s', ['192.0.2.1'])
    assert.deepEqual(words(), ['serviceDeleted → announce'])
    decisions.touch(key)
    assert.deepEqual(words(), [])
    world.endpointsByService.set(key, NO_ENDPOINTS)
    decisions.touch(key)
    assert.deepEqual(words(), ['announce → noEndpoints'])
    world.services.delete(key)
    decisions.touch(key)
    assert.deepEqual(words(), ['noEndpoints → serviceDeleted'])
    decisions.touch('default/never-there')
    assert.deepEqual(words(), [])
  })

  it('cost one Service when one Service changed', () => {
    for (let last = 1; last <= 100; last++) world.put(`s${last}`, [`192.0.2.${last}`])
    const { routes } = decisions.settle(nowMs)
    world.reads = 0
    decisions.touch('default/s7')
    assert.equal(decisions.settle(nowMs).routes, routes)
    assert.equal(world.reads, 1)
    world.endpointsByService.set('default/s7', NO_ENDPOINTS)
    decisions.touch('default/s7')
    const differences = [...decisions.settle(nowMs).routes.get('router')!.differencesFrom(routes.get('router')!)]
    assert.deepEqual(
      differences.map(({ key, after }) => [key, after]),
      [['192.0.2.7/32', undefined]],
    )
  })

  it('keep every object that says the same when the world is looked at anew', () => {
    world.put('s', ['192.0.2.1'])
    const before = decisions.settle(nowMs).routes.get('router')
    world.advertisements = [bgpAdvertisement('all'), bgpAdvertisement('more', { peers: ['nobody'] })]
    decisions.touchWorld()
    assert.equal(decisions.settle(nowMs).routes.get('router'), before)
  })

  it('give peers with the same rules the same set, and routes with the same attributes the same object', () => {
    world.peers = () => ['one', 'two', 'three']
    world.advertisements = [
      bgpAdvertisement('all', { communities: [1] }),
      bgpAdvertisement('third', { peers: ['three'], communities: [2] }),
    ]
    world.put('s', ['192.0.2.1'])
    world.put('t', ['192.0.2.2'])
    const { routes } = decisions.settle(nowMs)
    assert.equal(routes.get('one'), routes.get('two'))
    assert.deepEqual(toldOf(routes.get('one')), {
      '192.0.2.1/32': { communities: [1] },
      '192.0.2.2/32': { communities: [1] },
    })
    assert.deepEqual(told('three')['192.0.2.1/32'], { communities: [1, 2] })
    const sets = new Set([...routes.get('one')!].map(([, { attributes }]) => attributes))
    assert.equal(sets.size, 1)
  })

  it('forget a peer that the node does not have any more', () => {
    world.put('s', ['192.0.2.1'])
    world.peers = () => ['router', 'second']
    assert.deepEqual(Object.keys(told('second')), ['192.0.2.1/32'])
    world.peers = () => ['router']
    decisions.touchWorld()
    assert.deepEqual([...decisions.settle(nowMs).routes.keys()], ['router'])
  })

  it('announce although this node is not registered: the process itself knows better', () => {
    world.put('s', ['192.0.2.1'])
    world.speakers.clear()
    assert.deepEqual(told(), { '192.0.2.1/32': {} })
  })

  describe('with prefixes', () => {
    it('announce each length of each advertisement', () => {
      world.advertisements = [
        bgpAdvertisement('hosts', { localPreference: 100, communities: [1] }),
        bgpAdvertisement('nets', { localPreference: 50, aggregationLength: { 4: 24, 6: 64 } }),
      ]
      world.put('s', ['192.0.2.1', '2001:db8::1'])
      assert.deepEqual(told(), {
        '192.0.2.1/32': { localPreference: 100, communities: [1] },
        '192.0.2.0/24': { localPreference: 50 },
        '2001:db8::1/128': { localPreference: 100, communities: [1] },
        '2001:db8::/64': { localPreference: 50 },
      })
    })

    it('keep one while any of its Services announces it', () => {
      world.advertisements = [bgpAdvertisement('nets', { aggregationLength: { 4: 24, 6: 64 } })]
      const keys = [
        world.put('one', ['192.0.2.1']),
        world.put('two', ['192.0.2.2']),
        world.put('shared', ['192.0.2.2']),
      ]
      for (const key of keys) {
        assert.deepEqual(told(), { '192.0.2.0/24': {} })
        world.endpointsByService.set(key, NO_ENDPOINTS)
        decisions.touch(key)
      }
      assert.deepEqual(told(), {})
    })

    it('unite what the advertisements of several Services say of one', () => {
      const large = (localData2: number) => ({ globalAdministrator: 1, localData1: 2, localData2 })
      world.advertisements = [
        bgpAdvertisement('web', {
          serviceSelectors: [{ matchLabels: { app: 'web' } }],
          communities: [2, 3],
          largeCommunities: [large(4)],
          localPreference: 100,
        }),
        bgpAdvertisement('dns', {
          serviceSelectors: [{ matchLabels: { app: 'dns' } }],
          communities: [1, 2],
          largeCommunities: [large(3), large(4)],
          localPreference: 200,
        }),
      ]
      const web = world.put('web', ['192.0.2.1'], { metadata: { labels: { app: 'web' } } })
      world.put('dns', ['192.0.2.1'], { metadata: { labels: { app: 'dns' } } })
      assert.deepEqual(told(), {
        '192.0.2.1/32': { localPreference: 200, communities: [1, 2, 3], largeCommunities: [large(3), large(4)] },
      })
      world.services.delete(web)
      decisions.touch(web)
      assert.deepEqual(told(), {
        '192.0.2.1/32': { localPreference: 200, communities: [1, 2], largeCommunities: [large(3), large(4)] },
      })
    })
  })

  describe('with weights', () => {
    const weighted = bgpAdvertisement('weighted', { weighted: true })

    it('count the ready endpoints on the node with the policy Local', () => {
      world.advertisements = [weighted]
      const key = world.put('s', ['192.0.2.1'], LOCAL)
      world.ready.set(`${key} node-a`, 3)
      assert.deepEqual(told(), { '192.0.2.1/32': { weight: 3 } })
      world.ready.set(`${key} node-a`, 5)
      decisions.touch(key)
      assert.deepEqual(told(), { '192.0.2.1/32': { weight: 5 } })
    })

    it('never fall to nothing while the last endpoints terminate', () => {
      world.advertisements = [weighted]
      const key = world.put('s', ['192.0.2.1'], LOCAL)
      world.ready.set(`${key} node-a`, 0)
      world.endpointsByService.set(key, { serving: true, nodes: ['node-a'], leavingNodes: ['node-a'] })
      assert.deepEqual(told(), { '192.0.2.1/32': { weight: 1 } })
    })

    it('are the same from every node with the policy Cluster', () => {
      world.advertisements = [weighted]
      const key = world.put('s', ['192.0.2.1'])
      world.ready.set(`${key} node-a`, 3)
      assert.deepEqual(told(), { '192.0.2.1/32': { weight: 1 } })
    })

    it('add up over the Services of a prefix', () => {
      world.advertisements = [bgpAdvertisement('nets', { weighted: true, aggregationLength: { 4: 24, 6: 64 } })]
      const keys = ['one', 'two'].map((name, index) => world.put(name, [`192.0.2.${index}`], LOCAL))
      for (const key of keys) world.ready.set(`${key} node-a`, 3)
      assert.deepEqual(told(), { '192.0.2.0/24': { weight: 6 } })
      world.endpointsByService.set(keys[0]!, NO_ENDPOINTS)
      decisions.touch(keys[0]!)
      assert.deepEqual(told(), { '192.0.2.0/24': { weight: 3 } })
    })

    it('are told to those peers alone that an advertisement wants to know', () => {
      world.peers = () => ['router', 'second']
      world.advertisements = [
        bgpAdvertisement('all'),
        bgpAdvertisement('second', { weighted: true, peers: ['second'] }),
      ]
      const key = world.put('s', ['192.0.2.1'], LOCAL)
      world.ready.set(`${key} node-a`, 3)
      assert.deepEqual(told(), { '192.0.2.1/32': {} })
      assert.deepEqual(told('second'), { '192.0.2.1/32': { weight: 3 } })
    })
  })

  describe('with the policy Local', () => {
    const at = (ms: number, nodes?: string[], leavingNodes: string[] = []): [string[], number | undefined] => {
      nowMs = ms
      if (nodes) {
        world.endpointsByService.set('default/s', { serving: true, nodes, leavingNodes })
        decisions.touch('default/s')
      }
      const { routes, dueMs } = decisions.settle(nowMs)
      return [[...routes.get('router')!].map(([key]) => key), dueMs]
    }
    const announced = ['192.0.2.1/32']

    beforeEach(() => {
      world.put('s', ['192.0.2.1'], LOCAL)
    })

    it('wait for the kube-proxy of a node that begins to serve while others do', () => {
      assert.deepEqual(at(0, ['node-b']), [[], undefined])
      assert.deepEqual(at(100, ['node-a', 'node-b']), [[], 1_600])
      assert.deepEqual(decisions.decisionOf('default/s'), { withhold: 'endpointsNew' })
      assert.deepEqual(at(1_599), [[], 1_600])
      assert.deepEqual(at(1_600), [announced, undefined])
      // A node that is away for a moment is new when it comes back.
      assert.deepEqual(at(2_000, ['node-b']), [[], undefined])
      assert.deepEqual(at(2_100, ['node-a', 'node-b']), [[], 3_600])
    })

    it('do not wait when there is nobody else', () => {
      assert.deepEqual(at(0, ['node-a']), [announced, undefined])
      assert.deepEqual(at(100, ['node-b']), [[], undefined])
      assert.deepEqual(at(200, ['node-a']), [announced, undefined])
      assert.deepEqual(at(300, ['node-b']), [[], undefined])
      assert.deepEqual(at(400, ['node-a', 'node-b']), [[], 1_900])
      assert.deepEqual(at(500, ['node-a']), [announced, undefined])
    })

    it('go on announcing what terminates here until another node surely announces', () => {
      assert.deepEqual(at(0, ['node-a']), [announced, undefined])
      assert.deepEqual(at(100, ['node-a', 'node-b'], ['node-a']), [announced, 2_100])
      assert.deepEqual(at(2_099), [announced, 2_100])
      assert.deepEqual(at(2_100), [[], undefined])
      assert.deepEqual(decisions.decisionOf('default/s'), { withhold: 'endpointsTerminating' })
    })

    it('start with what is there', () => {
      assert.deepEqual(at(0, ['node-a', 'node-b']), [announced, undefined])
    })
  })

  describe('on a node that is being drained', () => {
    const drain = () => {
      world.node('node-a', { metadata: { annotations: { 'herald.io/drain': 'true' } } })
      decisions.touchWorld()
    }
    const marked = { localPreference: 0, communities: [GRACEFUL_SHUTDOWN] }

    it('mark the routes, then withdraw those that others announce, and come back', () => {
      world.put('s', ['192.0.2.1'])
      const alone = world.put('alone', ['192.0.2.2'], LOCAL)
      world.endpointsByService.set(alone, { serving: true, nodes: ['node-a'] })
      told()
      drain()
      nowMs = 500
      assert.equal(decisions.settle(nowMs).dueMs, 1_500)
      assert.deepEqual(told(), { '192.0.2.1/32': marked, '192.0.2.2/32': marked })
      nowMs = 1_499
      assert.deepEqual(Object.keys(told()).sort(), ['192.0.2.1/32', '192.0.2.2/32'])
      nowMs = 1_500
      assert.equal(decisions.settle(nowMs).dueMs, undefined)
      assert.deepEqual(told(), { '192.0.2.2/32': marked })
      assert.deepEqual(decisions.decisionOf('default/s'), { withhold: 'nodeDraining' })
      world.endpointsByService.set(alone, { serving: true, nodes: ['node-a', 'node-b'] })
      decisions.touch(alone)
      assert.deepEqual(told(), { '192.0.2.2/32': marked }, 'the other node has only just begun to serve')
      nowMs = 3_500
      assert.deepEqual(told(), {})
      world.node('node-a', {})
      decisions.touchWorld()
      assert.deepEqual(told(), { '192.0.2.1/32': {}, '192.0.2.2/32': {} })
    })

    it('begin where they would end when the speaker starts on it', () => {
      world.put('s', ['192.0.2.1'])
      restart()
      drain()
      assert.deepEqual(told(), {})
    })
  })
})
