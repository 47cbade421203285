import assert from 'node:assert/strict'
import type { ReservationView } from '../../../src/bin/controller/reservation-status.ts'
import {
  BY_NAMESPACE,
  type NamespaceView,
  type PoolView,
  ServiceController,
} from '../../../src/bin/controller/service-controller.ts'
import { silentLogger } from '../../../src/kubernetes/logger.ts'
import type { DesiredServiceStatus, WriteResult } from '../../../src/kubernetes/status-writer.ts'
import { Store } from '../../../src/kubernetes/store.ts'
import type { ServiceView } from '../../../src/resources/service.ts'
import { service } from '../../support/services.ts'

type ServiceSpec = NonNullable<Parameters<typeof service>[1]>['spec']

function setUp(init: { cleanupFinalizer?: boolean } = {}) {
  const services = new Store<ServiceView>({ indexes: { [BY_NAMESPACE]: ({ namespace }) => [namespace] } })
  const namespaces = new Store<NamespaceView>()
  const pools = new Store<PoolView>()
  const reservations = new Store<ReservationView>()
  const asked: string[] = []
  const written: [key: string, desired: DesiredServiceStatus][] = []
  const events: string[] = []
  let result: WriteResult = 'written'
  let version = 1
  namespaces.upsert('default', '1', { labels: {} })
  const controller = new ServiceController(
    {
      services,
      namespaces,
      pools,
      reservations,
      logger: silentLogger,
      nowText: () => '2026-01-01T00:00:00Z',
      enqueue: keys => void asked.push(...keys),
      statusWriter: {
        async writeService(view, desired) {
          written.push([`${view.namespace}/${view.name}`, desired])
          return result
        },
      },
      recordEvent: (_service, { reason }) => void events.push(reason),
      onPoolChanged: () => {},
      onReservationChanged: () => {},
    },
    { loadBalancerClass: '', ...init },
  )
  return {
    controller,
    asked,
    written,
    events,
    answer: (next: WriteResult) => {
      result = next
    },
    putService: (
      name: string,
      createdAt: number,
      shown: string[] = [],
      spec: ServiceSpec = {},
      more: Record<string, string> = {},
    ) => {
      const creationTimestamp = new Date(createdAt * 1_000).toISOString()
      const annotations = { ...more, ...(shown.length > 0 && { 'metallb.io/ip-allocated-from-pool': 'old' }) }
      const status = { loadBalancer: { ingress: shown.map(ip => ({ ip, ipMode: 'VIP' })) } }
      const view = service(name, { metadata: { creationTimestamp, annotations }, spec, status })
      services.upsert(view.key, String(version++), view)
    },
    put: (view: ServiceView) => services.upsert(view.key, String(version++), view),
    putReservation: (name: string, addresses: string[], service?: { namespace: string; name: string }) => {
      const resourceVersion = String(version++)
      const spec = { addresses, ...(service && { service }) }
      reservations.upsert(`h/${name}`, resourceVersion, {
        namespace: 'h',
        name,
        uid: name,
        resourceVersion,
        metadata: { name },
        spec,
      })
    },
    deleteReservation: (name: string) => reservations.delete(`h/${name}`),
    deleteNamespace: (name: string) => namespaces.delete(name),
    deleteService: (name: string) => services.delete(`default/${name}`),
    putPool: (name: string, spec: PoolView['spec'], status?: PoolView['status']) => {
      pools.upsert(`h/${name}`, String(version++), {
        namespace: 'h',
        name,
        uid: name,
        resourceVersion: String(version),
        metadata: { name },
        spec,
        ...(status && { status }),
      })
    },
    putNamespace: (name: string, labels: Record<string, string>) =>
      namespaces.upsert(name, String(version++), { labels }),
  }
}

