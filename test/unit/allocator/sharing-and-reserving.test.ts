import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Allocator } from '../../../src/allocator/allocator.ts'
import { type SharingTerms, sharingObjection, UNSHARED } from '../../../src/allocator/sharing.ts'
import { type Address, formatAddress } from '../../../src/ip/address.ts'
import { address } from '../../support/addresses.ts'
import { pool, reservation } from '../../support/services.ts'

const terms = (key: string, ...ports: number[]): SharingTerms => ({
  key,
  backend: '',
  ports: ports.map(port => ({ protocol: 'TCP', port })),
})

function allocatorWith(addresses: string[], ...reservations: ReturnType<typeof reservation>[]): Allocator {
  const allocator = new Allocator()
  allocator.setPools([pool('p', addresses)])
  allocator.setReservations(reservations)
  return allocator
}

const text = (found: Address | undefined) => found && formatAddress(found)

describe('Allocator, sharing', () => {
  it('lets those of one key hold one address, and counts it once', () => {
    const allocator = allocatorWith(['192.0.2.10-192.0.2.11'])
    assert.ok('holding' in allocator.hold('a', [address('192.0.2.10')], terms('k', 80)))
    assert.ok('holding' in allocator.hold('b', [address('192.0.2.10')], terms('k', 443)))
    assert.deepEqual(allocator.hold('c', [address('192.0.2.10')], terms('k', 80)), {
      refused: 'in-use',
      by: 'a',
      objection: 'port-in-use',
    })
    assert.deepEqual(allocator.inUse('p'), { 4: 1, 6: 0 })
    allocator.release('a')
    assert.deepEqual(allocator.inUse('p'), { 4: 1, 6: 0 })
    assert.equal(text(allocator.lowestFor('x', 'p', 4)), '192.0.2.11', 'still held by b')
    allocator.release('b')
    assert.deepEqual(allocator.inUse('p'), { 4: 0, 6: 0 })
    assert.equal(text(allocator.lowestFor('x', 'p', 4)), '192.0.2.10')
  })

  it('names the same holder of several, in whatever order they came', () => {
    for (const order of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const allocator = allocatorWith(['192.0.2.10/32'])
      for (const key of order) allocator.hold(key, [address('192.0.2.10')], terms('k', key === 'a' ? 80 : 443))
      assert.equal(allocator.useAgainst('c', address('192.0.2.10'), UNSHARED)?.by, 'a')
    }
  })

  it('takes the lowest that is free or may be shared', () => {
    const allocator = allocatorWith(['192.0.2.10-192.0.2.13'])
    allocator.hold('low', [address('192.0.2.10')])
    allocator.hold('sharer', [address('192.0.2.12')], terms('k', 80))
    assert.equal(text(allocator.lowestFor('x', 'p', 4, terms('k', 81))), '192.0.2.11', 'a free one below')
    allocator.hold('other', [address('192.0.2.11')])
    assert.equal(text(allocator.lowestFor('x', 'p', 4, terms('k', 81))), '192.0.2.12', 'a shareable one')
    assert.equal(text(allocator.lowestFor('x', 'p', 4, terms('k', 80))), '192.0.2.13', 'the port is taken')
  })

  it('lets a sole user change its key in place, and nobody with company', () => {
    const allocator = allocatorWith(['192.0.2.10-192.0.2.13'])
    const one = [address('192.0.2.10')]
    allocator.hold('a', one, terms('k', 80))
    assert.ok('holding' in allocator.hold('a', one, terms('other', 80)))
    assert.ok('refused' in allocator.hold('b', one, terms('k', 81)), 'the old key is forgotten')
    assert.ok('holding' in allocator.hold('b', one, terms('other', 81)))
    assert.deepEqual(allocator.hold('a', one, terms('k', 80)), { refused: 'in-use', by: 'b', objection: 'other-key' })
  })
})

describe('Allocator, reservations', () => {
  it('give an address to their Service alone, and to nobody where they name none', () => {
    const allocator = allocatorWith(
      ['192.0.2.10-192.0.2.20'],
      reservation('gateway', ['192.0.2.10']),
      reservation('shop', ['192.0.2.15-192.0.2.16'], 'default/shop'),
    )
    assert.equal(text(allocator.lowestFor('default/web', 'p', 4)), '192.0.2.11')
    assert.equal(text(allocator.lowestFor('default/shop', 'p', 4)), '192.0.2.15')
    assert.deepEqual(allocator.hold('default/web', [address('192.0.2.15')]), { refused: 'reserved', by: 'shop' })
    assert.deepEqual(allocator.hold('default/shop', [address('192.0.2.10')]), { refused: 'reserved', by: 'gateway' })
    assert.ok('holding' in allocator.hold('default/shop', [address('192.0.2.15')]))
  })

  it('take an address from whom it is not kept for, and give it back when they go', () => {
    const allocator = allocatorWith(['192.0.2.10-192.0.2.11'])
    allocator.hold('default/web', [address('192.0.2.10')])
    allocator.hold('default/shop', [address('192.0.2.11')])
    assert.deepEqual(allocator.setReservations([reservation('all', ['192.0.2.0/24'], 'default/shop')]), ['default/web'])
    assert.equal(allocator.holding('default/web'), undefined)
    assert.equal(text(allocator.holding('default/shop')?.addresses[0]), '192.0.2.11')
    assert.equal(text(allocator.lowestFor('default/web', 'p', 4)), undefined)
    allocator.setReservations([])
    assert.equal(text(allocator.lowestFor('default/web', 'p', 4)), '192.0.2.10')
  })

  it('cost one step, however many addresses they keep', () => {
    const allocator = allocatorWith(
      ['10.0.0.0/8', '2001:db8::/48'],
      reservation('most', ['10.0.0.0/9', '2001:db8::/49']),
    )
    assert.equal(text(allocator.lowestFor('x', 'p', 4)), '10.128.0.0')
    assert.equal(text(allocator.lowestFor('x', 'p', 6)), '2001:db8:0:8000::')
  })

  it('leave nothing when they keep the end of a pool', () => {
    const allocator = allocatorWith(['192.0.2.10-192.0.2.12'], reservation('end', ['192.0.2.12-192.0.2.200']))
    allocator.hold('a', [address('192.0.2.10')])
    allocator.hold('b', [address('192.0.2.11')])
    assert.equal(allocator.lowestFor('x', 'p', 4), undefined)
  })
})

