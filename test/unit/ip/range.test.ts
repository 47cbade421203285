import assert from 'node:assert/strict'
import fc from 'fast-check'
import { formatRange, parseRange, prefixRange, rangeContains, rangeSize, rangesOverlap } from '../../../src/ip/range.ts'
import { address, ipv4Arbitrary, ipv6Arbitrary } from '../../support/addresses.ts'

describe('address ranges', () => {
  const read: [text: string, printed: string, size: bigint][] = [
    ['192.0.2.0/24', '192.0.2.0-192.0.2.255', 256n],
    ['198.51.100.10/24', '198.51.100.0-198.51.100.255', 256n],
    ['192.0.2.7/32', '192.0.2.7-192.0.2.7', 1n],
    ['0.0.0.0/0', '0.0.0.0-255.255.255.255', 2n ** 32n],
    ['192.0.2.10-192.0.2.20', '192.0.2.10-192.0.2.20', 11n],
    ['192.0.2.10 - 192.0.2.10', '192.0.2.10-192.0.2.10', 1n],
    ['2001:db8::/64', '2001:db8::-2001:db8::ffff:ffff:ffff:ffff', 2n ** 64n],
    ['2001:db8::5-2001:db8::7', '2001:db8::5-2001:db8::7', 3n],
    ['::/0', '::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 2n ** 128n],
  ]
  for (const [text, printed, size] of read) {
    it(`reads ${text}`, () => {
      const parsed = parseRange(text)
      assert.ok('range' in parsed)
      assert.equal(formatRange(parsed.range), printed)
      assert.equal(rangeSize(parsed.range), size)
    })
  }

  const refused: [text: string, problem: RegExp][] = [
    ['10.0.0.300', /neither a CIDR .* nor a range/],
    ['10.0.0.0/33', /prefix length must be 0 to 32/],
    ['10.0.0.0/-1', /is not an IP address/],
    ['10.0.0.0/08', /prefix length/],
    ['2001:db8::/129', /prefix length must be 0 to 128/],
    ['10.0.0.9-10.0.0.1', /starts after it ends/],
    ['10.0.0.1-2001:db8::1', /one address family to the other/],
    ['10.0.0.1-10.0.0.300', /"10.0.0.300" is not an IP address/],
    ['10.0.0.1-10.0.0.2-10.0.0.3', /is not an IP address/],
    ['', /neither/],
  ]
  for (const [text, problem] of refused) {
    it(`refuses "${text}"`, () => {
      const parsed = parseRange(text)
      assert.ok('problem' in parsed)
      assert.match(parsed.problem, problem)
    })
  }

  it('finds overlap exactly where an address lies in both', () => {
    const small = fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 8 })).map(([first, length]) => ({
      first: { family: 4 as const, value: first },
      last: { family: 4 as const, value: first + length },
    }))
    fc.assert(
      fc.property(small, small, (a, b) => {
        let common = false
        for (let value = a.first.value; value <= a.last.value; value++)
          common ||= rangeContains(b, { family: 4, value })
        assert.equal(rangesOverlap(a, b), common)
        assert.equal(rangesOverlap(b, a), common)
      }),
    )
  })

  it('keeps the families apart', () => {
    const four = prefixRange(address('0.0.0.0'), 0)
    const six = prefixRange(address('::'), 0)
    assert.equal(rangesOverlap(four, six), false)
    assert.equal(rangeContains(four, address('::1')), false)
  })

  it('holds the address that a prefix was made from', () => {
    fc.assert(
      fc.property(ipv4Arbitrary, fc.nat({ max: 32 }), (one, length) => rangeContains(prefixRange(one, length), one)),
    )
    fc.assert(
      fc.property(ipv6Arbitrary, fc.nat({ max: 128 }), (one, length) => rangeContains(prefixRange(one, length), one)),
    )
  })
})
