import assert from 'node:assert/strict'
import { AnnouncedScene } from './announced-scene.ts'

describe('the condition Announced, over time', () => {
  let scene: AnnouncedScene

  beforeEach(() => {
    scene = new AnnouncedScene()
  })

  afterEach(() => scene.end())

  describe('by BGP', () => {
    const spec = { myASN: 64500, peerASN: 64501 }
    /** No L2Advertisement; two routers, and every node has a session with each. */
    beforeEach(() => {
      scene.objects.advertisements.delete('h/all')
      scene.objects.put('BGPAdvertisement', 'all')
      scene.objects.put('BGPPeer', 'tor-1', { ...spec, peerAddress: '192.0.2.251' })
      scene.objects.put('BGPPeer', 'tor-2', { ...spec, peerAddress: '192.0.2.252' })
      for (const node of ['a', 'b']) for (const peer of ['tor-1', 'tor-2']) scene.session(node, peer)
    })

    const all = (count: number) => {
      for (let index = 1; index <= count; index++) scene.addressed(`web-${index}`, `192.0.2.${index}`)
    }
    /** How many sessions of how many, as a Service says. */
    const established = (name: string) =>
      /\d+ of \d+(?= sessions? established)/.exec(scene.shownOf(name)?.message ?? '')?.[0]

    it('is written once for a new Service, at once, and to which nodes and peers is told on', async () => {
      await scene.begin()
      scene.addressed('web', '192.0.2.1')
      await scene.clock.advanceAsync(0)
      assert.deepEqual(scene.written, ['default/web Announced'])
      assert.equal(established('web'), '4 of 4')
      assert.deepEqual(scene.byBgp, ['default/web'])
      await scene.clock.advanceAsync(60_000)
      assert.deepEqual([scene.written.length, scene.byBgp.length, scene.events], [1, 1, []])
    })

    it('takes no notice of counters, nor of attempts that fail alike', async () => {
      all(3)
      scene.session('a', 'tor-1', 'Active', { lastError: 'connection refused' })
      await scene.begin()
      await scene.clock.advanceAsync(10_000)
      scene.looked.length = 0
      for (let round = 0; round < 20; round++) {
        scene.session('b', 'tor-1', 'Established', { prefixesSent: round })
        scene.session('a', 'tor-1', round % 2 ? 'Active' : 'Connect', { lastError: 'connection refused' })
        await scene.clock.advanceAsync(1_000)
      }
      assert.deepEqual([scene.looked, scene.written.length], [[], 3])
    })

    it('costs neither a write nor a look while a session flaps faster than it is told', async () => {
      all(100)
      await scene.begin()
      await scene.clock.advanceAsync(10_000)
      scene.written.length = 0
      scene.looked.length = 0
      for (let round = 0; round < 100; round++) {
        scene.session('a', 'tor-1', round % 2 ? 'Established' : 'Idle', { lastError: 'reset' })
        await scene.clock.advanceAsync(100)
      }
      assert.deepEqual(scene.written, [])
      assert.deepEqual(scene.looked, [])
      await scene.clock.advanceAsync(10_000)
      assert.deepEqual(scene.written, [])
    })

    it('costs nothing either when the only session flaps so', async () => {
      scene.objects.bgpPeers.delete('h/tor-2')
      scene.report('b', { expiredAt: '2026-01-01T00:00:00Z' })
      all(10)
      await scene.begin()
      await scene.clock.advanceAsync(10_000)
      assert.equal(established('web-1'), '1 of 1')
      scene.written.length = 0
      scene.looked.length = 0
      for (let round = 0; round < 20; round++) {
        scene.session('a', 'tor-1', round % 2 ? 'Established' : 'Idle', { lastError: 'reset' })
        await scene.clock.advanceAsync(600)
      }
      assert.deepEqual([scene.looked, scene.written], [[], []])
    })

    it('is told of a session that stays down on each Service, one after the other', async () => {
      all(100)
      await scene.begin()
      await scene.clock.advanceAsync(10_000)
      scene.written.length = 0
      scene.session('a', 'tor-1', 'Idle', { lastError: 'hold timer expired' })
      await scene.clock.advanceAsync(4_000)
      assert.deepEqual(scene.written, [])
      await scene.clock.advanceAsync(1_500)
      assert.ok(scene.written.length > 10 && scene.written.length < 30, `${scene.written.length} in a second`)
      await scene.clock.advanceAsync(5_000)
      assert.equal(scene.written.length, 100)
      assert.match(
        scene.shownOf('web-100')?.message ?? '',
        /3 of 4 sessions established, down: "tor-1" on a \(hold timer expired\)$/,
      )
      assert.deepEqual(scene.events, [])
    })

    it('says when it has lasted that no session is left, by one event each, and at once that there is one', async () => {
      all(2)
      await scene.begin()
      await scene.clock.advanceAsync(10_000)
      scene.written.length = 0
      for (const node of ['a', 'b']) for (const peer of ['tor-1', 'tor-2']) scene.session(node, peer, 'Idle')
      await scene.clock.advanceAsync(2_400)
      assert.deepEqual(scene.written, [])
      await scene.clock.advanceAsync(1_600)
      assert.deepEqual(scene.written, ['default/web-1 NoSession', 'default/web-2 NoSession'])
      assert.equal(scene.events.length, 2)
      assert.deepEqual(Object.fromEntries(scene.controller.unannounced), { NoSession: 2 })
      scene.session('b', 'tor-2')
      await scene.clock.advanceAsync(600)
      assert.deepEqual(
        ['web-1', 'web-2'].map(name => [scene.shownOf(name)?.reason, established(name)]),
        [
          ['Announced', '1 of 4'],
          ['Announced', '1 of 4'],
        ],
      )
    })

    it('follows nodes, peers and endpoints, and tells on who announces what', async () => {
      scene.addressed('web', '192.0.2.1')
      await scene.begin()
      await scene.clock.advanceAsync(10_000)
      scene.byBgp.length = 0
      scene.report('b', { expiredAt: '2026-01-01T00:00:00Z' })
      await scene.clock.advanceAsync(5_000)
      assert.equal(established('web'), '2 of 2')
      assert.deepEqual(scene.byBgp, ['default/web'])
      scene.objects.bgpPeers.delete('h/tor-2')
      await scene.clock.advanceAsync(5_000)
      assert.equal(established('web'), '1 of 1')
      assert.deepEqual(scene.controller.bgpStatusesOf(scene.services.get('default/web')!), [
        { node: 'a', serviceName: 'web', serviceNamespace: 'default', peers: ['tor-1'] },
      ])
      scene.objects.bgpAdvertisements.delete('h/all')
      await scene.clock.advanceAsync(5_000)
      assert.equal(scene.shownOf('web')?.reason, 'NoMatchingAdvertisement')
      assert.equal(scene.byBgp.length, 3)
      assert.deepEqual(scene.controller.bgpStatusesOf(scene.services.get('default/web')!), [])
    })

    it('writes nothing after a restart', async () => {
      all(3)
      await scene.begin()
      await scene.clock.advanceAsync(1_000)
      scene.written.length = 0
      scene.restart()
      await scene.clock.advanceAsync(20_000)
      assert.deepEqual(scene.written, [])
    })

    it('says of a peer that is refused on the Services that it concerns', async () => {
      scene.addressed('web', '192.0.2.1')
      await scene.begin()
      await scene.clock.advanceAsync(1_000)
      scene.objects.put(
        'BGPPeer',
        'tor-2',
        { ...spec, peerAddress: '192.0.2.252', bfdProfile: 'gone' },
        { generation: 2 },
      )
      await scene.clock.advanceAsync(5_000)
      const { message = '' } = scene.shownOf('web') ?? {}
      assert.match(message, /to peer "tor-1": 2 of 2 sessions established; refused: BGPPeer "tor-2" \(spec\.bfdProfile/)
    })
  })
})
