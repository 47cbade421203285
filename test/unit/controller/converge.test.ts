import assert from 'node:assert/strict'
import { Allocator } from '../../../src/allocator/allocator.ts'
import { type AddressPool, comparePools } from '../../../src/config/address-pool.ts'
import { ADDRESS_ALLOCATED } from '../../../src/controller/conditions.ts'
import { claim, converge, type Decision } from '../../../src/controller/converge.ts'
import type { World } from '../../../src/controller/world.ts'
import { formatAddress } from '../../../src/ip/address.ts'
import type { ServiceView, viewService } from '../../../src/resources/service.ts'
import { pool, reservation, service } from '../../support/services.ts'

function world(...pools: AddressPool[]): World {
  const allocator = new Allocator()
  pools.sort(comparePools)
  allocator.setPools(pools)
  return {
    allocator,
    pools,
    loadBalancerClass: '',
    isRefused: () => false,
    namespaceLabels: () => ({}),
  }
}

/** The Service as it stands once the decision has been written. */
function written(before: ServiceView, { desired }: Decision): ServiceView {
  assert.ok(desired)
  const { condition } = desired
  return {
    ...before,
    ingress: desired.addresses
      ? desired.addresses.map(one => ({ ip: formatAddress(one), ipMode: 'VIP' }))
      : before.ingress,
    annotations: desired.pool ? { ...before.annotations, 'metallb.io/ip-allocated-from-pool': desired.pool } : {},
    conditions: condition
      ? [{ type: ADDRESS_ALLOCATED, ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }]
      : [],
  }
}

function addresses({ desired }: Decision): string[] {
  return (desired?.addresses ?? []).map(formatAddress)
}

