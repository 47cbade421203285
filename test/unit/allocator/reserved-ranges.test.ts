import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ReservedRanges } from '../../../src/allocator/reserved-ranges.ts'
import { type AddressReservation, combineReservations } from '../../../src/config/address-reservation.ts'
import { formatRange, rangeContains } from '../../../src/ip/range.ts'
import { address } from '../../support/addresses.ts'
import { reservation } from '../../support/services.ts'

describe('reserved ranges', () => {
  it('tell for whom an address is kept', () => {
    const ranges = new ReservedRanges([
      reservation('gateway', ['192.0.2.1', '2001:db8::1']),
      reservation('shop', ['192.0.2.10-192.0.2.12', '192.0.2.20'], 'default/shop'),
    ])
    assert.equal(ranges.of(address('192.0.2.0')), undefined)
    assert.deepEqual(
      [ranges.of(address('192.0.2.1'))?.reservation, ranges.of(address('192.0.2.1'))?.owner],
      ['gateway', undefined],
    )
    assert.equal(ranges.of(address('2001:db8::1'))?.reservation, 'gateway')
    assert.equal(ranges.of(address('192.0.2.12'))?.owner, 'default/shop')
    assert.equal(ranges.of(address('192.0.2.13')), undefined)
    assert.deepEqual(ranges.for('default/shop').map(formatRange), ['192.0.2.10-192.0.2.12', '192.0.2.20-192.0.2.20'])
    assert.deepEqual(ranges.for('default/other'), [])
  })

  it('agree with a plain search, however the reservations overlap', () => {
    const range = fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 12 }))
    const entry = fc.record({
      ranges: fc.array(range, { minLength: 1, maxLength: 3 }),
      owner: fc.constantFrom(undefined, 'default/a', 'default/b'),
    })
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), entries => {
        const parsed = entries.map(
          ({ ranges, owner }, index): AddressReservation => ({
            name: `r${index}`,
            createdAtMs: index,
            ranges: ranges.map(([first, length]) => ({
              first: { family: 4, value: first },
              last: { family: 4, value: first + length },
            })),
            ...(owner && { service: owner }),
          }),
        )
        const { reservations, refused } = combineReservations(parsed)
        assert.equal(reservations.length + refused.size, parsed.length)
        const reserved = new ReservedRanges(reservations)
        for (let value = 0; value < 80; value++) {
          const one = { family: 4 as const, value }
          const by = reservations.filter(({ ranges }) => ranges.some(candidate => rangeContains(candidate, one)))
          assert.equal(reserved.of(one) !== undefined, by.length > 0)
          assert.ok(new Set(by.map(({ service }) => service)).size <= 1, 'one owner')
          if (by.length > 0) assert.equal(reserved.of(one)?.owner, by[0]?.service)
        }
      }),
    )
  })
})
