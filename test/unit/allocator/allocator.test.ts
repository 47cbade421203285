import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Allocator } from '../../../src/allocator/allocator.ts'
import { UNSHARED } from '../../../src/allocator/sharing.ts'
import { formatAddress } from '../../../src/ip/address.ts'
import { address } from '../../support/addresses.ts'
import { pool } from '../../support/services.ts'

function allocatorWith(...pools: ReturnType<typeof pool>[]): Allocator {
  const allocator = new Allocator()
  allocator.setPools(pools)
  return allocator
}

describe('Allocator', () => {
  const range = ['192.0.2.10-192.0.2.12']

  it('holds, refuses what another holds, and frees', () => {
    const allocator = allocatorWith(pool('p', range))
    assert.deepEqual(allocator.hold('a', [address('192.0.2.10')]), {
      holding: { pool: 'p', addresses: [address('192.0.2.10')] },
    })
    assert.deepEqual(allocator.hold('b', [address('192.0.2.10')]), {
      refused: 'in-use',
      by: 'a',
      objection: 'not-shared',
    })
    assert.deepEqual(allocator.inUse('p'), { 4: 1, 6: 0 })
    assert.equal(allocator.release('a')?.pool, 'p')
    assert.equal(allocator.release('a'), undefined)
    assert.ok('holding' in allocator.hold('b', [address('192.0.2.10')]))
  })

  it('refuses what lies in no pool, and addresses of two pools at once', () => {
    const allocator = allocatorWith(pool('p', range), pool('six', ['2001:db8::/120']))
    assert.deepEqual(allocator.hold('a', [address('192.0.2.13')]), { refused: 'not-in-pool' })
    assert.deepEqual(allocator.hold('a', [address('192.0.2.10'), address('2001:db8::1')]), { refused: 'several-pools' })
    assert.equal(allocator.holding('a'), undefined)
  })

  it('keeps what a holder had when the new hold is refused', () => {
    const allocator = allocatorWith(pool('p', range))
    allocator.hold('a', [address('192.0.2.10')])
    allocator.hold('b', [address('192.0.2.11')])
    assert.ok('refused' in allocator.hold('b', [address('192.0.2.10')]))
    assert.deepEqual(allocator.holding('b')?.addresses.map(formatAddress), ['192.0.2.11'])
  })

  it('frees the old address when a holder moves', () => {
    const allocator = allocatorWith(pool('p', range))
    allocator.hold('a', [address('192.0.2.10')])
    allocator.hold('a', [address('192.0.2.12')])
    assert.equal(allocator.useAgainst('b', address('192.0.2.10'), UNSHARED), undefined)
    assert.equal(formatAddress(allocator.lowestFor('x', 'p', 4) ?? assert.fail()), '192.0.2.10')
  })

  it('tells who holds of a pool that changed, and takes the hold of what has left it', () => {
    const allocator = allocatorWith(pool('p', range), pool('q', ['198.51.100.0/24']))
    allocator.hold('a', [address('192.0.2.10')])
    allocator.hold('b', [address('192.0.2.12')])
    allocator.hold('c', [address('198.51.100.1')])
    const q = pool('q', ['198.51.100.0/24'])
    assert.deepEqual(allocator.setPools([pool('p', ['192.0.2.10-192.0.2.11']), q]), ['a', 'b', 'c'])
    assert.equal(allocator.holding('b'), undefined)
    assert.deepEqual(allocator.inUse('p'), { 4: 1, 6: 0 })
    assert.deepEqual(allocator.setPools([pool('renamed', ['192.0.2.10-192.0.2.11']), q]), ['a'])
    assert.equal(allocator.holding('a')?.pool, 'renamed')
    assert.deepEqual(allocator.inUse('renamed'), { 4: 1, 6: 0 })
    assert.deepEqual(allocator.inUse('q'), { 4: 1, 6: 0 })
  })

  it('lets what is held of a refused pool be held, gives it to nobody else, and frees it when the pool goes', () => {
    const allocator = allocatorWith(pool('p', range))
    allocator.hold('a', [address('192.0.2.10')])
    const taker = pool('q', range)
    assert.deepEqual(
      allocator.setPools([taker], name => name === 'p'),
      [],
    )
    assert.deepEqual(allocator.inUse('p'), { 4: 1, 6: 0 })
    assert.equal(formatAddress(allocator.lowestFor('x', 'q', 4) ?? assert.fail()), '192.0.2.11')
    allocator.hold('b', [address('192.0.2.11')])
    assert.equal(formatAddress(allocator.lowestFor('x', 'q', 4) ?? assert.fail()), '192.0.2.12')
    allocator.release('a')
    assert.equal(formatAddress(allocator.lowestFor('x', 'q', 4) ?? assert.fail()), '192.0.2.10')

    assert.ok('holding' in allocator.hold('c', [address('203.0.113.1')], UNSHARED, 'p'))
    assert.deepEqual(allocator.setPools([taker]), ['c'], 'deleted')
    assert.equal(allocator.holding('c'), undefined)
    assert.deepEqual(allocator.inUse('p'), { 4: 0, 6: 0 })
  })

  it('never gives an address twice, and counts what is held, whatever happens', () => {
    const keys = ['a', 'b', 'c', 'd']
    const wide = pool('p', ['192.0.2.0/29'])
    const step = fc.oneof(
      fc.record({ what: fc.constant('lowest' as const), key: fc.constantFrom(...keys) }),
      fc.record({ what: fc.constant('hold' as const), key: fc.constantFrom(...keys), offset: fc.nat({ max: 9 }) }),
      fc.record({ what: fc.constant('release' as const), key: fc.constantFrom(...keys) }),
      fc.record({ what: fc.constant('pools' as const), small: fc.boolean() }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const allocator = allocatorWith(wide)
        for (const one of steps) {
          if (one.what === 'release') allocator.release(one.key)
          else if (one.what === 'pools') allocator.setPools([one.small ? pool('p', ['192.0.2.0/30']) : wide])
          else if (one.what === 'hold') allocator.hold(one.key, [{ family: 4, value: 0xc0000200 + one.offset }])
          else {
            const lowest = allocator.lowestFor('x', 'p', 4)
            if (lowest) assert.ok('holding' in allocator.hold(one.key, [lowest]))
          }
          const held = keys.flatMap(key => allocator.holding(key)?.addresses.map(formatAddress) ?? [])
          assert.equal(new Set(held).size, held.length)
          assert.equal(allocator.inUse('p')[4], held.length)
          for (const key of keys)
            for (const one of allocator.holding(key)?.addresses ?? [])
              assert.equal(allocator.useAgainst('stranger', one, UNSHARED)?.by, key)
        }
      }),
    )
  })
})
