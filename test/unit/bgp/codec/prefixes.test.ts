import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodePrefixes, encodedPrefixLength, encodePrefixes } from '../../../../src/bgp/codec/prefixes.ts'
import { ADDRESS_BITS } from '../../../../src/ip/address.ts'
import { formatPrefix, parsePrefix, prefixOf } from '../../../../src/ip/prefix.ts'
import { fromDump } from './dump.ts'

const golden: { prefix: string; dump: string }[] = [
  { prefix: '0.0.0.0/0', dump: '00' },
  { prefix: '128.0.0.0/1', dump: '01 80' },
  { prefix: '198.0.0.0/7', dump: '07 c6' },
  { prefix: '198.0.0.0/8', dump: '08 c6' },
  { prefix: '198.128.0.0/9', dump: '09 c680' },
  { prefix: '198.51.0.0/16', dump: '10 c633' },
  { prefix: '198.51.100.0/24', dump: '18 c63364' },
  { prefix: '198.51.100.254/31', dump: '1f c63364fe' },
  { prefix: '255.255.255.255/32', dump: '20 ffffffff' },
  { prefix: '::/0', dump: '00' },
  { prefix: '2000::/3', dump: '03 20' },
  { prefix: '2001:db8::/32', dump: '20 20010db8' },
  { prefix: '2001:db8:0:1::/64', dump: '40 20010db800000001' },
  { prefix: '2001:db8:0:1:8000::/65', dump: '41 20010db80000000180' },
  { prefix: '2001:db8::fe/127', dump: '7f 20010db80000000000000000000000fe' },
  { prefix: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128', dump: '80 ffffffffffffffffffffffffffffffff' },
]

describe('BGP prefixes', () => {
  for (const { prefix: text, dump } of golden) {
    const prefix = parsePrefix(text)!
    const { family } = prefix.address
    const bytes = fromDump(dump)
    it(`reads and writes ${text}`, () => {
      assert.deepEqual(encodePrefixes([prefix], family), bytes)
      assert.deepEqual(decodePrefixes(bytes, family), { prefixes: [prefix] })
      assert.equal(encodedPrefixLength(prefix), bytes.length)
    })

    it(`finds ${text} cut at any byte broken off`, () => {
      for (let length = 1; length < bytes.length; length++) {
        const problem = `a prefix of ${prefix.length} bits is broken off`
        assert.deepEqual(decodePrefixes(bytes.subarray(0, length), family), { problem })
      }
    })
  }

  for (const family of [4, 6] as const) {
    it(`refuses every length that no IPv${family} address has`, () => {
      for (let length = ADDRESS_BITS[family] + 1; length < 256; length++) {
        const bytes = new Uint8Array(40).fill(length, 0, 1)
        assert.deepEqual(decodePrefixes(bytes, family), { problem: `a prefix of ${length} bits` })
      }
    })

    it(`reads back IPv${family} prefixes of any number and length`, () => {
      const value = family === 4 ? fc.nat(0xffffffff) : fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
      const prefix = fc
        .tuple(value, fc.nat(ADDRESS_BITS[family]))
        .map(([value, length]) => prefixOf({ family, value } as { family: 4; value: number }, length))
      fc.assert(
        fc.property(fc.array(prefix), prefixes => {
          const bytes = encodePrefixes(prefixes, family)
          assert.deepEqual(decodePrefixes(bytes, family), { prefixes })
          assert.equal(
            bytes.length,
            prefixes.reduce((sum, prefix) => sum + encodedPrefixLength(prefix), 0),
          )
        }),
      )
    })

    it(`reads IPv${family} prefixes with stray bits as those without`, () => {
      const strayed = fc.tuple(fc.nat(ADDRESS_BITS[family]), fc.uint8Array({ minLength: 16, maxLength: 16 }))
      fc.assert(
        fc.property(strayed, ([length, address]) => {
          const bytes = Uint8Array.of(length, ...address.subarray(0, Math.ceil(length / 8)))
          const decoded = decodePrefixes(bytes, family)
          assert.ok('prefixes' in decoded && decoded.prefixes.length === 1)
          const [prefix] = decoded.prefixes
          assert.deepEqual(prefix, prefixOf(prefix!.address, length), formatPrefix(prefix!))
          const written = encodePrefixes(decoded.prefixes, family)
          const whole = 1 + Math.floor(length / 8)
          assert.deepEqual(written.subarray(0, whole), bytes.subarray(0, whole))
        }),
      )
    })
  }
})
