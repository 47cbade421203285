import assert from 'node:assert/strict'
import { AdvertisingConfiguration } from '../../../src/bin/controller/advertising-configuration.ts'
import { AnnouncedController, addressesOf } from '../../../src/bin/controller/announced-controller.ts'
import { BY_ADDRESS, BY_SERVICE } from '../../../src/bin/controller/announced-world.ts'
import { ANNOUNCED } from '../../../src/controller/conditions.ts'
import { Reconciler } from '../../../src/kubernetes/reconciler.ts'
import { serviceStatusPatch } from '../../../src/kubernetes/status-writer.ts'
import { Store } from '../../../src/kubernetes/store.ts'
import {
  type BgpSessionState,
  type BgpSessionView,
  viewBgpSessionStatus,
} from '../../../src/resources/bgp-session-status.ts'
import { type EndpointSliceView, viewEndpointSlice } from '../../../src/resources/endpoint-slice.ts'
import { viewNode } from '../../../src/resources/node.ts'
import type { Condition, ServiceView } from '../../../src/resources/service.ts'
import { type SpeakerObject, type SpeakerView, viewSpeaker } from '../../../src/resources/speaker-view.ts'
import { AdvertisingObjects } from '../../support/advertising-stores.ts'
import { FakeClock } from '../../support/io/fake-clock.ts'
import { MemoryLogger } from '../../support/kubernetes/driven.ts'
import { pool, service } from '../../support/services.ts'

