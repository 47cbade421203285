import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type AddressGroup, type Claim, groupAddresses } from '../../../src/layer2/group.ts'
import { GroupIndex } from '../../../src/layer2/group-index.ts'

const sets = [['a', 'b'], ['b', 'c'], ['c'], []].map(nodes => new Map(nodes.map((node, score) => [node, score])))

function claim(...items: [last: number, set: number][]): Claim {
  return { addresses: items.map(([last, set]) => ({ address: `192.0.2.${last}`, candidates: sets[set]! })) }
}

function byAddress(groups: Iterable<AddressGroup>): AddressGroup[] {
  return [...groups].sort((a, b) => (a.address < b.address ? -1 : 1))
}

describe('group index', () => {
  it('touches only what hangs together with a claim', () => {
    const index = new GroupIndex()
    index.set('one', claim([1, 0]))
    index.set('two', claim([2, 0], [3, 0]))
    index.update()
    index.set('three', claim([3, 0], [4, 0]))
    const { addresses, groups, gone } = index.update()
    assert.deepEqual([...addresses].sort(), ['192.0.2.2', '192.0.2.3', '192.0.2.4'])
    assert.deepEqual(
      groups.map(group => group.addresses),
      [['192.0.2.2', '192.0.2.3', '192.0.2.4']],
    )
    assert.deepEqual([...gone], [])
    index.set('two', undefined)
    const after = index.update()
    assert.deepEqual([...after.addresses].sort(), ['192.0.2.2', '192.0.2.3', '192.0.2.4'])
    assert.deepEqual([...after.gone], ['192.0.2.2'])
    assert.equal(index.groupOf('192.0.2.4')?.address, '192.0.2.3')
    assert.equal(index.groupOf('192.0.2.2'), undefined)
    assert.deepEqual([...index.claimants('192.0.2.3')], ['three'])
    assert.deepEqual(index.update(), { addresses: new Set(), groups: [], gone: new Set() })
  })

  it('groups in steps as groupAddresses() does at once', () => {
    const item = fc.tuple(fc.nat(12), fc.nat(sets.length - 1))
    const change = fc.tuple(
      fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      fc.option(fc.array(item, { maxLength: 3 }), { nil: undefined }),
    )
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 15 }), steps => {
        const index = new GroupIndex()
        const claims = new Map<string, Claim>()
        const known = new Map<string, AddressGroup>()
        for (const step of steps) {
          for (const [service, items] of step) {
            const changed = items && claim(...items)
            index.set(service, changed)
            if (changed && changed.addresses.length > 0) claims.set(service, changed)
            else claims.delete(service)
          }
          const { groups, gone } = index.update()
          for (const address of gone) assert.ok(known.delete(address))
          for (const group of groups) known.set(group.address, group)
          const expected = byAddress(groupAddresses(claims.values()))
          assert.deepEqual(byAddress(known.values()), expected)
          for (const group of expected) {
            for (const address of group.addresses) assert.deepEqual(index.groupOf(address), group)
          }
        }
      }),
      { numRuns: 200 },
    )
  })
})
