import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Candidates } from '../../../src/layer2/election.ts'
import { type Claim, groupAddresses } from '../../../src/layer2/group.ts'

const both: Candidates = new Map([
  ['node-a', 0],
  ['node-b', 0],
])
const onlyB: Candidates = new Map([['node-b', 3]])
const onlyC: Candidates = new Map([['node-c', 0]])

describe('address groups', () => {
  it('keep the addresses of different Services apart', () => {
    assert.deepEqual(shape([claim(both, '192.0.2.1'), claim(both, '192.0.2.2')]), [['192.0.2.1'], ['192.0.2.2']])
  })

  it('tie the addresses of a dual-stack Service, elected on the IPv4 address', () => {
    const [group] = groupAddresses([claim(both, '2001:db8::1', '203.0.113.1')])
    assert.deepEqual(group, {
      address: '203.0.113.1',
      addresses: ['203.0.113.1', '2001:db8::1'],
      size: 2,
      candidates: both,
    })
  })

  it('tie Services through an address that they share', () => {
    const claims = [
      claim(both, '192.0.2.1', '2001:db8::1'),
      claim(both, '192.0.2.2', '2001:db8::2'),
      claim(both, '2001:db8::1'),
      claim(both, '2001:db8::2', '192.0.2.3'),
    ]
    assert.deepEqual(shape(claims), [
      ['192.0.2.1', '2001:db8::1'],
      ['192.0.2.2', '192.0.2.3', '2001:db8::2'],
    ])
  })

  it('have the candidates that all have, with the strongest preference', () => {
    const [group] = groupAddresses([claim(both, '192.0.2.1'), claim(onlyB, '192.0.2.1')])
    assert.deepEqual(group?.candidates, new Map([['node-b', 3]]))
  })

  it('come apart where no node is a candidate for all', () => {
    const addresses = [
      { address: '192.0.2.1', candidates: onlyB },
      { address: '2001:db8::1', candidates: onlyC },
    ]
    assert.deepEqual(
      groupAddresses([{ addresses }]).map(({ addresses, candidates }) => [addresses, candidates]),
      [
        [['192.0.2.1'], onlyB],
        [['2001:db8::1'], onlyC],
      ],
    )
  })

  it('are the same in whatever order the claims come, and hold each address once', () => {
    const claims = fc
      .array(fc.array(fc.nat(12), { minLength: 1, maxLength: 3 }), { maxLength: 12 })
      .map(list => list.map(numbers => claim(both, ...numbers.map(number => `192.0.2.${number}`))))
    fc.assert(
      fc.property(claims, list => {
        const expected = shape(list)
        assert.deepEqual(shape(list.toReversed()), expected)
        const all = expected.flat()
        assert.equal(new Set(all).size, all.length)
        for (const { addresses } of list) {
          const own = addresses.map(({ address }) => address)
          assert.ok(expected.some(group => own.every(address => group.includes(address))))
        }
      }),
    )
  })
})

function claim(candidates: Candidates, ...addresses: string[]): Claim {
  return { addresses: addresses.map(address => ({ address, candidates })) }
}

function shape(claims: readonly Claim[]): string[][] {
  return groupAddresses(claims)
    .map(({ addresses }) => [...addresses])
    .sort((a, b) => (a[0]! < b[0]! ? -1 : 1))
}
