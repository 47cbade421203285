import assert from 'node:assert/strict'
import type { AddressPool } from '../../../src/config/address-pool.ts'
import { claim, converge } from '../../../src/controller/converge.ts'
import type { viewService } from '../../../src/resources/service.ts'
import { pool, service } from '../../support/services.ts'
import { addresses, showing, v4, world, written } from './converge-world.ts'

describe('converge', () => {
  it('gives the lowest address, says where from, and tells it once', () => {
    const here = world(pool('p', v4))
    const one = service()
    const first = converge(one, here)
    assert.deepEqual(addresses(first), ['192.0.2.10'])
    assert.equal(first.desired?.pool, 'p')
    assert.deepEqual(first.desired?.condition, {
      status: 'True',
      reason: 'Allocated',
      message: '192.0.2.10 from the IPAddressPool "p".',
    })
    assert.deepEqual(first.events, [{ type: 'Normal', reason: 'IPAllocated', message: 'Assigned IP ["192.0.2.10"]' }])
    const again = converge(written(one, first), here)
    assert.deepEqual(again.desired, first.desired)
    assert.deepEqual(again.events, [])
  })

  it('gives the same answer while its own write has not come back', () => {
    const here = world(pool('p', v4))
    assert.deepEqual(addresses(converge(service(), here)), addresses(converge(service(), here)))
  })

  it('keeps what the status shows after a restart, though a lower address is free', () => {
    const held = service('web', {
      metadata: { annotations: { 'metallb.io/ip-allocated-from-pool': 'p' } },
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.11', ipMode: 'VIP' }] } },
    })
    assert.deepEqual(addresses(converge(held, world(pool('p', v4)))), ['192.0.2.11'])
  })

  it('frees the address when the type changes, and removes its marks', () => {
    const here = world(pool('p', v4))
    const held = written(service(), converge(service(), here))
    const decision = converge({ ...held, type: 'ClusterIP' }, here)
    assert.equal(decision.reason, 'NotLoadBalancer')
    assert.deepEqual(decision.desired, { addresses: [], pool: undefined, condition: undefined })
    assert.deepEqual(decision.freed, [{ pool: 'p', family: 4 }, { address: '192.0.2.10' }])
    assert.equal(here.allocator.holding(held.key), undefined)
  })

  const foreign: [what: string, parts: Parameters<typeof viewService>[0]][] = [
    ['ClusterIP', { spec: { type: 'ClusterIP' } }],
    ['ExternalName', { spec: { type: 'ExternalName' } }],
    [
      'another class',
      {
        spec: { loadBalancerClass: 'other.example/lb' },
        status: { loadBalancer: { ingress: [{ ip: '192.0.2.10' }] } },
      },
    ],
  ]
  for (const [what, parts] of foreign) {
    it(`never touches ${what}`, () =>
      assert.equal(converge(service('web', parts), world(pool('p', v4))).desired, undefined))
  }

  it('handles its own class only, when it has one', () => {
    const here = { ...world(pool('p', v4)), loadBalancerClass: 'herald.io/lb' }
    assert.equal(converge(service(), here).reason, 'OtherClass')
    assert.deepEqual(addresses(converge(service('mine', { spec: { loadBalancerClass: 'herald.io/lb' } }), here)), [
      '192.0.2.10',
    ])
  })

  const foreignStatus: [what: string, ingress: object[]][] = [
    ['an address in no pool', [{ ip: '203.0.113.9' }]],
    ['a host name', [{ hostname: 'lb.example' }]],
  ]
  for (const [what, ingress] of foreignStatus) {
    it(`leaves ${what} that it did not write where it is, and says so`, () => {
      const decision = converge(service('web', { status: { loadBalancer: { ingress } } }), world(pool('p', v4)))
      assert.equal(decision.reason, 'ForeignAddress')
      assert.equal(decision.desired?.addresses, undefined)
      assert.equal(decision.desired?.condition?.status, 'False')
    })
  }

  it('replaces an address of its own that has left the pools, and says why', () => {
    const held = service('web', {
      metadata: { annotations: { 'metallb.io/ip-allocated-from-pool': 'gone' } },
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } },
    })
    const decision = converge(held, world(pool('p', v4)))
    assert.deepEqual(addresses(decision), ['192.0.2.10'])
    assert.deepEqual(
      decision.events.map(({ reason }) => reason),
      ['ClearAssignment', 'IPAllocated'],
    )
  })

  it('lets one of two Services keep an address that both show, the other gets a free one', () => {
    const here = world(pool('p', v4))
    const status = { loadBalancer: { ingress: [{ ip: '192.0.2.10' }] } }
    assert.deepEqual(addresses(converge(service('a', { status }), here)), ['192.0.2.10'])
    assert.deepEqual(addresses(converge(service('b', { status }), here)), ['192.0.2.11'])
  })

  it('gives the pool and the address that are asked for, also from a pool without autoAssign', () => {
    const pools = () => [pool('p', v4), pool('q', ['203.0.113.0/24'], { autoAssign: false })]
    const byPool = service('web', { metadata: { annotations: { 'metallb.universe.tf/address-pool': 'q' } } })
    assert.deepEqual(addresses(converge(byPool, world(...pools()))), ['203.0.113.0'])
    const byAddress = service('web', { metadata: { annotations: { 'metallb.io/loadBalancerIPs': '203.0.113.7' } } })
    assert.deepEqual(addresses(converge(byAddress, world(...pools()))), ['203.0.113.7'])
  })

  it('keeps the address while the request cannot be understood', () => {
    const here = world(pool('p', v4))
    const held = written(service(), converge(service(), here))
    const decision = converge({ ...held, loadBalancerIP: 'nonsense' }, here)
    assert.deepEqual(addresses(decision), ['192.0.2.10'])
    assert.equal(decision.desired?.condition?.status, 'True')
    assert.equal(decision.desired?.condition?.reason, 'InvalidRequest')
  })

  it('moves when another pool or address is asked for', () => {
    const here = world(pool('p', v4), pool('q', ['203.0.113.0/24']))
    const held = written(service(), converge(service(), here))
    const moved = converge({ ...held, annotations: { ...held.annotations, 'metallb.io/address-pool': 'q' } }, here)
    assert.deepEqual(
      [addresses(moved), moved.desired?.pool, moved.freed[0]],
      [['203.0.113.0'], 'q', { pool: 'p', family: 4 }],
    )
  })

  it('restores what it decided when somebody edits the status, or the store is late', () => {
    const shown: [what: string, ingress: object[]][] = [
      ['nothing', []],
      ['another address of the pool', [{ ip: '192.0.2.11', ipMode: 'VIP' }]],
      ['an address in no pool', [{ ip: '203.0.113.9', ipMode: 'VIP' }]],
      ['a host name', [{ hostname: 'lb.example' }]],
    ]
    for (const [what, ingress] of shown) {
      const here = world(pool('p', v4))
      const other = converge(service('other'), here)
      const held = written(service(), converge(service(), here))
      assert.deepEqual(addresses(other), ['192.0.2.10'])
      here.allocator.release('default/other') // the lowest is free again: no reason to move
      assert.deepEqual(addresses(converge({ ...held, ingress }, here)), ['192.0.2.11'], what)
    }
  })

  it('never wipes a status that it did not write', () => {
    const status = { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } }
    for (const spec of [{ loadBalancerIP: 'nonsense' }, { clusterIPs: ['None'] }, {}]) {
      const decision = converge(service('web', { spec, status }), world(pool('p', v4)))
      assert.deepEqual([decision.reason, decision.desired?.addresses], ['ForeignAddress', undefined])
    }
  })

  it('takes an empty annotation for none', () => {
    for (const loadBalancerIP of [undefined, '192.0.2.11']) {
      const annotations = { 'metallb.io/loadBalancerIPs': '', 'metallb.io/address-pool': '' }
      const one = service('web', { metadata: { annotations }, spec: { ...(loadBalancerIP && { loadBalancerIP }) } })
      assert.deepEqual(addresses(converge(one, world(pool('p', v4)))), [loadBalancerIP ?? '192.0.2.10'])
    }
  })

  it('decides nothing while the namespace is unknown, and holds what the Service shows', () => {
    const here = { ...world(pool('p', v4)), namespaceLabels: () => undefined }
    const decision = converge(showing('web', ['192.0.2.11']), here)
    assert.deepEqual([decision.reason, decision.desired], ['UnknownNamespace', undefined])
    assert.equal(here.allocator.holding('default/web')?.addresses.length, 1)
    assert.equal(converge(service('new'), here).desired, undefined)
    assert.equal(here.allocator.holding('default/new'), undefined)
  })

  describe('while the pool is refused', () => {
    const refusing = (...pools: AddressPool[]) => ({ ...world(...pools), isRefused: (name: string) => name === 'p' })

    it('lets the Services keep its addresses, also over a restart, and gives out none', () => {
      // The address lies in no pool that stands; or in one that took the range over.
      for (const here of [refusing(), refusing(pool('q', v4))]) {
        const one = showing('web', ['192.0.2.11'])
        claim(one, here)
        const decision = converge(one, here)
        assert.deepEqual(
          [addresses(decision), decision.desired?.pool, decision.reason],
          [['192.0.2.11'], 'p', 'Allocated'],
        )
        assert.deepEqual(decision.events, [])
        const fresh = service('new', { metadata: { annotations: { 'metallb.io/address-pool': 'p' } } })
        assert.ok(['UnknownPool', 'NoPool'].includes(converge(fresh, here).reason))
      }
    })

    it('lets a Service leave for another pool that it asks for', () => {
      const here = refusing(pool('q', ['203.0.113.0/24']))
      const moved = converge(showing('web', ['192.0.2.11'], {}, { 'metallb.io/address-pool': 'q' }), here)
      assert.deepEqual([addresses(moved), moved.desired?.pool], [['203.0.113.0'], 'q'])
    })

    it('does not let two Services keep one address', () => {
      const here = refusing(pool('q', ['203.0.113.0/24']))
      assert.deepEqual(addresses(converge(showing('a', ['192.0.2.11']), here)), ['192.0.2.11'])
      assert.deepEqual(addresses(converge(showing('b', ['192.0.2.11']), here)), ['203.0.113.0'])
    })
  })
})
