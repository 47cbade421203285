import assert from 'node:assert/strict'
import { BASIC_OPTIONS } from '../../../../src/bgp/codec/codec-options.ts'
import { decodePathAttributes, encodePathAttributes } from '../../../../src/bgp/codec/path-attributes.ts'
import type { AsPathSegment, PathAttributes } from '../../../../src/bgp/message.ts'
import { fromDump } from './dump.ts'

const sequence = (...asNumbers: number[]): AsPathSegment => ({ type: 2, asNumbers })
const set = (...asNumbers: number[]): AsPathSegment => ({ type: 1, asNumbers })
const confederation = (...asNumbers: number[]): AsPathSegment => ({ type: 3, asNumbers })

// RFC 6793 §4.2.3. In hexadecimal: path in two octets (5ba0 is AS_TRANS), path in four.
const merges: { name: string; path: string; path4: string; merged: readonly AsPathSegment[] }[] = [
  { name: 'both of a length', path: '0202 5ba0 0001', path4: '0202 00010000 00000001', merged: [sequence(65536, 1)] },
  {
    name: 'speakers of two octets in front',
    path: '0203 0007 5ba0 0001',
    path4: '0202 00010000 00000001',
    merged: [sequence(7, 65536, 1)],
  },
  {
    name: 'a whole segment in front',
    path: '0202 0007 0008 0201 5ba0',
    path4: '0201 00010000',
    merged: [sequence(7, 8, 65536)],
  },
  {
    name: 'a set in front, which counts as one',
    path: '0102 0007 0008 0201 5ba0',
    path4: '0201 00010000',
    merged: [set(7, 8), sequence(65536)],
  },
  {
    name: 'a set in the part of four octets',
    path: '0201 0007 0102 5ba0 0008',
    path4: '0102 00010000 00000008',
    merged: [sequence(7), set(65536, 8)],
  },
  {
    name: 'a confederation in front, which does not count',
    path: '0301 0009 0202 0007 5ba0',
    path4: '0201 00010000',
    merged: [confederation(9), sequence(7, 65536)],
  },
  {
    name: 'a confederation in the part of four octets, where none may be (§6)',
    path: '0201 5ba0',
    path4: '0301 00000009 0201 00010000',
    merged: [sequence(65536)],
  },
  {
    name: 'a path of four octets that is longer, and so not to be believed',
    path: '0201 5ba0',
    path4: '0202 00010000 00010001',
    merged: [sequence(23456)],
  },
  {
    name: 'more than a segment holds',
    path: `02ff ${'0007'.repeat(255)} 0201 5ba0`,
    path4: '0201 00010000',
    merged: [sequence(...new Array<number>(255).fill(7)), sequence(65536)],
  },
]

// AGGREGATOR, AS4_AGGREGATOR, and what comes out for both attributes when AS4_PATH says 65536.
const aggregators: { name: string; aggregator: string; aggregator4: string; asNumber?: number; asPath: number }[] = [
  { name: 'AS_TRANS', aggregator: '5ba0', aggregator4: '00010001', asNumber: 65537, asPath: 65536 },
  { name: 'another AS', aggregator: '0007', aggregator4: '00010001', asNumber: 7, asPath: 23456 },
  { name: 'AS_TRANS alone', aggregator: '5ba0', aggregator4: '', asNumber: 23456, asPath: 65536 },
  { name: 'nobody', aggregator: '', aggregator4: '00010001', asPath: 65536 },
]

describe('AS_PATH of speakers of two-octet AS numbers', () => {
  for (const { name, path, path4, merged } of merges) {
    it(`is merged with AS4_PATH: ${name}`, () => {
      const { attributes, problems } = decode(attribute(0x40, 2, path) + attribute(0xc0, 17, path4), true)
      assert.deepEqual([attributes, problems], [{ asPath: merged }, []])
    })
  }

  for (const { name, aggregator, aggregator4, asNumber, asPath } of aggregators) {
    it(`is merged with AS4_PATH only if AS4_AGGREGATOR allows it: the aggregator is ${name}`, () => {
      const { attributes } = decode(
        attribute(0x40, 2, '0201 5ba0') +
          attribute(0xc0, 17, '0201 00010000') +
          (aggregator && attribute(0xc0, 7, `${aggregator} c0000209`)) +
          (aggregator4 && attribute(0xc0, 18, `${aggregator4} c0000209`)),
      )
      const expected: PathAttributes = { asPath: [sequence(asPath)] }
      const address = { family: 4, value: 0xc0000209 } as const
      assert.deepEqual(attributes, asNumber ? { ...expected, aggregator: { asNumber, address } } : expected)
    })
  }

  it('is written without confederation segments in AS4_PATH (§4.2.2)', () => {
    const asPath = [confederation(70000), sequence(65536)]
    assert.deepEqual(
      encodePathAttributes({ asPath }, BASIC_OPTIONS),
      fromDump('40 02 08 0301 5ba0 0201 5ba0  c0 11 06 0201 00010000'),
    )
    assert.deepEqual(
      encodePathAttributes({ asPath: asPath.slice(0, 1) }, BASIC_OPTIONS),
      fromDump('40 02 04 0301 5ba0'),
      'and without AS4_PATH when nothing else is left',
    )
  })
})

function decode(dump: string, internal = false) {
  return decodePathAttributes(fromDump(dump), { ...BASIC_OPTIONS, internal })
}

function attribute(flags: number, code: number, value: string): string {
  const octets = (number: number, width: number) => number.toString(16).padStart(2 * width, '0')
  return `${octets(flags | 0x10, 1)} ${octets(code, 1)} ${octets(fromDump(value).length, 2)} ${value} `
}
