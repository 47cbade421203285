import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Allocator } from '../../../src/allocator/allocator.ts'
import { chooseAddresses } from '../../../src/allocator/choose-addresses.ts'
import { PoolRoom } from '../../../src/allocator/pool-room.ts'
import { comparePools } from '../../../src/config/address-pool.ts'
import type { Family } from '../../../src/ip/address.ts'
import { pool } from '../../support/services.ts'

describe('the pools that have room', () => {
  it('are found as by looking at each, whatever became full or free', () => {
    const count = 70
    const pools = Array.from({ length: count }, (_, index) =>
      pool(`p${index}`, [`10.0.${index}.0/30`, `2001:db8:${index}::/126`]),
    )
    const step = fc.record({
      place: fc.nat({ max: count - 1 }),
      family: fc.constantFrom<Family>(4, 6),
      full: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), fc.nat({ max: count }), (steps, from) => {
        const room = new PoolRoom(pools)
        const plain = { 4: new Array(count).fill(true), 6: new Array(count).fill(true) }
        for (const { place, family, full } of steps) {
          plain[family][place] = !full
          if (full) room.delete(place, family)
          else room.add(place, family)
        }
        for (const families of [[4], [6], [4, 6]] as Family[][]) {
          const expected = plain[4].findIndex(
            (_, place) => place >= from && families.every(family => plain[family][place]),
          )
          assert.equal(room.next(families, from), expected)
        }
      }),
    )
  })

  it('do not include one that lacks the family', () => {
    const room = new PoolRoom([pool('four', ['192.0.2.0/30']), pool('six', ['2001:db8::/126'])])
    assert.deepEqual([room.next([6], 0), room.next([4], 1), room.next([4, 6], 0)], [1, -1, -1])
    assert.equal(new PoolRoom([]).next([4], 0), -1)
  })

  it('are tried in their order again as soon as an earlier one has an address free', () => {
    const pools = Array.from({ length: 40 }, (_, index) => pool(`p${index + 10}`, [`192.0.2.${index}/32`])).sort(
      comparePools,
    )
    const allocator = new Allocator()
    allocator.setPools(pools)
    const take = (key: string) => {
      const request = { key, namespace: 'default', labels: {}, namespaceLabels: {}, alternatives: [[4 as const]] }
      const choice = chooseAddresses(request, pools, allocator)
      if ('addresses' in choice) allocator.hold(key, choice.addresses)
      return 'pool' in choice ? choice.pool : choice.reason
    }
    for (let index = 0; index < 35; index++) assert.equal(take(`s${index}`), `p${index + 10}`)
    allocator.release('s3')
    allocator.release('s33')
    assert.deepEqual(['x', 'y', 'z'].map(take), ['p13', 'p43', 'p45'])
    assert.deepEqual(['a', 'b', 'c', 'd', 'e'].map(take), ['p46', 'p47', 'p48', 'p49', 'PoolExhausted'])
  })
})
