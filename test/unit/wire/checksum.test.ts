import assert from 'node:assert/strict'
import fc from 'fast-check'
import { internetChecksum } from '../../../src/wire/checksum.ts'
import { fromHex } from '../../support/hex.ts'

const vectors: { name: string; hex: string; checksum: number }[] = [
  { name: 'nothing', hex: '', checksum: 0xffff },
  { name: 'the example of RFC 1071 §3', hex: '0001 f203 f4f5 f6f7', checksum: ~0xddf2 & 0xffff },
  // the words add up to 0x2479c
  {
    name: 'an IPv4 header',
    hex: '4500 0073 0000 4000 4011 0000 c0a8 0001 c0a8 00c7',
    checksum: 0xb861,
  },
  { name: 'the same header with its checksum', hex: '4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7', checksum: 0 },
  { name: 'an odd number of bytes', hex: '01 02 03', checksum: ~0x0402 & 0xffff },
  { name: 'zeros', hex: '0000 0000', checksum: 0xffff },
  { name: 'a carry that carries again', hex: 'ffff 0001 ffff', checksum: ~0x0001 & 0xffff },
]

describe('Internet checksum', () => {
  for (const { name, hex, checksum } of vectors) {
    it(`of ${name}`, () => {
      const bytes = fromHex(hex)
      assert.equal(internetChecksum(bytes, 0, bytes.length), checksum)
    })
  }

  it('counts only the bytes between the bounds, and what it is given', () => {
    assert.equal(internetChecksum(fromHex('ff 0001 f203 ff'), 1, 5, 0x10), ~0xf214 & 0xffff)
  })

  it('is the remainder of one great number (RFC 1071 §2), however long the data', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        const padded = bytes.length % 2 === 0 ? bytes : Uint8Array.of(...bytes, 0)
        const remainder = Number(BigInt(`0x0${Buffer.from(padded).toString('hex')}`) % 0xffffn)
        const sum = 0xffff - internetChecksum(bytes, 0, bytes.length)
        assert.equal(sum % 0xffff, remainder)
      }),
    )
    const long = new Uint8Array(300_000).fill(0xff)
    assert.equal(internetChecksum(long, 0, long.length), 0)
  })
})
