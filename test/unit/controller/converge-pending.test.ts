import assert from 'node:assert/strict'
import type { AddressPool } from '../../../src/config/address-pool.ts'
import { converge } from '../../../src/controller/converge.ts'
import type { viewService } from '../../../src/resources/service.ts'
import { pool, service } from '../../support/services.ts'
import { addresses, requires, v4, world, written } from './converge-world.ts'

describe('converge', () => {
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
      { spec: requires },
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
})