describe('Allocator, whatever happens', () => {
  const keys = ['ns/a', 'ns/b', 'ns/c', 'ns/d', 'ns/e']
  const key = fc.constantFrom(...keys)
  const base = 0xc0000210
  const shared = fc.oneof(
    fc.constant(UNSHARED),
    fc
      .tuple(fc.constantFrom('k', 'l'), fc.subarray([80, 443], { minLength: 1 }))
      .map(([name, ports]) => terms(name, ...ports)),
  )
  const kept = fc.record({
    first: fc.nat({ max: 7 }),
    length: fc.nat({ max: 2 }),
    owner: fc.option(key, { nil: undefined }),
  })
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ what: fc.constant('lowest' as const), key, terms: shared }) },
    {
      weight: 3,
      arbitrary: fc.record({ what: fc.constant('hold' as const), key, terms: shared, offset: fc.nat({ max: 9 }) }),
    },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('release' as const), key }) },
    {
      weight: 1,
      arbitrary: fc.record({ what: fc.constant('reserve' as const), kept: fc.array(kept, { maxLength: 2 }) }),
    },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('pool' as const), size: fc.integer({ min: 1, max: 8 }) }) },
  )

  it('holds no address twice but by the rule of sharing, none outside its pool, none that is kept for another; and finds every free one', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const allocator = allocatorWith(['192.0.2.16/29'])
        let size = 8
        let reservations: ReturnType<typeof reservation>[] = []
        const onTerms = new Map<string, SharingTerms>()
        const reservedFor = (value: number) =>
          reservations.find(({ ranges }) =>
            ranges.some(({ first, last }) => first.value <= value && value <= last.value),
          )
        for (const one of steps) {
          if (one.what === 'release') allocator.release(one.key)
          else if (one.what === 'hold') {
            const held = allocator.hold(one.key, [{ family: 4, value: base + one.offset }], one.terms)
            if ('holding' in held) onTerms.set(one.key, one.terms)
          } else if (one.what === 'reserve') {
            const texts = ({ first, length }: { first: number; length: number }) =>
              `192.0.2.${16 + first}-192.0.2.${16 + first + length}`
            const [a, b] = one.kept.map((entry, index) => reservation(`r${index}`, [texts(entry)], entry.owner))
            // The reservations that a caller sets never overlap.
            const apart =
              a &&
              b &&
              (a.ranges[0]!.last.value < b.ranges[0]!.first.value || b.ranges[0]!.last.value < a.ranges[0]!.first.value)
            reservations = [a, ...(apart ? [b] : [])].filter(r => r !== undefined)
            allocator.setReservations(reservations)
          } else if (one.what === 'pool') {
            size = one.size
            allocator.setPools([pool('p', [`192.0.2.16-192.0.2.${15 + size}`])])
          } else {
            const lowest = allocator.lowestFor(one.key, 'p', 4, one.terms)
            // A plain search for the same.
            const candidates = Array.from({ length: size }, (_, offset) => base + offset).filter(value => {
              const keeper = reservedFor(value)
              if (keeper && keeper.service !== one.key) return false
              return keys.every(
                other =>
                  other === one.key ||
                  !allocator.holding(other)?.addresses.some(held => held.value === value) ||
                  !sharingObjection(one.terms, onTerms.get(other) ?? UNSHARED),
              )
            })
            const own = allocator.holding(one.key)?.addresses[0]?.value
            const mine = candidates.filter(value => reservedFor(value)?.service === one.key)
            // What the asker holds by itself is not free to it: it is asked for another one.
            const others = candidates.filter(value => value !== own || mine.includes(value))
            const alone = candidates.find(value => mine.includes(value)) ?? others[0]
            if (allocator.holding(one.key) === undefined) assert.equal(lowest?.value, mine[0] ?? alone)
            if (lowest) {
              assert.ok('holding' in allocator.hold(one.key, [lowest], one.terms))
              onTerms.set(one.key, one.terms)
            }
          }
          const byAddress = new Map<number | bigint, string[]>()
          for (const holder of keys) {
            for (const { value } of allocator.holding(holder)?.addresses ?? []) {
              byAddress.set(value, [...(byAddress.get(value) ?? []), holder])
              assert.ok(Number(value) - base < size, 'inside the pool')
              const keeper = reservedFor(Number(value))
              assert.ok(!keeper || keeper.service === holder, 'not kept for another')
            }
          }
          assert.equal(allocator.inUse('p')[4], byAddress.size)
          for (const holders of byAddress.values()) {
            for (const [index, a] of holders.entries()) {
              for (const b of holders.slice(index + 1)) {
                assert.equal(sharingObjection(onTerms.get(a) ?? UNSHARED, onTerms.get(b) ?? UNSHARED), undefined)
              }
            }
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})
