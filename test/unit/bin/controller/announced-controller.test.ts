import assert from 'node:assert/strict'
import { viewNode } from '../../../../src/resources/node.ts'
import { service } from '../../../support/services.ts'
import { AnnouncedScene, announcing } from './announced-scene.ts'

describe('the condition Announced, over time', () => {
  let scene: AnnouncedScene

  beforeEach(() => {
    scene = new AnnouncedScene()
  })

  afterEach(() => scene.end())

  it('is written once for a new Service whose node reports in time', async () => {
    await scene.begin()
    scene.addressed('web', '192.0.2.1')
    await scene.clock.advanceAsync(1_900)
    assert.deepEqual(scene.written, [])
    scene.report('a', announcing('192.0.2.1'))
    await scene.clock.advanceAsync(10_000)
    assert.deepEqual(scene.written, ['default/web Announced'])
    assert.deepEqual(scene.events, [])
  })

  it('says after two seconds why not, and at once when all is well', async () => {
    await scene.begin()
    scene.addressed('web', '192.0.2.1')
    await scene.clock.advanceAsync(2_000)
    assert.deepEqual(scene.written, ['default/web TakeoverPending'])
    assert.deepEqual(Object.fromEntries(scene.controller.unannounced), { TakeoverPending: 1 })
    scene.report('b', announcing('192.0.2.1'))
    await scene.clock.advanceAsync(0)
    assert.equal(scene.shownOf('web')?.reason, 'Announced')
    assert.equal(scene.controller.unannounced.size, 0)
  })

  it('leaves the API server to those that wait for an address, but for good news', async () => {
    await scene.begin()
    scene.addressed('web', '192.0.2.1')
    scene.addressed('lonely', '192.0.2.2')
    scene.allocating = true
    await scene.clock.advanceAsync(10_000)
    scene.report('b', announcing('192.0.2.1'))
    await scene.clock.advanceAsync(10_000)
    assert.deepEqual(scene.written, ['default/web Announced'])
    scene.addressed('alone', '192.0.2.3')
    await scene.clock.advanceAsync(10_000)
    assert.equal(scene.clock.pendingTimers, 1, 'one for all that wait')
    scene.allocating = false
    await scene.clock.advanceAsync(500)
    assert.deepEqual(scene.written.slice(1), ['default/lonely TakeoverPending', 'default/alone TakeoverPending'])
  })

  it('costs one write for a hand-over, in whatever order the two reports come, and keeps its time', async () => {
    await scene.begin()
    scene.addressed('web', '192.0.2.1')
    scene.report('a', announcing('192.0.2.1'))
    await scene.clock.advanceAsync(0)
    const since = scene.shownOf('web')?.lastTransitionTime
    for (const [first, second] of [
      [() => scene.report('a'), () => scene.report('b', announcing('192.0.2.1'))],
      [() => scene.report('a', announcing('192.0.2.1')), () => scene.report('b')],
    ] as const) {
      scene.written.length = 0
      first()
      await scene.clock.advanceAsync(900)
      second()
      await scene.clock.advanceAsync(5_000)
      assert.deepEqual(scene.written, ['default/web Announced'])
    }
    assert.equal(scene.shownOf('web')?.lastTransitionTime, since)
  })

  it('looks only at the Services of the addresses that a report changes', async () => {
    for (let index = 1; index <= 200; index++) scene.addressed(`web-${index}`, `192.0.2.${index}`)
    const all = Array.from({ length: 200 }, (_, index) => `192.0.2.${index + 1}`)
    scene.report('a', announcing(...all))
    await scene.begin()
    await scene.clock.advanceAsync(5_000)
    assert.equal(scene.written.length, 200)
    scene.looked.length = 0
    scene.report('a', announcing(...all.slice(1)))
    scene.report('b', announcing(all[0]!))
    await scene.clock.advanceAsync(5_000)
    assert.deepEqual(new Set(scene.looked), new Set(['default/web-1']))
  })

  it('looks at no announced Service when nodes and speakers come and go, and at all when advertisements do', async () => {
    scene.addressed('web', '192.0.2.1')
    scene.addressed('lonely', '192.0.2.2')
    scene.report('a', announcing('192.0.2.1'))
    await scene.begin()
    await scene.clock.advanceAsync(5_000)
    scene.looked.length = 0
    scene.objects.nodes.upsert('c', '1', viewNode({ metadata: { name: 'c' } }))
    scene.report('c')
    scene.report('b', { expiredAt: '2026-01-01T00:00:00Z' })
    await scene.clock.advanceAsync(5_000)
    assert.deepEqual(new Set(scene.looked), new Set(['default/lonely']))
    scene.objects.advertisements.delete('h/all')
    await scene.clock.advanceAsync(5_000)
    assert.ok(scene.looked.includes('default/web'))
    assert.deepEqual(
      [scene.shownOf('web')?.reason, scene.shownOf('lonely')?.reason],
      ['NoMatchingAdvertisement', 'NoMatchingAdvertisement'],
    )
  })

  it('takes no notice of the counters of a pool, nor of the status of an advertisement', async () => {
    scene.addressed('web', '192.0.2.1')
    await scene.begin()
    await scene.clock.advanceAsync(5_000)
    scene.looked.length = 0
    const advertisement = scene.objects.advertisements.get('h/all')!
    scene.objects.advertisements.upsert('h/all', '200', {
      ...advertisement,
      resourceVersion: '200',
      status: { conditions: [] },
    })
    const view = scene.objects.pools.get('h/p')!
    scene.objects.pools.upsert('h/p', '2', { ...view, resourceVersion: '2', status: { assignedIPv4: 1 } })
    await scene.clock.advanceAsync(5_000)
    assert.deepEqual(scene.looked, [])
    scene.objects.pools.upsert('h/p', '3', { ...view, metadata: { ...view.metadata, labels: { tier: 'x' } } })
    await scene.clock.advanceAsync(5_000)
    assert.deepEqual(scene.looked, ['default/web'])
  })

  it('tells of a conflict by one event, and writes again after a conflict of versions', async () => {
    await scene.begin()
    scene.addressed('web', '192.0.2.1')
    const conflict = { address: '192.0.2.1', interface: 'eth0', mac: 'm' }
    scene.refuseWrites = 'conflict'
    scene.report('a', { conflicts: [conflict] })
    await scene.clock.advanceAsync(3_000)
    assert.deepEqual([scene.written, scene.events], [[], []])
    scene.refuseWrites = undefined
    await scene.clock.advanceAsync(1_000)
    scene.report('b', { conflicts: [conflict] })
    await scene.clock.advanceAsync(5_000)
    assert.deepEqual(scene.written, ['default/web AddressConflict', 'default/web AddressConflict'])
    assert.deepEqual(scene.events, ['default/web Warning AddressConflict'])
  })

  it('goes with the address, and writes nothing after a restart', async () => {
    scene.addressed('web', '192.0.2.1')
    scene.report('a', announcing('192.0.2.1'))
    await scene.begin()
    await scene.clock.advanceAsync(0)
    const { conditions } = scene.services.get('default/web')!
    scene.written.length = 0
    scene.restart()
    await scene.clock.advanceAsync(10_000)
    assert.deepEqual(scene.written, [])
    scene.put('web', service('web', { status: { conditions: [...conditions] } }))
    await scene.clock.advanceAsync(0)
    assert.deepEqual(scene.written, ['default/web none'])
    scene.services.delete('default/web')
    await scene.clock.advanceAsync(0)
    assert.equal(scene.controller.unannounced.size, 0)
  })
})