const v4 = ['192.0.2.10-192.0.2.11']
const dual = { clusterIPs: ['10.96.0.1', 'fd00::1'] }

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

  const pending: [
    what: string,
    parts: Parameters<typeof viewService>[0],
    pools: AddressPool[],
    reason: string,
    message: RegExp,
  ][] = [
    ['without any pool', {}, [], 'NoPool', /no IPAddressPool/],
    [
      'when no pool assigns by itself',
      {},
      [pool('p', v4, { autoAssign: false })],
      'NoMatchingPool',
      /"p" serves only those that ask/,
    ],
    [
      'when no pool has the family',
      {},
      [pool('six', ['2001:db8::/120'])],
      'FamilyNotAvailable',
      /IPv4.*"six" has no addresses of the family/,
    ],
    [
      'when it asks for a pool that is not there',
      { metadata: { annotations: { 'metallb.io/address-pool': 'x' } } },
      [pool('p', v4)],
      'UnknownPool',
      /"x"/,
    ],
    [
      'when it asks for a pool that excludes it',
      { metadata: { annotations: { 'metallb.io/address-pool': 'p' } } },
      [pool('p', v4, { serviceAllocation: { namespaces: ['bank'] } })],
      'PoolNotAllowed',
      /"p" does not serve/,
    ],
    [
      'when it asks for nonsense',
      { spec: { loadBalancerIP: '10.0.0.300' } },
      [pool('p', v4)],
      'InvalidRequest',
      /"10.0.0.300" is not an IP/,
    ],
    [
      'when it asks twice',
      {
        metadata: { annotations: { 'metallb.io/loadBalancerIPs': '192.0.2.10' } },
        spec: { loadBalancerIP: '192.0.2.10' },
      },
      [pool('p', v4)],
      'InvalidRequest',
      /both set/,
    ],
    [
      'when it asks for the other family',
      { spec: { loadBalancerIP: '2001:db8::1' } },
      [pool('p', v4)],
      'InvalidRequest',
      /needs one IPv4/,
    ],
    [
      'when it asks for an address outside',
      { spec: { loadBalancerIP: '203.0.113.1' } },
      [pool('p', v4)],
      'AddressNotInPool',
      /203.0.113.1/,
    ],
    ['without a cluster IP', { spec: { clusterIPs: ['None'] } }, [pool('p', v4)], 'NoClusterIP', /headless/],
    [
      'when dual stack is required and one is there',
      { spec: { ipFamilyPolicy: 'RequireDualStack' } },
      [pool('p', v4)],
      'NotEnoughClusterIPs',
      /dual/,
    ],
    [
      'when dual stack is required and the pool has one family',
      { spec: { ...dual, ipFamilyPolicy: 'RequireDualStack' } },
      [pool('p', v4)],
      'FamilyNotAvailable',
      /IPv4 and IPv6/,
    ],
  ]
  for (const [what, parts, pools, reason, message] of pending) {
    it(`is pending ${what}: ${reason}`, () => {
      const here = world(...pools)
      const one = service('web', parts)
      const decision = converge(one, here)
      assert.deepEqual(decision.desired?.addresses, [])
      assert.equal(decision.desired?.condition?.status, 'False')
      assert.equal(decision.desired?.condition?.reason, reason)
      assert.match(decision.desired?.condition?.message ?? '', message)
      assert.equal(decision.events.length, 1)
      assert.equal(decision.events[0]?.type, 'Warning')
      assert.deepEqual(
        converge({ ...written(one, decision), annotations: one.annotations }, here).events,
        [],
        'told once',
      )
    })
  }

  it('is pending while the pool is full, and gets the address that becomes free', () => {
    const here = world(pool('p', ['192.0.2.10/32']))
    const first = written(service('first'), converge(service('first'), here))
    const second = converge(service('second'), here)
    assert.equal(second.reason, 'PoolExhausted')
    assert.match(second.desired?.condition?.message ?? '', /"p" has no free address/)
    here.allocator.release(first.key)
    assert.deepEqual(addresses(converge(service('second'), here)), ['192.0.2.10'])
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

  const families: [policy: string, clusterIPs: string[], pools: AddressPool[], expected: string[]][] = [
    ['SingleStack', ['fd00::1'], [pool('p', [...v4, '2001:db8::a/127'])], ['2001:db8::a']],
    [
      'PreferDualStack',
      ['10.96.0.1', 'fd00::1'],
      [pool('p', v4), pool('q', ['192.0.2.99/32', '2001:db8::a/127'])],
      ['192.0.2.99', '2001:db8::a'],
    ],
    ['PreferDualStack', ['10.96.0.1', 'fd00::1'], [pool('p', v4)], ['192.0.2.10']],
    ['PreferDualStack', ['fd00::1', '10.96.0.1'], [pool('p', v4), pool('q', ['2001:db8::a/127'])], ['2001:db8::a']],
    ['PreferDualStack', ['10.96.0.1'], [pool('p', [...v4, '2001:db8::a/127'])], ['192.0.2.10']],
    [
      'RequireDualStack',
      ['fd00::1', '10.96.0.1'],
      [pool('p', [...v4, '2001:db8::a/127'])],
      ['192.0.2.10', '2001:db8::a'],
    ],
  ]
  for (const [ipFamilyPolicy, clusterIPs, pools, expected] of families) {
    it(`${ipFamilyPolicy} with ${clusterIPs} and ${pools.length} pool(s) gives ${expected}`, () => {
      assert.deepEqual(
        addresses(converge(service('web', { spec: { clusterIPs, ipFamilyPolicy } }), world(...pools))),
        expected,
      )
    })
  }

  it('adds the second family from the same pool as soon as it has one, and keeps the first', () => {
    const here = world(pool('p', v4))
    const one = service('web', { spec: { ...dual, ipFamilyPolicy: 'PreferDualStack' } })
    const held = written(one, converge(one, here))
    const grown = pool('p', [...v4, '2001:db8::a/127'])
    here.allocator.setPools([grown])
    assert.deepEqual(addresses(converge(held, { ...here, pools: [grown] })), ['192.0.2.10', '2001:db8::a'])
  })

  const prefers = { ...dual, ipFamilyPolicy: 'PreferDualStack' }
  const requires = { ...dual, ipFamilyPolicy: 'RequireDualStack' }
  const both = ['192.0.2.10-192.0.2.13', '2001:db8::a-2001:db8::d']
  const showing = (name: string, ips: string[], spec: object = {}, annotations: Record<string, string> = {}) =>
    service(name, {
      metadata: { annotations: { 'metallb.io/ip-allocated-from-pool': 'p', ...annotations } },
      spec,
      status: { loadBalancer: { ingress: ips.map(ip => ({ ip, ipMode: 'VIP' })) } },
    })

  // What is free below it would be taken instead, were the address given up and asked for anew.
  const changes: [what: string, one: ServiceView, pools: AddressPool[], expected: string[]][] = [
    [
      'IPv6 is required beside IPv4',
      showing('web', ['192.0.2.12'], requires),
      [pool('p', both)],
      ['192.0.2.12', '2001:db8::a'],
    ],
    [
      'IPv4 is required beside IPv6',
      showing('web', ['2001:db8::c'], requires),
      [pool('p', both)],
      ['2001:db8::c', '192.0.2.10'],
    ],
    ['dual stack is given up', showing('web', ['192.0.2.12', '2001:db8::c']), [pool('p', both)], ['192.0.2.12']],
    [
      'the pool loses its IPv6 range',
      showing('web', ['192.0.2.12', '2001:db8::c'], prefers),
      [pool('p', both.slice(0, 1))],
      ['192.0.2.12'],
    ],
    [
      'the pool changes its IPv6 range',
      showing('web', ['192.0.2.12', '2001:db8::c'], requires),
      [pool('p', ['192.0.2.10-192.0.2.13', '2001:db8:1::/64'])],
      ['192.0.2.12', '2001:db8:1::'],
    ],
    [
      'the status shows two of one family',
      showing('web', ['192.0.2.12', '192.0.2.13']),
      [pool('p', both)],
      ['192.0.2.12'],
    ],
  ]
  for (const [what, one, pools, expected] of changes) {
    it(`keeps the address that may be kept when ${what}`, () => {
      const here = world(...pools)
      claim(one, here)
      const decision = converge(one, here)
      assert.deepEqual(addresses(decision), expected)
      assert.deepEqual(converge(written(one, decision), here).events, [])
    })
  }

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

  it('waits for a second address while its pool may yet have one, and only then', () => {
    const rows: [pools: AddressPool[], spec: object, incomplete: boolean][] = [
      [[pool('p', ['192.0.2.10/31', '2001:db8::a/128'])], prefers, true],
      [[pool('p', v4)], prefers, false],
      [[pool('p', ['192.0.2.10/31', '2001:db8::a/128'])], {}, false],
    ]
    for (const [pools, spec, incomplete] of rows) {
      const here = world(...pools)
      converge(service('six', { spec: { clusterIPs: ['fd00::6'] } }), here)
      const decision = converge(service('web', { spec }), here)
      assert.deepEqual([addresses(decision), decision.incomplete ?? false], [['192.0.2.10'], incomplete])
    }
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

  describe('sharing', () => {
    const sharing = (name: string, key: string, port: number, parts: Parameters<typeof viewService>[0] = {}) =>
      service(name, {
        ...parts,
        metadata: { annotations: { 'metallb.io/allow-shared-ip': key, ...parts.metadata?.annotations } },
        spec: { ports: [{ port }], ...parts.spec },
      })

    it('is asked for by annotation: the second with the same key gets the same address, when no lower one is free', () => {
      const here = world(pool('p', ['192.0.2.10/32']))
      assert.deepEqual(addresses(converge(sharing('a', 'k', 80), here)), ['192.0.2.10'])
      assert.deepEqual(addresses(converge(sharing('b', 'k', 443), here)), ['192.0.2.10'])
      assert.equal(converge(sharing('c', 'k', 80), here).reason, 'PoolExhausted')
      assert.equal(converge(sharing('d', 'other', 81), here).reason, 'PoolExhausted')
      assert.equal(converge(service('e'), here).reason, 'PoolExhausted')
    })

    it('prefers a lower free address to a higher shared one', () => {
      const here = world(pool('p', v4))
      converge(sharing('a', 'k', 80, { spec: { loadBalancerIP: '192.0.2.11' } }), here)
      assert.deepEqual(addresses(converge(sharing('b', 'k', 443), here)), ['192.0.2.10'])
    })

    it('is settled by asking for the address, and says why it cannot be', () => {
      const here = world(pool('p', v4))
      const asking = { spec: { loadBalancerIP: '192.0.2.11' } }
      converge(sharing('a', 'k', 80, asking), here)
      assert.deepEqual(addresses(converge(sharing('b', 'k', 443, asking), here)), ['192.0.2.11'])
      const rows: [ServiceView, RegExp][] = [
        [sharing('c', 'k', 80, asking), /"default\/a" holds: both have the same port/],
        [sharing('d', 'other', 81, asking), /annotations metallb.io\/allow-shared-ip differ/],
        [service('e', asking), /only where both have the annotation/],
        [
          sharing('f', 'k', 82, {
            spec: { ...asking.spec, externalTrafficPolicy: 'Local', selector: { app: 'f' }, ports: [{ port: 82 }] },
          }),
          /externalTrafficPolicy/,
        ],
      ]
      for (const [one, message] of rows) {
        const decision = converge(one, here)
        assert.equal(decision.reason, 'AddressInUse')
        assert.match(decision.desired?.condition?.message ?? '', message)
      }
    })

    it('is kept after a restart, whoever comes first', () => {
      const status = { loadBalancer: { ingress: [{ ip: '192.0.2.11' }] } }
      const here = world(pool('p', v4))
      assert.deepEqual(addresses(converge(sharing('b', 'k', 443, { status }), here)), ['192.0.2.11'])
      assert.deepEqual(addresses(converge(sharing('a', 'k', 80, { status }), here)), ['192.0.2.11'])
    })

    it('ends for the one that changes its key or takes a port of another, not for the others', () => {
      const here = world(pool('p', v4))
      const asking = { spec: { loadBalancerIP: '192.0.2.11' } }
      converge(sharing('a', 'k', 80, asking), here)
      const b = sharing('b', 'k', 443, asking)
      const held = written(b, converge(b, here))
      const { loadBalancerIP: _, ...free } = held
      const moved = converge(
        { ...free, annotations: { ...held.annotations, 'metallb.io/allow-shared-ip': 'other' } },
        here,
      )
      assert.deepEqual(addresses(moved), ['192.0.2.10'])
      assert.deepEqual(
        moved.events.map(({ reason }) => reason),
        ['ClearAssignment', 'IPAllocated'],
      )
      assert.match(moved.events[0]?.message ?? '', /held by the Service "default\/a"/)
      assert.equal(here.allocator.holding('default/a')?.addresses.length, 1)
    })

    it('wakes others when the terms change', () => {
      const here = world(pool('p', v4))
      const a = service('a')
      const held = written(a, converge(a, here))
      assert.deepEqual(converge(held, here).freed, [])
      const annotations = { ...held.annotations, 'metallb.io/allow-shared-ip': 'k' }
      assert.deepEqual(converge({ ...held, annotations }, here).freed, [{ address: '192.0.2.10' }, { sharingKey: 'k' }])
      assert.deepEqual(converge({ ...held, annotations }, here).freed, [])
    })
  })

  describe('reservations', () => {
    const here = (...kept: Parameters<typeof reservation>[]) => {
      const one = world(pool('p', ['192.0.2.10-192.0.2.13']))
      one.allocator.setReservations(kept.map(parts => reservation(...parts)))
      return one
    }

    it('give a Service the same address when it is deleted and made again', () => {
      const one = here(['shop', ['192.0.2.12'], 'default/shop'])
      assert.deepEqual(addresses(converge(service('web'), one)), ['192.0.2.10'])
      assert.deepEqual(addresses(converge(service('shop'), one)), ['192.0.2.12'])
      one.allocator.release('default/shop')
      assert.deepEqual(addresses(converge(service('more'), one)), ['192.0.2.11'])
      assert.deepEqual(addresses(converge(service('shop'), one)), ['192.0.2.12'])
    })

    it('keep an address from those that ask for it, by name', () => {
      const decision = converge(
        service('web', { spec: { loadBalancerIP: '192.0.2.12' } }),
        here(['shop', ['192.0.2.12'], 'default/shop']),
      )
      assert.equal(decision.reason, 'AddressReserved')
      assert.match(decision.desired?.condition?.message ?? '', /AddressReservation "shop" keeps from it/)
    })

    it('move a Service that holds one of their addresses, and say why', () => {
      const one = here()
      const web = service('web')
      const held = written(web, converge(web, one))
      one.allocator.setReservations([reservation('gateway', ['192.0.2.10'])])
      const moved = converge(held, one)
      assert.deepEqual(addresses(moved), ['192.0.2.11'])
      assert.match(
        moved.events[0]?.message ?? '',
        /192.0.2.10 is kept from the Service by the AddressReservation "gateway"/,
      )
    })

    it('leave a Service where it is that holds another address', () => {
      const one = here()
      const web = service('web')
      const held = written(web, converge(web, one))
      one.allocator.setReservations([reservation('web', ['192.0.2.13'], 'default/web')])
      assert.deepEqual(addresses(converge(held, one)), ['192.0.2.10'])
    })
  })
})
