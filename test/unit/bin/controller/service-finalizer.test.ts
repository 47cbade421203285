import assert from 'node:assert/strict'
import type { ServiceView } from '../../../../src/resources/service.ts'
import { service } from '../../../support/services.ts'
import { serviceScene } from './service-scene.ts'

describe('ServiceController', () => {
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
      const scene = serviceScene({ cleanupFinalizer })
      scene.putPool('p', { addresses: ['192.0.2.1/32'] })
      return scene
    }

    it('adds it in the write that gives the address, and to no Service of others', async () => {
      const scene = setUpWith(true)
      scene.controller.start()
      scene.putService('web', 1)
      scene.put(service('other', { spec: { loadBalancerClass: 'other.example/lb' } }))
      scene.put(service('plain', { spec: { type: 'ClusterIP' } }))
      scene.put(service('foreign', { status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } } }))
      for (const name of ['web', 'other', 'plain', 'foreign']) await scene.controller.reconcile(`default/${name}`)
      assert.deepEqual(
        scene.written.map(([key, { finalizers }]) => [key, finalizers]),
        [
          ['default/web', { add: [finalizer] }],
          ['default/foreign', undefined],
        ],
      )
      assert.equal(scene.written[0]?.[1].annotations?.[mark], 'true')
    })

    it('removes it from a Service that is deleted together with its address, which is free when the Service is gone', async () => {
      const scene = setUpWith(true)
      scene.put(guarded('web'))
      scene.controller.start()
      await scene.controller.reconcile('default/web')
      scene.putService('waits', 2)
      await scene.controller.reconcile('default/waits')
      scene.put(guarded('web', deleted))
      scene.asked.length = 0
      await scene.controller.reconcile('default/web')
      assert.deepEqual(scene.written.at(-1), [
        'default/web',
        { addresses: [], annotations: { [from]: undefined, [mark]: undefined }, finalizers: { remove: [finalizer] } },
      ])
      assert.equal(scene.controller.allocator.holding('default/web')?.addresses.length, 1, 'its object is still there')
      assert.deepEqual(scene.asked, [])
      scene.deleteService('web')
      await scene.controller.reconcile('default/web')
      assert.deepEqual(scene.asked, ['default/web', 'default/waits'])
    })

    it('gives the address away too when the Service waits for the finalizer of somebody else', async () => {
      const scene = setUpWith(true)
      scene.put(guarded('web'))
      scene.controller.start()
      scene.put(guarded('web', deleted))
      await scene.controller.reconcile('default/web')
      scene.put(service('web', { metadata: { ...deleted.metadata, finalizers: ['other'] } }))
      const writes = scene.written.length
      await scene.controller.reconcile('default/web')
      assert.equal(scene.controller.allocator.holding('default/web'), undefined)
      await scene.controller.reconcile('default/web')
      assert.equal(scene.written.length, writes, 'and begins nothing new with it')
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
        const scene = setUpWith(enabled)
        scene.put(view)
        scene.controller.start()
        await scene.controller.reconcile('default/web')
        const [, desired] = scene.written[0] ?? assert.fail('written')
        assert.deepEqual(desired.finalizers, { remove: [finalizer] })
        assert.ok(desired.annotations && mark in desired.annotations && desired.annotations[mark] === undefined)
        assert.equal(desired.addresses?.length === 0, wiped)
      })
    }

    it('writes nothing more when it is there, and leaves one that a cloud provider has added', async () => {
      for (const enabled of [true, false]) {
        const scene = setUpWith(enabled)
        const view = service('web', { metadata: { finalizers: [finalizer] } })
        scene.put(view)
        scene.controller.start()
        await scene.controller.reconcile('default/web')
        assert.equal(scene.written[0]?.[1].finalizers, undefined)
      }
    })
  })
})
