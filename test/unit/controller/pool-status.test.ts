import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isBuggy } from '../../../src/config/address-pool.ts'
import { countPool } from '../../../src/controller/pool-status.ts'
import { pool } from '../../support/services.ts'

describe('status of an IPAddressPool', () => {
  it('counts both families', () => {
    assert.deepEqual(countPool(pool('p', ['192.0.2.0/28', '198.51.100.0/30', '2001:db8::/126']), { 4: 3, 6: 1 }), {
      assignedIPv4: 3n,
      assignedIPv6: 1n,
      availableIPv4: 17n,
      availableIPv6: 3n,
    })
  })

  it('is exact for an IPv6 /66 and stops at the largest int64 for a /48', () => {
    assert.equal(countPool(pool('p', ['2001:db8::/66']), { 4: 0, 6: 5 }).availableIPv6, 2n ** 62n - 5n)
    assert.equal(countPool(pool('p', ['2001:db8::/48']), { 4: 0, 6: 5 }).availableIPv6, 9223372036854775807n)
  })

  it('leaves out what avoidBuggyIPs leaves out', () => {
    const range = fc.tuple(fc.integer({ min: 0x0a000000, max: 0x0a000500 }), fc.nat({ max: 1_200 }))
    fc.assert(
      fc.property(range, ([first, length]) => {
        const text = (value: number) => [24, 16, 8, 0].map(shift => (value >>> shift) & 255).join('.')
        const careful = pool('p', [`${text(first)}-${text(first + length)}`], { avoidBuggyIPs: true })
        let usable = 0
        for (let value = first; value <= first + length; value++) if (!isBuggy({ family: 4, value })) usable++
        assert.equal(countPool(careful, { 4: 0, 6: 0 }).availableIPv4, BigInt(usable))
      }),
    )
  })
})
