import assert from 'node:assert/strict'
import type { AddressPool } from '../../../src/config/address-pool.ts'
import { claim, converge } from '../../../src/controller/converge.ts'
import type { ServiceView } from '../../../src/resources/service.ts'
import { pool, service } from '../../support/services.ts'
import { addresses, prefers, requires, showing, v4, world, written } from './converge-world.ts'

describe('converge', () => {
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
    const one = service('web', { spec: prefers })
    const held = written(one, converge(one, here))
    const grown = pool('p', [...v4, '2001:db8::a/127'])
    here.allocator.setPools([grown])
    assert.deepEqual(addresses(converge(held, { ...here, pools: [grown] })), ['192.0.2.10', '2001:db8::a'])
  })

  const both = ['192.0.2.10-192.0.2.13', '2001:db8::a-2001:db8::d']

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
})
