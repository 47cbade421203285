import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  type AddressPoolResource,
  comparePools,
  parseAddressPool,
  poolContains,
  poolServes,
} from '../../../src/config/address-pool.ts'
import { combinePools, poolOf } from '../../../src/config/pool-set.ts'
import { address } from '../../support/addresses.ts'
import { pool } from '../../support/services.ts'

describe('IPAddressPool', () => {
  const bad: [what: string, spec: unknown, field: string, message: RegExp][] = [
    ['no addresses', {}, 'spec.addresses', /at least one/],
    ['an empty list', { addresses: [] }, 'spec.addresses', /at least one/],
    ['a number', { addresses: [7] }, 'spec.addresses[0]', /must be text/],
    ['nonsense', { addresses: ['192.0.2.0/24', '10.0.0.300'] }, 'spec.addresses[1]', /"10.0.0.300" is neither/],
    ['a reversed range', { addresses: ['10.0.0.9-10.0.0.1'] }, 'spec.addresses[0]', /starts after it ends/],
    [
      'an overlap in itself',
      { addresses: ['192.0.2.0/24', '192.0.2.9/32'] },
      'spec.addresses[1]',
      /overlaps with already defined CIDR ".*" in spec\.addresses\[0\]/,
    ],
    [
      'a namespace twice',
      { addresses: ['192.0.2.0/24'], serviceAllocation: { namespaces: ['a', 'b', 'a'] } },
      'spec.serviceAllocation.namespaces[2]',
      /"a" is listed twice/,
    ],
    [
      'a bad operator',
      {
        addresses: ['192.0.2.0/24'],
        serviceAllocation: { serviceSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Like' }] }] },
      },
      'spec.serviceAllocation.serviceSelectors[0]',
      /Like/,
    ],
  ]
  for (const [what, spec, field, message] of bad) {
    it(`refuses ${what}, and names the field`, () => {
      const metadata = { name: 'p', labels: { zone: 'dmz' } }
      const parsed = parseAddressPool({ metadata, spec: spec as AddressPoolResource['spec'] })
      assert.ok('problem' in parsed)
      assert.equal(parsed.problem.field, field)
      assert.match(parsed.problem.message, message)
      assert.deepEqual(parsed.named, { name: 'p', labels: { zone: 'dmz' } })
    })
  }

  it('never throws on what the schema lets through', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.integer())),
        addresses => void parseAddressPool({ spec: { addresses } }),
      ),
    )
  })

  it('avoids .0 and .255 of IPv4 only', () => {
    const careful = pool('p', ['192.0.2.0/23', '2001:db8::/120'], { avoidBuggyIPs: true })
    assert.deepEqual(
      ['192.0.2.0', '192.0.2.255', '192.0.3.0', '192.0.2.1', '2001:db8::', '2001:db8::ff'].map(text =>
        poolContains(careful, address(text)),
      ),
      [false, false, false, true, true, true],
    )
  })

  describe('serviceAllocation', () => {
    const applicant = { namespace: 'shop', labels: { tier: 'web' } }
    const team = { matchLabels: { team: 'a' } }
    const tier = { matchLabels: { tier: 'web' } }
    const rows: [what: string, allocation: object | undefined, serves: boolean][] = [
      ['none', undefined, true],
      ['empty', {}, true],
      ['only a priority', { priority: 5 }, true],
      ['the namespace by name', { namespaces: ['shop'] }, true],
      ['another namespace', { namespaces: ['bank'] }, false],
      ['the namespace by label', { namespaceSelectors: [team] }, true],
      ['a selector that matches no namespace', { namespaceSelectors: [{ matchLabels: { team: 'z' } }] }, false],
      ['the Service by label', { serviceSelectors: [tier] }, true],
      [
        'namespace right, Service wrong',
        { namespaces: ['shop'], serviceSelectors: [{ matchLabels: { tier: 'db' } }] },
        false,
      ],
      ['namespace wrong, Service right', { namespaces: ['bank'], serviceSelectors: [tier] }, false],
      ['either namespace part', { namespaces: ['bank'], namespaceSelectors: [team] }, true],
    ]
    for (const [what, serviceAllocation, serves] of rows) {
      it(`${what}: ${serves ? 'serves' : 'does not serve'}`, () => {
        const one = pool('p', ['192.0.2.0/24'], serviceAllocation && { serviceAllocation })
        assert.equal(poolServes(one, applicant, { team: 'a' }), serves)
      })
    }
  })

  it('is tried by priority, 0 last among those with serviceAllocation, the others after them, ties by name', () => {
    const range = ['192.0.2.0/24']
    const pools = [
      pool('z', range),
      pool('a', range),
      pool('zero', range, { serviceAllocation: { priority: 0 } }),
      pool('second', range, { serviceAllocation: { priority: 20 } }),
      pool('first', range, { serviceAllocation: { priority: 10 } }),
      pool('also-first', range, { serviceAllocation: { priority: 10 } }),
    ]
    assert.deepEqual(
      pools.sort(comparePools).map(({ name }) => name),
      ['also-first', 'first', 'second', 'zero', 'a', 'z'],
    )
  })
})

describe('a set of pools', () => {
  it('keeps the older of two that overlap, and says so of the younger', () => {
    const older = pool('older', ['192.0.2.0/25'], {}, 1_000)
    const younger = pool('a-younger', ['198.51.100.0/24', '192.0.2.100-192.0.2.200'], {}, 2_000)
    const third = pool('third', ['203.0.113.0/24'], {}, 3_000)
    const { pools, refused } = combinePools([younger, third, older])
    assert.deepEqual(
      pools.map(({ name }) => name),
      ['older', 'third'],
    )
    assert.deepEqual([...refused.keys()], ['a-younger'])
    assert.equal(refused.get('a-younger')?.field, 'spec.addresses[1]')
    assert.match(refused.get('a-younger')?.message ?? '', /overlaps with already defined CIDR .* "older"/)
  })

  it('finds the pool of an address', () => {
    const set = combinePools([pool('a', ['192.0.2.0/25']), pool('b', ['2001:db8::/64'])])
    assert.equal(poolOf(set, address('192.0.2.5'))?.name, 'a')
    assert.equal(poolOf(set, address('2001:db8::5'))?.name, 'b')
    assert.equal(poolOf(set, address('192.0.2.200')), undefined)
  })
})