describe('ServiceController', () => {
  it('asks those that wait again when an address is freed, the oldest first', async () => {
    const it = setUp()
    it.putPool('p', { addresses: ['192.0.2.1/32'] })
    it.controller.start()
    for (const [name, createdAt] of [
      ['holder', 1],
      ['young', 3],
      ['old', 2],
    ] as const) {
      it.putService(name, createdAt)
      await it.controller.reconcile(`default/${name}`)
    }
    assert.equal(it.controller.waiting, 2)
    it.asked.length = 0
    it.deleteService('holder')
    await it.controller.reconcile('default/holder')
    assert.deepEqual(it.asked, ['default/holder', 'default/old'], 'one address is one Service’s gain')
    await it.controller.reconcile('default/old')
    assert.deepEqual(it.asked, ['default/holder', 'default/old'])
    it.deleteService('old')
    it.asked.length = 0
    // Not the one that waits next any more: the one after it.
    it.putService('young', 3, [], { type: 'ClusterIP' })
    it.putService('youngest', 4)
    await it.controller.reconcile('default/youngest')
    it.asked.length = 0
    await it.controller.reconcile('default/old')
    assert.deepEqual(it.asked, ['default/young'])
    await it.controller.reconcile('default/young')
    assert.deepEqual(it.asked, ['default/young', 'default/youngest'])
  })

  it('tells an event only when the write that it tells of was made', async () => {
    const it = setUp()
    it.putPool('p', { addresses: ['192.0.2.1/32'] })
    it.controller.start()
    it.putService('web', 1)
    it.answer('conflict')
    assert.equal((await it.controller.reconcile('default/web')).kind, 'retryAfter')
    assert.deepEqual(it.events, [])
    it.answer('written')
    assert.equal((await it.controller.reconcile('default/web')).kind, 'done')
    assert.deepEqual(it.events, ['IPAllocated'])
    assert.deepEqual(it.written[0], it.written[1], 'the same address both times')
  })

  it('asks the holders of a pool and those that wait when the pool changes, and nobody when only its status does', async () => {
    const it = setUp()
    const spec = { addresses: ['192.0.2.1/32'] }
    it.putPool('p', spec)
    it.putPool('q', { addresses: ['198.51.100.1/32'], autoAssign: false })
    it.controller.start()
    for (const name of ['a', 'b']) {
      it.putService(name, 1)
      await it.controller.reconcile(`default/${name}`)
    }
    it.asked.length = 0
    it.putPool('p', spec, { assignedIPv4: 1 })
    assert.deepEqual(it.asked, [])
    it.putPool('q', { addresses: ['198.51.100.1/32'], autoAssign: true })
    assert.deepEqual(it.asked, ['default/b'])
    it.asked.length = 0
    it.putPool('p', { addresses: ['192.0.2.1-192.0.2.2'] })
    assert.deepEqual(it.asked, ['default/a', 'default/b'])
  })

  it('asks the Services of a namespace when its labels change, and of no other', () => {
    const it = setUp()
    it.putNamespace('default', {})
    it.controller.start()
    it.putService('web', 1)
    it.asked.length = 0
    it.putNamespace('other', { team: 'b' })
    assert.deepEqual(it.asked, [])
    it.putNamespace('default', { team: 'a' })
    assert.deepEqual(it.asked, ['default/web'])
  })

  it('gives a Service that must move after a restart nothing that another one shows', async () => {
    const it = setUp()
    it.putPool('q', { addresses: ['192.0.2.1-192.0.2.2'] })
    it.putService('mover', 1, ['203.0.113.9'])
    it.putService('stays', 2, ['192.0.2.1'])
    it.controller.start()
    for (const key of it.controller.firstPassKeys()) await it.controller.reconcile(key)
    assert.deepEqual(
      it.written.map(([key, { addresses }]) => [key, addresses]),
      [
        ['default/mover', ['192.0.2.2']],
        ['default/stays', ['192.0.2.1']],
      ],
    )
  })

  it('asks a Service again that lacks its second family when an address of it is freed', async () => {
    const it = setUp()
    it.putPool('p', { addresses: ['192.0.2.1-192.0.2.9', '2001:db8::1/128'] })
    it.controller.start()
    it.putService('six', 1, [], { clusterIPs: ['fd00::6'] })
    it.putService('dual', 2, [], { clusterIPs: ['10.96.0.1', 'fd00::1'], ipFamilyPolicy: 'PreferDualStack' })
    for (const name of ['six', 'dual']) await it.controller.reconcile(`default/${name}`)
    assert.deepEqual(it.written[1]?.[1].addresses, ['192.0.2.1'])
    assert.equal(it.controller.waiting, 0, 'it has an address: nobody is pending')
    it.deleteService('six')
    it.asked.length = 0
    await it.controller.reconcile('default/six')
    assert.deepEqual(it.asked, ['default/dual'])
    await it.controller.reconcile('default/dual')
    assert.deepEqual(it.written[2]?.[1].addresses, ['192.0.2.1', '2001:db8::1'])
  })

  it('waits for the namespace of a new Service, and asks again when it comes', async () => {
    const it = setUp()
    it.putPool('p', { addresses: ['192.0.2.1/32'] })
    it.controller.start()
    it.deleteNamespace('default')
    it.putService('web', 1)
    await it.controller.reconcile('default/web')
    assert.deepEqual(it.written, [])
    it.asked.length = 0
    it.putNamespace('default', {})
    assert.deepEqual(it.asked, ['default/web'])
  })

  it('lets the Services of a pool keep their addresses while the pool is refused, and judges them when it is mended', async () => {
    const it = setUp()
    it.putPool('p', { addresses: ['192.0.2.1-192.0.2.2'] })
    it.controller.start()
    for (const name of ['a', 'b']) {
      it.putService(name, 1)
      await it.controller.reconcile(`default/${name}`)
    }
    assert.equal(it.controller.refusedPools, 0)
    it.putPool('p', { addresses: ['10.0.0.300'] })
    assert.equal(it.controller.refusedPools, 1)
    for (const name of ['a', 'b']) await it.controller.reconcile(`default/${name}`)
    assert.deepEqual(it.written[2], it.written[0])
    assert.deepEqual(it.written[3], it.written[1])
    it.asked.length = 0
    it.putPool('p', { addresses: ['192.0.2.2/32', '192.0.2.7/32'] })
    assert.deepEqual(it.asked, ['default/a', 'default/b'])
    for (const name of ['a', 'b']) await it.controller.reconcile(`default/${name}`)
    assert.deepEqual([it.written[4]?.[1].addresses, it.written[5]?.[1].addresses], [['192.0.2.7'], ['192.0.2.2']])
  })

  it('asks the one that loses an address to a reservation, and those that wait when a reservation goes', async () => {
    const it = setUp()
    it.putPool('p', { addresses: ['192.0.2.1-192.0.2.2'] })
    it.controller.start()
    it.putService('web', 1)
    await it.controller.reconcile('default/web')
    it.asked.length = 0
    it.putReservation('all', ['192.0.2.0/24'])
    assert.deepEqual(it.asked, ['default/web'])
    await it.controller.reconcile('default/web')
    assert.deepEqual(it.written.at(-1)?.[1].addresses, [])
    it.asked.length = 0
    it.deleteReservation('all')
    assert.deepEqual(it.asked, ['default/web'])
    await it.controller.reconcile('default/web')
    assert.deepEqual(it.written.at(-1)?.[1].addresses, ['192.0.2.1'])
  })

  it('asks those that wait when a Service begins to share what it holds', async () => {
    const it = setUp()
    const sharing = { 'metallb.io/allow-shared-ip': 'k' }
    it.putPool('p', { addresses: ['192.0.2.1/32'] })
    it.controller.start()
    it.putService('first', 1)
    await it.controller.reconcile('default/first')
    it.putService('second', 2, [], { ports: [{ port: 443 }] }, sharing)
    await it.controller.reconcile('default/second')
    assert.equal(it.controller.waiting, 1)
    it.putService('first', 1, ['192.0.2.1'], { ports: [{ port: 80 }] }, sharing)
    it.asked.length = 0
    await it.controller.reconcile('default/first')
    assert.deepEqual(it.asked, ['default/second'])
    await it.controller.reconcile('default/second')
    assert.deepEqual(it.written.at(-1)?.[1].addresses, ['192.0.2.1'])
  })

  describe('with the finalizer', () => {
    const finalizer = 'service.kubernetes.io/load-balancer-cleanup'
    const mark = 'herald.io/load-balancer-cleanup'
    const from = 'metallb.io/ip-allocated-from-pool'
    const guarded = (
      name: string,
      more: Parameters<typeof service>[1] = {},
      annotations: Record<string, string> = {},
    ) =>
      service(name, {
        ...more,
        metadata: {
          ...more.metadata,
          finalizers: [finalizer],
          annotations: { [mark]: 'true', [from]: 'p', ...annotations },
        },
        status: more.status ?? { loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }] } },
      })
    const deleted = { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }
    const setUpWith = (cleanupFinalizer: boolean) => {
      const it = setUp({ cleanupFinalizer })
      it.putPool('p', { addresses: ['192.0.2.1/32'] })
      return it
    }

    it('adds it in the write that gives the address, and to no Service of others', async () => {
      const it = setUpWith(true)
      it.controller.start()
      it.putService('web', 1)
      it.put(service('other', { spec: { loadBalancerClass: 'other.example/lb' } }))
      it.put(service('plain', { spec: { type: 'ClusterIP' } }))
      it.put(service('foreign', { status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } } }))
      for (const name of ['web', 'other', 'plain', 'foreign']) await it.controller.reconcile(`default/${name}`)
      assert.deepEqual(
        it.written.map(([key, { finalizers }]) => [key, finalizers]),
        [
          ['default/web', { add: [finalizer] }],
          ['default/foreign', undefined],
        ],
      )
      assert.equal(it.written[0]?.[1].annotations?.[mark], 'true')
    })

    it('removes it from a Service that is deleted together with its address, which is free when the Service is gone', async () => {
      const it = setUpWith(true)
      it.put(guarded('web'))
      it.controller.start()
      await it.controller.reconcile('default/web')
      it.putService('waits', 2)
      await it.controller.reconcile('default/waits')
      it.put(guarded('web', deleted))
      it.asked.length = 0
      await it.controller.reconcile('default/web')
      assert.deepEqual(it.written.at(-1), [
        'default/web',
        { addresses: [], annotations: { [from]: undefined, [mark]: undefined }, finalizers: { remove: [finalizer] } },
      ])
      assert.equal(it.controller.allocator.holding('default/web')?.addresses.length, 1, 'its object is still there')
      assert.deepEqual(it.asked, [])
      it.deleteService('web')
      await it.controller.reconcile('default/web')
      assert.deepEqual(it.asked, ['default/web', 'default/waits'])
    })

    it('gives the address away too when the Service waits for the finalizer of somebody else', async () => {
      const it = setUpWith(true)
      it.put(guarded('web'))
      it.controller.start()
      it.put(guarded('web', deleted))
      await it.controller.reconcile('default/web')
      it.put(service('web', { metadata: { ...deleted.metadata, finalizers: ['other'] } }))
      const writes = it.written.length
      await it.controller.reconcile('default/web')
      assert.equal(it.controller.allocator.holding('default/web'), undefined)
      await it.controller.reconcile('default/web')
      assert.equal(it.written.length, writes, 'and begins nothing new with it')
    })

    const gone: [what: string, enabled: boolean, view: ServiceView, wiped: boolean][] = [
      ['changed its type', true, guarded('web', { spec: { type: 'ClusterIP' } }), true],
      ['belongs to another class', true, guarded('web', { spec: { loadBalancerClass: 'other.example/lb' } }), false],
      [
        'belongs to another class and is deleted',
        true,
        guarded('web', { ...deleted, spec: { loadBalancerClass: 'x.y/z' } }),
        false,
      ],
      ['has it from before it was switched off', false, guarded('web'), false],
    ]
    for (const [what, enabled, view, wiped] of gone) {
      it(`removes it from a Service that ${what}`, async () => {
        const it = setUpWith(enabled)
        it.put(view)
        it.controller.start()
        await it.controller.reconcile('default/web')
        const [, desired] = it.written[0] ?? assert.fail('written')
        assert.deepEqual(desired.finalizers, { remove: [finalizer] })
        assert.ok(desired.annotations && mark in desired.annotations && desired.annotations[mark] === undefined)
        assert.equal(desired.addresses?.length === 0, wiped)
      })
    }

    it('writes nothing more when it is there, and leaves one that a cloud provider has added', async () => {
      for (const enabled of [true, false]) {
        const it = setUpWith(enabled)
        const view = service('web', { metadata: { finalizers: [finalizer] } })
        it.put(view)
        it.controller.start()
        await it.controller.reconcile('default/web')
        assert.equal(it.written[0]?.[1].finalizers, undefined)
      }
    })
  })
})
