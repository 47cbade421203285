import assert from 'node:assert/strict'
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

function setUp() {
  const services = new Store<ServiceView>({ indexes: { [BY_NAMESPACE]: ({ namespace }) => [namespace] } })
  const namespaces = new Store<NamespaceView>()
  const pools = new Store<PoolView>()
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
    },
    { loadBalancerClass: '' },
  )
  return {
    controller,
    asked,
    written,
    events,
    answer: (next: WriteResult) => {
      result = next
    },
    putService: (name: string, createdAt: number) => {
      const creationTimestamp = new Date(createdAt * 1_000).toISOString()
      const view = service(name, { metadata: { creationTimestamp } })
      services.upsert(view.key, String(version++), view)
    },
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
    assert.deepEqual(it.asked, ['default/holder', 'default/old', 'default/young'])
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
})