describe('the condition Announced, over time', () => {
  let clock: FakeClock
  let objects: AdvertisingObjects
  let stores: {
    services: Store<ServiceView>
    endpointSlices: Store<EndpointSliceView>
    speakers: Store<SpeakerView>
    bgpSessions: Store<BgpSessionView>
  } & Pick<AdvertisingObjects, 'nodes' | 'pools' | 'advertisements'>
  let controller: AnnouncedController
  let reconciler: Reconciler
  let looked: string[]
  let written: string[]
  let events: string[]
  /** Services of which the nodes or peers of BGP have changed */
  let byBgp: string[]
  let version: number
  /** what the next write comes to instead of being carried out */
  let refuseWrites: 'conflict' | undefined
  let allocating: boolean

  beforeEach(() => {
    clock = new FakeClock()
    objects = new AdvertisingObjects()
    stores = {
      services: new Store({ indexes: { [BY_ADDRESS]: addressesOf } }),
      endpointSlices: new Store({ indexes: { [BY_SERVICE]: ({ serviceKey }) => (serviceKey ? [serviceKey] : []) } }),
      nodes: objects.nodes,
      pools: objects.pools,
      advertisements: objects.advertisements,
      speakers: new Store(),
      bgpSessions: new Store(),
    }
    looked = []
    written = []
    events = []
    byBgp = []
    version = 1
    refuseWrites = undefined
    allocating = false
    controller = new AnnouncedController(
      {
        stores,
        configuration: new AdvertisingConfiguration({
          stores: objects,
          standingPools: () => [pool('p', ['192.0.2.0/24'])],
        }),
        clock,
        logger: new MemoryLogger(),
        nowText: () => new Date(clock.now()).toISOString(),
        enqueue: (keys, delayMs = 0) => {
          for (const key of keys) reconciler.enqueueAfter(key, delayMs)
        },
        statusWriter: {
          async writeService(view, { conditions = {} }) {
            if (refuseWrites) return refuseWrites
            assert.ok(serviceStatusPatch(view, { conditions }), 'a write that changes nothing')
            const condition = conditions[ANNOUNCED]
            const whole = stores.services.get(`${view.namespace}/${view.name}`)!
            written.push(`${whole.key} ${condition?.reason ?? 'none'}`)
            const others = view.conditions.filter(({ type }) => type !== ANNOUNCED)
            const next: Condition[] = condition ? [...others, condition] : others
            put(view.name, { ...whole, conditions: next })
            return 'written'
          },
        },
        recordEvent: ({ key }, { type, reason }) => events.push(`${key} ${type} ${reason}`),
        allocating: () => allocating,
        onReported: () => {},
        onAnnouncingByBgp: keys => byBgp.push(...keys),
      },
      { loadBalancerClass: '', candidateRules: {} },
    )
    reconciler = new Reconciler(
      { clock, random: () => 0, logger: new MemoryLogger(), sources: [] },
      {
        name: 'announced',
        keys: () => stores.services.keys(),
        reconcile: (key, signal) => {
          looked.push(key)
          return controller.reconcile(key, signal)
        },
      },
    )
    stores.nodes.upsert('a', '1', viewNode({ metadata: { name: 'a' } }))
    stores.nodes.upsert('b', '1', viewNode({ metadata: { name: 'b' } }))
    const spec = { addresses: ['192.0.2.0/24'] }
    const view = { namespace: 'h', name: 'p', uid: 'u', resourceVersion: '1', metadata: { name: 'p' }, spec }
    stores.pools.upsert('h/p', '1', view)
    objects.put('L2Advertisement', 'all')
    report('a')
    report('b')
  })

  afterEach(async () => {
    controller.stop()
    await reconciler.stop()
    assert.equal(clock.pendingTimers, 0)
  })

  const put = (name: string, view: ServiceView) => {
    const resourceVersion = String(++version)
    stores.services.upsert(`default/${name}`, resourceVersion, { ...view, resourceVersion })
  }
  const addressed = (name: string, ip: string, conditions: Condition[] = []) => {
    const slice = { metadata: { namespace: 'default', name, labels: { 'kubernetes.io/service-name': name } } }
    stores.endpointSlices.upsert(
      name,
      String(++version),
      viewEndpointSlice({ ...slice, endpoints: [{ nodeName: 'a' }] }),
    )
    put(name, service(name, { status: { loadBalancer: { ingress: [{ ip }] }, conditions } }))
  }
  const report = (node: string, status: SpeakerObject['status'] = {}) => {
    const interfaces = [{ name: 'eth0', mac: 'm', addresses: [] }]
    stores.speakers.upsert(
      node,
      String(++version),
      viewSpeaker({ metadata: { name: node }, status: { interfaces, ...status } }),
    )
  }
  const announcing = (...addresses: string[]) => ({
    announcements: addresses.map(address => ({ address, interfaces: ['eth0'] })),
  })
  const begin = async () => {
    controller.start()
    reconciler.start()
    await clock.advanceAsync(0)
  }
  const shownOf = (name: string) =>
    stores.services.get(`default/${name}`)?.conditions.find(({ type }) => type === ANNOUNCED)

  it('is written once for a new Service whose node reports in time', async () => {
    await begin()
    addressed('web', '192.0.2.1')
    await clock.advanceAsync(1_900)
    assert.deepEqual(written, [])
    report('a', announcing('192.0.2.1'))
    await clock.advanceAsync(10_000)
    assert.deepEqual(written, ['default/web Announced'])
    assert.deepEqual(events, [])
  })

  it('says after two seconds why not, and at once when all is well', async () => {
    await begin()
    addressed('web', '192.0.2.1')
    await clock.advanceAsync(2_000)
    assert.deepEqual(written, ['default/web TakeoverPending'])
    assert.deepEqual(Object.fromEntries(controller.unannounced), { TakeoverPending: 1 })
    report('b', announcing('192.0.2.1'))
    await clock.advanceAsync(0)
    assert.equal(shownOf('web')?.reason, 'Announced')
    assert.equal(controller.unannounced.size, 0)
  })

  it('leaves the API server to those that wait for an address, but for good news', async () => {
    await begin()
    addressed('web', '192.0.2.1')
    addressed('lonely', '192.0.2.2')
    allocating = true
    await clock.advanceAsync(10_000)
    report('b', announcing('192.0.2.1'))
    await clock.advanceAsync(10_000)
    assert.deepEqual(written, ['default/web Announced'])
    allocating = false
    await clock.advanceAsync(500)
    assert.deepEqual(written.slice(1), ['default/lonely TakeoverPending'])
  })

  it('costs one write for a hand-over, in whatever order the two reports come, and keeps its time', async () => {
    await begin()
    addressed('web', '192.0.2.1')
    report('a', announcing('192.0.2.1'))
    await clock.advanceAsync(0)
    const since = shownOf('web')?.lastTransitionTime
    for (const [first, second] of [
      [() => report('a'), () => report('b', announcing('192.0.2.1'))],
      [() => report('a', announcing('192.0.2.1')), () => report('b')],
    ] as const) {
      written.length = 0
      first()
      await clock.advanceAsync(900)
      second()
      await clock.advanceAsync(5_000)
      assert.deepEqual(written, ['default/web Announced'])
    }
    assert.equal(shownOf('web')?.lastTransitionTime, since)
  })

  it('looks only at the Services of the addresses that a report changes', async () => {
    for (let index = 1; index <= 200; index++) addressed(`web-${index}`, `192.0.2.${index}`)
    const all = Array.from({ length: 200 }, (_, index) => `192.0.2.${index + 1}`)
    report('a', announcing(...all))
    await begin()
    await clock.advanceAsync(5_000)
    assert.equal(written.length, 200)
    looked.length = 0
    report('a', announcing(...all.slice(1)))
    report('b', announcing(all[0]!))
    await clock.advanceAsync(5_000)
    assert.deepEqual(new Set(looked), new Set(['default/web-1']))
  })

  it('looks at no announced Service when nodes and speakers come and go, and at all when advertisements do', async () => {
    addressed('web', '192.0.2.1')
    addressed('lonely', '192.0.2.2')
    report('a', announcing('192.0.2.1'))
    await begin()
    await clock.advanceAsync(5_000)
    looked.length = 0
    stores.nodes.upsert('c', '1', viewNode({ metadata: { name: 'c' } }))
    report('c')
    report('b', { expiredAt: '2026-01-01T00:00:00Z' })
    await clock.advanceAsync(5_000)
    assert.deepEqual(new Set(looked), new Set(['default/lonely']))
    stores.advertisements.delete('h/all')
    await clock.advanceAsync(5_000)
    assert.ok(looked.includes('default/web'))
    assert.deepEqual(
      [shownOf('web')?.reason, shownOf('lonely')?.reason],
      ['NoMatchingAdvertisement', 'NoMatchingAdvertisement'],
    )
  })

  it('takes no notice of the counters of a pool, nor of the status of an advertisement', async () => {
    addressed('web', '192.0.2.1')
    await begin()
    await clock.advanceAsync(5_000)
    looked.length = 0
    const advertisement = stores.advertisements.get('h/all')!
    stores.advertisements.upsert('h/all', '200', {
      ...advertisement,
      resourceVersion: '200',
      status: { conditions: [] },
    })
    const view = stores.pools.get('h/p')!
    stores.pools.upsert('h/p', '2', { ...view, resourceVersion: '2', status: { assignedIPv4: 1 } })
    await clock.advanceAsync(5_000)
    assert.deepEqual(looked, [])
    stores.pools.upsert('h/p', '3', { ...view, metadata: { ...view.metadata, labels: { tier: 'x' } } })
    await clock.advanceAsync(5_000)
    assert.deepEqual(looked, ['default/web'])
  })

  it('tells of a conflict by one event, and writes again after a conflict of versions', async () => {
    await begin()
    addressed('web', '192.0.2.1')
    const conflict = { address: '192.0.2.1', interface: 'eth0', mac: 'm' }
    refuseWrites = 'conflict'
    report('a', { conflicts: [conflict] })
    await clock.advanceAsync(3_000)
    assert.deepEqual([written, events], [[], []])
    refuseWrites = undefined
    await clock.advanceAsync(1_000)
    report('b', { conflicts: [conflict] })
    await clock.advanceAsync(5_000)
    assert.deepEqual(written, ['default/web AddressConflict', 'default/web AddressConflict'])
    assert.deepEqual(events, ['default/web Warning AddressConflict'])
  })

  it('goes with the address, and writes nothing after a restart', async () => {
    addressed('web', '192.0.2.1')
    report('a', announcing('192.0.2.1'))
    await begin()
    await clock.advanceAsync(0)
    const { conditions } = stores.services.get('default/web')!
    written.length = 0
    controller.stop()
    controller.start()
    reconciler.enqueueAll()
    await clock.advanceAsync(10_000)
    assert.deepEqual(written, [])
    put('web', service('web', { status: { conditions: [...conditions] } }))
    await clock.advanceAsync(0)
    assert.deepEqual(written, ['default/web none'])
    stores.services.delete('default/web')
    await clock.advanceAsync(0)
    assert.equal(controller.unannounced.size, 0)
  })

  describe('by BGP', () => {
    const spec = { myASN: 64500, peerASN: 64501 }
    /** No L2Advertisement; two routers, and every node has a session with each. */
    beforeEach(() => {
      stores.advertisements.delete('h/all')
      objects.put('BGPAdvertisement', 'all')
      objects.put('BGPPeer', 'tor-1', { ...spec, peerAddress: '192.0.2.251' })
      objects.put('BGPPeer', 'tor-2', { ...spec, peerAddress: '192.0.2.252' })
      for (const node of ['a', 'b']) for (const peer of ['tor-1', 'tor-2']) session(node, peer)
    })

    const session = (node: string, peer: string, state: BgpSessionState = 'Established', more: object = {}) => {
      const status = { node, peer, state, ...more }
      stores.bgpSessions.upsert(`h/${node}.${peer}`, String(++version), viewBgpSessionStatus({ status }))
    }
    const all = (count: number) => {
      for (let index = 1; index <= count; index++) addressed(`web-${index}`, `192.0.2.${index}`)
    }
    /** How many sessions of how many, as a Service says. */
    const established = (name: string) => /\d+ of \d+(?= sessions? established)/.exec(shownOf(name)?.message ?? '')?.[0]

    it('is written once for a new Service, at once, and to which nodes and peers is told on', async () => {
      await begin()
      addressed('web', '192.0.2.1')
      await clock.advanceAsync(0)
      assert.deepEqual(written, ['default/web Announced'])
      assert.equal(established('web'), '4 of 4')
      assert.deepEqual(byBgp, ['default/web'])
      await clock.advanceAsync(60_000)
      assert.deepEqual([written.length, byBgp.length, events], [1, 1, []])
    })

    it('takes no notice of counters, nor of attempts that fail alike', async () => {
      all(3)
      session('a', 'tor-1', 'Active', { lastError: 'connection refused' })
      await begin()
      await clock.advanceAsync(10_000)
      looked.length = 0
      for (let round = 0; round < 20; round++) {
        session('b', 'tor-1', 'Established', { prefixesSent: round })
        session('a', 'tor-1', round % 2 ? 'Active' : 'Connect', { lastError: 'connection refused' })
        await clock.advanceAsync(1_000)
      }
      assert.deepEqual([looked, written.length], [[], 3])
    })

    it('costs neither a write nor a look while a session flaps faster than it is told', async () => {
      all(100)
      await begin()
      await clock.advanceAsync(10_000)
      written.length = 0
      looked.length = 0
      for (let round = 0; round < 100; round++) {
        session('a', 'tor-1', round % 2 ? 'Established' : 'Idle', { lastError: 'reset' })
        await clock.advanceAsync(100)
      }
      assert.deepEqual(written, [])
      assert.deepEqual(looked, [])
      await clock.advanceAsync(10_000)
      assert.deepEqual(written, [])
    })

    it('costs nothing either when the only session flaps so', async () => {
      objects.bgpPeers.delete('h/tor-2')
      report('b', { expiredAt: '2026-01-01T00:00:00Z' })
      all(10)
      await begin()
      await clock.advanceAsync(10_000)
      assert.equal(established('web-1'), '1 of 1')
      written.length = 0
      looked.length = 0
      for (let round = 0; round < 20; round++) {
        session('a', 'tor-1', round % 2 ? 'Established' : 'Idle', { lastError: 'reset' })
        await clock.advanceAsync(600)
      }
      assert.deepEqual([looked, written], [[], []])
    })

    it('is told of a session that stays down on each Service, one after the other', async () => {
      all(100)
      await begin()
      await clock.advanceAsync(10_000)
      written.length = 0
      session('a', 'tor-1', 'Idle', { lastError: 'hold timer expired' })
      await clock.advanceAsync(4_000)
      assert.deepEqual(written, [])
      await clock.advanceAsync(1_500)
      assert.ok(written.length > 10 && written.length < 30, `${written.length} in a second`)
      await clock.advanceAsync(5_000)
      assert.equal(written.length, 100)
      assert.match(
        shownOf('web-100')?.message ?? '',
        /3 of 4 sessions established, down: "tor-1" on a \(hold timer expired\)$/,
      )
      assert.deepEqual(events, [])
    })

    it('says when it has lasted that no session is left, by one event each, and at once that there is one', async () => {
      all(2)
      await begin()
      await clock.advanceAsync(10_000)
      written.length = 0
      for (const node of ['a', 'b']) for (const peer of ['tor-1', 'tor-2']) session(node, peer, 'Idle')
      await clock.advanceAsync(2_400)
      assert.deepEqual(written, [])
      await clock.advanceAsync(1_600)
      assert.deepEqual(written, ['default/web-1 NoSession', 'default/web-2 NoSession'])
      assert.equal(events.length, 2)
      assert.deepEqual(Object.fromEntries(controller.unannounced), { NoSession: 2 })
      session('b', 'tor-2')
      await clock.advanceAsync(600)
      assert.deepEqual(
        ['web-1', 'web-2'].map(name => [shownOf(name)?.reason, established(name)]),
        [
          ['Announced', '1 of 4'],
          ['Announced', '1 of 4'],
        ],
      )
    })

    it('follows nodes, peers and endpoints, and tells on who announces what', async () => {
      addressed('web', '192.0.2.1')
      await begin()
      await clock.advanceAsync(10_000)
      byBgp.length = 0
      report('b', { expiredAt: '2026-01-01T00:00:00Z' })
      await clock.advanceAsync(5_000)
      assert.equal(established('web'), '2 of 2')
      assert.deepEqual(byBgp, ['default/web'])
      objects.bgpPeers.delete('h/tor-2')
      await clock.advanceAsync(5_000)
      assert.equal(established('web'), '1 of 1')
      assert.deepEqual(controller.bgpStatusesOf(stores.services.get('default/web')!), [
        { node: 'a', serviceName: 'web', serviceNamespace: 'default', peers: ['tor-1'] },
      ])
      objects.bgpAdvertisements.delete('h/all')
      await clock.advanceAsync(5_000)
      assert.equal(shownOf('web')?.reason, 'NoMatchingAdvertisement')
      assert.equal(byBgp.length, 3)
      assert.deepEqual(controller.bgpStatusesOf(stores.services.get('default/web')!), [])
    })

    it('writes nothing after a restart', async () => {
      all(3)
      await begin()
      await clock.advanceAsync(1_000)
      written.length = 0
      controller.stop()
      controller.start()
      reconciler.enqueueAll()
      await clock.advanceAsync(20_000)
      assert.deepEqual(written, [])
    })

    it('says of a peer that is refused on the Services that it concerns', async () => {
      addressed('web', '192.0.2.1')
      await begin()
      await clock.advanceAsync(1_000)
      objects.put('BGPPeer', 'tor-2', { ...spec, peerAddress: '192.0.2.252', bfdProfile: 'gone' }, { generation: 2 })
      await clock.advanceAsync(5_000)
      const { message = '' } = shownOf('web') ?? {}
      assert.match(message, /to peer "tor-1": 2 of 2 sessions established; refused: BGPPeer "tor-2" \(spec\.bfdProfile/)
    })
  })
})
