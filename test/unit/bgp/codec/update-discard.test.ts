import assert from 'node:assert/strict'
import { Handling } from '../../../../src/bgp/codec/attribute-problem.ts'
import { decode, external, GOOD, GOOD_2, LOCAL_PREF, PREFIX, type Row, twoOctets, update } from './faulty-updates.ts'

// RFC 7606 §2: the attribute is gone, the route stays.
const discarded: Row[] = [
  {
    name: 'ATOMIC_AGGREGATE with a value',
    section: '§7.6',
    attributes: `${GOOD} 40 06 01 00`,
    attribute: 6,
    subcode: 5,
  },
  {
    name: 'AGGREGATOR of 6 octets',
    section: '§7.7',
    attributes: `${GOOD} c0 07 06 fbf4 c0000209`,
    attribute: 7,
    subcode: 5,
  },
  {
    name: 'AGGREGATOR of 8 octets from a speaker of two-octet AS numbers',
    section: '§7.7',
    options: twoOctets,
    attributes: `${GOOD_2} c0 07 08 0000fbf4 c0000209`,
    attribute: 7,
    subcode: 5,
  },
  {
    name: 'AGGREGATOR with AS 0',
    section: 'RFC 7607 §2',
    attributes: `${GOOD} c0 07 08 00000000 c0000209`,
    attribute: 7,
    subcode: 9,
  },
  { name: 'LOCAL_PREF from outside', section: '§7.5', attributes: `${GOOD} ${LOCAL_PREF}`, attribute: 5, subcode: 1 },
  {
    name: 'malformed LOCAL_PREF from outside',
    section: '§7.5',
    attributes: `${GOOD} 40 05 01 00`,
    attribute: 5,
    subcode: 1,
  },
  {
    name: 'ORIGINATOR_ID from outside',
    section: '§7.9',
    attributes: `${GOOD} 80 09 04 c0000207`,
    attribute: 9,
    subcode: 1,
  },
  {
    name: 'CLUSTER_LIST from outside',
    section: '§7.10',
    attributes: `${GOOD} 80 0a 04 c0000207`,
    attribute: 10,
    subcode: 1,
  },
  { name: 'a second ORIGIN', section: '§3 g', attributes: `${GOOD} 40 01 01 02`, attribute: 1, subcode: 1 },
  {
    name: 'a second ORIGIN that is malformed',
    section: '§3 g',
    attributes: `${GOOD} 40 01 00`,
    attribute: 1,
    subcode: 1,
  },
  {
    name: 'a second unknown attribute',
    section: '§3 g',
    attributes: `${GOOD} c0 63 00 c0 63 01 00`,
    attribute: 99,
    subcode: 1,
  },
  {
    name: 'AS4_PATH from a speaker of four-octet AS numbers',
    section: 'RFC 6793 §4.1',
    attributes: `${GOOD} c0 11 06 0201 00010000`,
    attribute: 17,
    subcode: 1,
  },
  {
    name: 'AS4_AGGREGATOR from a speaker of four-octet AS numbers',
    section: 'RFC 6793 §4.1',
    attributes: `${GOOD} c0 12 08 00010000 c0000209`,
    attribute: 18,
    subcode: 1,
  },
  {
    name: 'AS4_PATH that is empty',
    section: 'RFC 6793 §6',
    options: twoOctets,
    attributes: `${GOOD_2} c0 11 00`,
    attribute: 17,
    subcode: 5,
  },
  {
    name: 'AS4_PATH with a segment too long',
    section: 'RFC 6793 §6',
    options: twoOctets,
    attributes: `${GOOD_2} c0 11 06 0202 00010000`,
    attribute: 17,
    subcode: 9,
  },
  {
    name: 'AS4_PATH with AS 0',
    section: 'RFC 7607 §2',
    options: twoOctets,
    attributes: `${GOOD_2} c0 11 06 0201 00000000`,
    attribute: 17,
    subcode: 9,
  },
  {
    name: 'AS4_AGGREGATOR of 6 octets',
    section: 'RFC 6793 §6',
    options: twoOctets,
    attributes: `${GOOD_2} c0 12 06 0001 c0000209`,
    attribute: 18,
    subcode: 5,
  },
]

describe('BGP UPDATE with an attribute to discard', () => {
  for (const { name, section, attributes, options = external, attribute, subcode } of discarded) {
    it(`drops the attribute: ${name} (${section})`, () => {
      const { message, problems } = decode(update(attributes, PREFIX), options)
      assert.deepEqual(
        problems.map(problem => [problem.attribute, problem.handling, problem.subcode]),
        [[attribute, Handling.attributeDiscard, subcode]],
      )
      assert.notEqual(problems[0]!.reason, '')
      const good = options === twoOctets ? GOOD_2 : GOOD
      const expected = decode(update(attribute === 99 ? `${good} c0 63 00` : good, PREFIX), options)
      assert.deepEqual(message, expected.message)
    })
  }
})
