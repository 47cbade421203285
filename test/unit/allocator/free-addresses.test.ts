import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type AddressValue, FreeAddresses, type UnusableUntil } from '../../../src/allocator/free-addresses.ts'
import { type Address, formatAddress } from '../../../src/ip/address.ts'
import { parseRange } from '../../../src/ip/range.ts'

function setUp(text: string, unusableUntil: UnusableUntil = () => undefined) {
  const parsed = parseRange(text)
  assert.ok('range' in parsed)
  const taken = new Set<AddressValue>()
  const free = new FreeAddresses(parsed.range, value => taken.has(value), unusableUntil)
  return {
    free,
    take(): string | undefined {
      const address = free.lowest()
      if (address) taken.add(address.value)
      return address && formatAddress(address)
    },
    taken,
  }
}

describe('free addresses of a range', () => {
  it('deals out the lowest, to the last', () => {
    const { take } = setUp('192.0.2.254-192.0.3.1')
    assert.deepEqual(
      [take(), take(), take(), take(), take()],
      ['192.0.2.254', '192.0.2.255', '192.0.3.0', '192.0.3.1', undefined],
    )
  })

  it('goes to the end of both families', () => {
    assert.equal(setUp('255.255.255.255/32').take(), '255.255.255.255')
    const { take } = setUp('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128')
    assert.deepEqual([take(), take()], ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', undefined])
  })

  it('costs no more for a /8 than for a /28', () => {
    const { take } = setUp('10.0.0.0/8')
    const { take: takeSix } = setUp('2001:db8::/32')
    assert.equal(take(), '10.0.0.0')
    assert.equal(takeSix(), '2001:db8::')
  })

  it('steps over what the pool may not hand out', () => {
    const { take } = setUp('192.0.2.0/30', address => (Number(address.value) % 2 === 1 ? undefined : address))
    assert.deepEqual([take(), take(), take()], ['192.0.2.1', '192.0.2.3', undefined])
  })

  it('agrees with a plain scan after any takes and frees', () => {
    // 16 addresses; each step takes the lowest, takes a given one, or frees a given one
    const step = fc.record({ what: fc.constantFrom('lowest', 'take', 'free'), offset: fc.nat({ max: 15 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), steps => {
        const { free, taken } = setUp('192.0.2.16/28')
        const base = 0xc0000210
        for (const { what, offset } of steps) {
          const address: Address = { family: 4, value: base + offset }
          if (what === 'take') taken.add(address.value)
          if (what === 'free' && taken.delete(address.value)) free.free(address)
          const expected = Array.from({ length: 16 }, (_, i) => base + i).find(value => !taken.has(value))
          const lowest = free.lowest()
          assert.equal(lowest?.value, expected)
          if (what === 'lowest' && lowest) taken.add(lowest.value)
        }
      }),
    )
  })
})
