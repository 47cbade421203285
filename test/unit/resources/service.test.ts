import assert from 'node:assert/strict'
import { viewService } from '../../../src/resources/service.ts'

const object = (type: string) => ({
  metadata: {
    namespace: 'web',
    name: 'shop',
    uid: 'u',
    resourceVersion: '7',
    labels: { tier: 'front' },
    annotations: { 'metallb.io/address-pool': 'p', 'example.org/note': 'x' },
  },
  spec: {
    type,
    clusterIPs: ['10.96.0.10'],
    ipFamilies: ['IPv4'],
    selector: { b: '2', a: '1' },
    ports: [{ port: 80 }],
  },
  status: {
    loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP', ports: [] }] },
    conditions: [
      {
        type: 'herald.io/AddressAllocated',
        status: 'True' as const,
        reason: 'Allocated',
        message: '',
        lastTransitionTime: '',
      },
      { type: 'example.org/Other', status: 'True' as const, reason: 'x', message: '', lastTransitionTime: '' },
    ],
  },
})

describe('Service', () => {
  it('is cut to what Herald decides by', () => {
    const view = viewService(object('LoadBalancer'))
    assert.equal(view.key, 'web/shop')
    assert.deepEqual(view.labels, { tier: 'front' })
    assert.deepEqual(view.annotations, { 'metallb.io/address-pool': 'p' })
    assert.equal(view.selector, 'a=1,b=2')
    assert.deepEqual(view.ports, [{ protocol: 'TCP', port: 80 }])
    assert.deepEqual(view.ingress, [{ ip: '192.0.2.1', ipMode: 'VIP' }])
    assert.deepEqual(
      view.conditions.map(({ type }) => type),
      ['herald.io/AddressAllocated'],
    )
  })

  it('of another type keeps only what must be taken off it, and shares the rest with all others', () => {
    const view = viewService(object('ClusterIP'))
    assert.deepEqual([view.labels, view.ports, view.clusterIPs, view.selector], [{}, [], [], ''])
    assert.deepEqual(
      [view.annotations, view.ingress.length, view.conditions.length],
      [{ 'metallb.io/address-pool': 'p' }, 1, 1],
    )
    assert.equal(view.ports, viewService({}).ports)
    assert.equal(view.labels, viewService({}).labels)
  })

  it('stands what may be missing', () => {
    assert.equal(viewService({}).type, 'ClusterIP')
    assert.deepEqual(viewService({ spec: { type: 'LoadBalancer' } }).clusterIPs, [])
  })
})
