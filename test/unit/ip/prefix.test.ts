import assert from 'node:assert/strict'
import fc from 'fast-check'
import { comparePrefixes, formatPrefix, parsePrefix, prefixOf } from '../../../src/ip/prefix.ts'

const canonical = ['0.0.0.0/0', '192.0.2.0/24', '192.0.2.1/32', '::/0', '2001:db8::/32', '2001:db8::1/128']
const shortened: { text: string; prefix: string }[] = [
  { text: '192.0.2.77/24', prefix: '192.0.2.0/24' },
  { text: '255.255.255.255/1', prefix: '128.0.0.0/1' },
  { text: '192.0.2.77/0', prefix: '0.0.0.0/0' },
  { text: '2001:DB8:0:0::77/64', prefix: '2001:db8::/64' },
  { text: '2001:db8::ffff/127', prefix: '2001:db8::fffe/127' },
]
const refused = [
  '',
  '/',
  '/24',
  '192.0.2.0',
  '192.0.2.0/',
  '192.0.2.0/33',
  '192.0.2.0/-1',
  '192.0.2.0/024',
  '192.0.2.0/+24',
  '192.0.2.0/24 ',
  '192.0.2.0/2.4',
  '192.0.2.0/24/24',
  '192.0.2/24',
  '2001:db8::/129',
  '2001:db8::/1000',
]

describe('prefix', () => {
  for (const text of canonical) {
    it(`reads and prints ${text}`, () => assert.equal(formatPrefix(parsePrefix(text)!), text))
  }

  for (const { text, prefix } of shortened) {
    it(`reads ${text} as ${prefix}`, () => assert.deepEqual(parsePrefix(text), parsePrefix(prefix)))
  }

  for (const text of refused) {
    it(`refuses "${text}"`, () => assert.equal(parsePrefix(text), undefined))
  }

  it('of an address keeps so many of its bits', () => {
    const prefix = prefixOf({ family: 4, value: 0xffffffff }, 9)
    assert.deepEqual(prefix, { address: { family: 4, value: 0xff800000 }, length: 9 })
    assert.deepEqual(prefixOf({ family: 6, value: 2n ** 128n - 1n }, 1).address.value, 2n ** 127n)
  })

  it('of every length is the address written in bits, cut there', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(32), (value, length) => {
        const bits = value.toString(2).padStart(32, '0')
        const expected = Number.parseInt(bits.slice(0, length).padEnd(32, '0'), 2)
        assert.equal(prefixOf({ family: 4, value }, length).address.value, expected)
      }),
    )
  })

  it('is ordered by family, address, and then length', () => {
    const ordered = [
      '0.0.0.0/0',
      '0.0.0.0/8',
      '192.0.2.0/24',
      '192.0.2.0/25',
      '192.0.2.128/25',
      '::/0',
      '2001:db8::/32',
    ]
    const shuffled = [3, 6, 0, 5, 2, 4, 1].map(index => parsePrefix(ordered[index]!)!)
    assert.deepEqual(shuffled.sort(comparePrefixes).map(formatPrefix), ordered)
  })
})
