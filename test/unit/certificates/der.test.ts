import assert from 'node:assert/strict'
import {
  bitString,
  booleanTrue,
  contextSpecific,
  objectIdentifier,
  octetString,
  positiveInteger,
  sequence,
  setOf,
  time,
  utf8String,
} from '../../../src/certificates/der.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('DER', () => {
  const rows: [what: string, written: Uint8Array, bytes: string][] = [
    ['true', booleanTrue(), '0101ff'],
    ['a small number', positiveInteger(Uint8Array.of(2)), '020102'],
    ['a number whose first bit is set', positiveInteger(Uint8Array.of(0x80)), '02020080'],
    ['a number with zeros before it', positiveInteger(Uint8Array.of(0, 0, 1, 0)), '02020100'],
    ['zero', positiveInteger(Uint8Array.of(0, 0)), '020100'],
    ['bits, the last of them unused', bitString(Uint8Array.of(6), 1), '03020106'],
    ['octets', octetString(Uint8Array.of(1, 2)), '04020102'],
    ['an identifier with an arc above 127', objectIdentifier('1.2.840.10045.4.3.2'), '06082a8648ce3d040302'],
    ['an identifier under joint-iso-itu-t', objectIdentifier('2.5.29.17'), '0603551d11'],
    ['text', utf8String('é'), '0c02c3a9'],
    // RFC 5280 §4.1.2.5
    [
      'a time of this half of the century',
      time(Date.UTC(2049, 11, 31, 23, 59, 59, 999)),
      '170d3439313233313233353935395a',
    ],
    ['a time of the next half', time(Date.UTC(2050, 0, 1)), '180f32303530303130313030303030305a'],
    ['an empty sequence', sequence(), '3000'],
    ['a set', setOf(booleanTrue()), '31030101ff'],
    ['a value in another’s place', contextSpecific(2, Uint8Array.of(0x61)), '820161'],
    ['a value around another', contextSpecific(3, booleanTrue(), { constructed: true }), 'a3030101ff'],
  ]
  for (const [what, written, bytes] of rows) it(`writes ${what}`, () => assert.equal(hex(written), bytes))

  for (const [length, header] of [
    [127, '047f'],
    [128, '048180'],
    [255, '0481ff'],
    [256, '04820100'],
    [65_536, '0483010000'],
  ] as const) {
    it(`writes the length ${length}`, () => {
      const written = octetString(new Uint8Array(length))
      assert.equal(hex(written.subarray(0, header.length / 2)), header)
      assert.equal(written.length, header.length / 2 + length)
    })
  }
})
