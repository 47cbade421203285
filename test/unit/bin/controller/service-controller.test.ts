import assert from 'node:assert/strict'
import { serviceScene } from './service-scene.ts'

describe('ServiceController', () => {
  it('asks those that wait again when an address is freed, the oldest first', async () => {
    const scene = serviceScene()
    scene.putPool('p', { addresses: ['192.0.2.1/32'] })
    scene.controller.start()
    for (const [name, createdAt] of [
      ['holder', 1],
      ['young', 3],
      ['old', 2],
    ] as const) {
      scene.putService(name, createdAt)
      await scene.controller.reconcile(`default/${name}`)
    }
    assert.equal(scene.controller.waiting, 2)
    scene.asked.length = 0
    scene.deleteService('holder')
    await scene.controller.reconcile('default/holder')
    assert.deepEqual(scene.asked, ['default/holder', 'default/old'], 'one address is one Service’s gain')
    await scene.controller.reconcile('default/old')
    assert.deepEqual(scene.asked, ['default/holder', 'default/old'])
    scene.deleteService('old')
    scene.asked.length = 0
    // Not the one that waits next any more: the one after it.
    scene.putService('young', 3, [], { type: 'ClusterIP' })
    scene.putService('youngest', 4)
    await scene.controller.reconcile('default/youngest')
    scene.asked.length = 0
    await scene.controller.reconcile('default/old')
    assert.deepEqual(scene.asked, ['default/young'])
    await scene.controller.reconcile('default/young')
    assert.deepEqual(scene.asked, ['default/young', 'default/youngest'])
  })

  it('tells an event only when the write that it tells of was made', async () => {
    const scene = serviceScene()
    scene.putPool('p', { addresses: ['192.0.2.1/32'] })
    scene.controller.start()
    scene.putService('web', 1)
    scene.answer('conflict')
    assert.equal((await scene.controller.reconcile('default/web')).kind, 'retryAfter')
    assert.deepEqual(scene.events, [])
    scene.answer('written')
    assert.equal((await scene.controller.reconcile('default/web')).kind, 'done')
    assert.deepEqual(scene.events, ['IPAllocated'])
    assert.deepEqual(scene.written[0], scene.written[1], 'the same address both times')
  })

  it('asks the holders of a pool and those that wait when the pool changes, and nobody when only its status does', async () => {
    const scene = serviceScene()
    const spec = { addresses: ['192.0.2.1/32'] }
    scene.putPool('p', spec)
    scene.putPool('q', { addresses: ['198.51.100.1/32'], autoAssign: false })
    scene.controller.start()
    for (const name of ['a', 'b']) {
      scene.putService(name, 1)
      await scene.controller.reconcile(`default/${name}`)
    }
    scene.asked.length = 0
    scene.putPool('p', spec, { assignedIPv4: 1 })
    assert.deepEqual(scene.asked, [])
    scene.putPool('q', { addresses: ['198.51.100.1/32'], autoAssign: true })
    assert.deepEqual(scene.asked, ['default/b'])
    scene.asked.length = 0
    scene.putPool('p', { addresses: ['192.0.2.1-192.0.2.2'] })
    assert.deepEqual(scene.asked, ['default/a', 'default/b'])
  })

  it('asks the Services of a namespace when its labels change, and of no other', () => {
    const scene = serviceScene()
    scene.putNamespace('default', {})
    scene.controller.start()
    scene.putService('web', 1)
    scene.asked.length = 0
    scene.putNamespace('other', { team: 'b' })
    assert.deepEqual(scene.asked, [])
    scene.putNamespace('default', { team: 'a' })
    assert.deepEqual(scene.asked, ['default/web'])
  })

  it('gives a Service that must move after a restart nothing that another one shows', async () => {
    const scene = serviceScene()
    scene.putPool('q', { addresses: ['192.0.2.1-192.0.2.2'] })
    scene.putService('mover', 1, ['203.0.113.9'])
    scene.putService('stays', 2, ['192.0.2.1'])
    scene.controller.start()
    for (const key of scene.controller.firstPassKeys()) await scene.controller.reconcile(key)
    assert.deepEqual(
      scene.written.map(([key, { addresses }]) => [key, addresses]),
      [
        ['default/mover', ['192.0.2.2']],
        ['default/stays', ['192.0.2.1']],
      ],
    )
  })

  it('asks a Service again that lacks its second family when an address of it is freed', async () => {
    const scene = serviceScene()
    scene.putPool('p', { addresses: ['192.0.2.1-192.0.2.9', '2001:db8::1/128'] })
    scene.controller.start()
    scene.putService('six', 1, [], { clusterIPs: ['fd00::6'] })
    scene.putService('dual', 2, [], { clusterIPs: ['10.96.0.1', 'fd00::1'], ipFamilyPolicy: 'PreferDualStack' })
    for (const name of ['six', 'dual']) await scene.controller.reconcile(`default/${name}`)
    assert.deepEqual(scene.written[1]?.[1].addresses, ['192.0.2.1'])
    assert.equal(scene.controller.waiting, 0, 'it has an address: nobody is pending')
    scene.deleteService('six')
    scene.asked.length = 0
    await scene.controller.reconcile('default/six')
    assert.deepEqual(scene.asked, ['default/dual'])
    await scene.controller.reconcile('default/dual')
    assert.deepEqual(scene.written[2]?.[1].addresses, ['192.0.2.1', '2001:db8::1'])
  })

  it('waits for the namespace of a new Service, and asks again when it comes', async () => {
    const scene = serviceScene()
    scene.putPool('p', { addresses: ['192.0.2.1/32'] })
    scene.controller.start()
    scene.deleteNamespace('default')
    scene.putService('web', 1)
    await scene.controller.reconcile('default/web')
    assert.deepEqual(scene.written, [])
    scene.asked.length = 0
    scene.putNamespace('default', {})
    assert.deepEqual(scene.asked, ['default/web'])
  })

  it('lets the Services of a pool keep their addresses while the pool is refused, and judges them when it is mended', async () => {
    const scene = serviceScene()
    scene.putPool('p', { addresses: ['192.0.2.1-192.0.2.2'] })
    scene.controller.start()
    for (const name of ['a', 'b']) {
      scene.putService(name, 1)
      await scene.controller.reconcile(`default/${name}`)
    }
    assert.equal(scene.controller.refusedPools, 0)
    scene.putPool('p', { addresses: ['10.0.0.300'] })
    assert.equal(scene.controller.refusedPools, 1)
    for (const name of ['a', 'b']) await scene.controller.reconcile(`default/${name}`)
    assert.deepEqual(scene.written[2], scene.written[0])
    assert.deepEqual(scene.written[3], scene.written[1])
    scene.asked.length = 0
    scene.putPool('p', { addresses: ['192.0.2.2/32', '192.0.2.7/32'] })
    assert.deepEqual(scene.asked, ['default/a', 'default/b'])
    for (const name of ['a', 'b']) await scene.controller.reconcile(`default/${name}`)
    assert.deepEqual([scene.written[4]?.[1].addresses, scene.written[5]?.[1].addresses], [['192.0.2.7'], ['192.0.2.2']])
  })

  it('asks the one that loses an address to a reservation, and those that wait when a reservation goes', async () => {
    const scene = serviceScene()
    scene.putPool('p', { addresses: ['192.0.2.1-192.0.2.2'] })
    scene.controller.start()
    scene.putService('web', 1)
    await scene.controller.reconcile('default/web')
    scene.asked.length = 0
    scene.putReservation('all', ['192.0.2.0/24'])
    assert.deepEqual(scene.asked, ['default/web'])
    await scene.controller.reconcile('default/web')
    assert.deepEqual(scene.written.at(-1)?.[1].addresses, [])
    scene.asked.length = 0
    scene.deleteReservation('all')
    assert.deepEqual(scene.asked, ['default/web'])
    await scene.controller.reconcile('default/web')
    assert.deepEqual(scene.written.at(-1)?.[1].addresses, ['192.0.2.1'])
  })

  it('asks those that wait when a Service begins to share what it holds', async () => {
    const scene = serviceScene()
    const sharing = { 'metallb.io/allow-shared-ip': 'k' }
    scene.putPool('p', { addresses: ['192.0.2.1/32'] })
    scene.controller.start()
    scene.putService('first', 1)
    await scene.controller.reconcile('default/first')
    scene.putService('second', 2, [], { ports: [{ port: 443 }] }, sharing)
    await scene.controller.reconcile('default/second')
    assert.equal(scene.controller.waiting, 1)
    scene.putService('first', 1, ['192.0.2.1'], { ports: [{ port: 80 }] }, sharing)
    scene.asked.length = 0
    await scene.controller.reconcile('default/first')
    assert.deepEqual(scene.asked, ['default/second'])
    await scene.controller.reconcile('default/second')
    assert.deepEqual(scene.written.at(-1)?.[1].addresses, ['192.0.2.1'])
  })
})
