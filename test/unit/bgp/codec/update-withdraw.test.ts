import assert from 'node:assert/strict'
import { Handling } from '../../../../src/bgp/codec/attribute-problem.ts'
import { decodeMessage } from '../../../../src/bgp/codec/decode-message.ts'
import { UpdateSubcode } from '../../../../src/bgp/error-codes.ts'
import { formatPrefix } from '../../../../src/ip/prefix.ts'
import { fromDump } from './dump.ts'
import {
  AS_PATH,
  AS_PATH_2,
  decode,
  external,
  GOOD,
  internal,
  LOCAL_PREF,
  NEXT_HOP,
  ORIGIN,
  PREFIX,
  REACH,
  type Row,
  update,
} from './faulty-updates.ts'

// RFC 7606 §2: the routes announced count as withdrawn.
const withdrawn: Row[] = [
  {
    name: 'ORIGIN without a value',
    section: '§7.1, §4',
    attributes: `40 01 00 ${AS_PATH} ${NEXT_HOP}`,
    attribute: 1,
    subcode: 5,
  },
  {
    name: 'ORIGIN of 2 octets',
    section: '§7.1',
    attributes: `40 01 02 0000 ${AS_PATH} ${NEXT_HOP}`,
    attribute: 1,
    subcode: 5,
  },
  { name: 'ORIGIN 3', section: '§7.1', attributes: `40 01 01 03 ${AS_PATH} ${NEXT_HOP}`, attribute: 1, subcode: 6 },
  {
    name: 'AS_PATH with segment type 0',
    section: '§7.2',
    attributes: `${ORIGIN} 40 02 06 0001 0000fbf4 ${NEXT_HOP}`,
    attribute: 2,
    subcode: 11,
  },
  {
    name: 'AS_PATH with segment type 5',
    section: '§7.2',
    attributes: `${ORIGIN} 40 02 06 0501 0000fbf4 ${NEXT_HOP}`,
    attribute: 2,
    subcode: 11,
  },
  {
    name: 'AS_PATH with a segment too long',
    section: '§7.2',
    attributes: `${ORIGIN} 40 02 06 0202 0000fbf4 ${NEXT_HOP}`,
    attribute: 2,
    subcode: 11,
  },
  {
    name: 'AS_PATH with one octet left over',
    section: '§7.2',
    attributes: `${ORIGIN} 40 02 07 0201 0000fbf4 02 ${NEXT_HOP}`,
    attribute: 2,
    subcode: 11,
  },
  {
    name: 'AS_PATH with an empty segment',
    section: '§7.2',
    attributes: `${ORIGIN} 40 02 02 0200 ${NEXT_HOP}`,
    attribute: 2,
    subcode: 11,
  },
  {
    name: 'AS_PATH with AS 0',
    section: 'RFC 7607 §2',
    attributes: `${ORIGIN} 40 02 06 0201 00000000 ${NEXT_HOP}`,
    attribute: 2,
    subcode: 11,
  },
  {
    name: 'AS_PATH of two-octet AS numbers where four were agreed',
    section: '§7.2',
    attributes: `${ORIGIN} ${AS_PATH_2} ${NEXT_HOP}`,
    attribute: 2,
    subcode: 11,
  },
  {
    name: 'AS_PATH with a confederation segment from outside',
    section: 'RFC 5065 §5.3',
    attributes: `${ORIGIN} 40 02 06 0301 0000fbf4 ${NEXT_HOP}`,
    attribute: 2,
    subcode: 11,
  },
  {
    name: 'NEXT_HOP of 16 octets',
    section: '§7.3',
    attributes: `${ORIGIN} ${AS_PATH} 40 03 10 20010db8000000000000000000000001`,
    attribute: 3,
    subcode: 5,
  },
  {
    name: 'NEXT_HOP 0.0.0.0',
    section: 'RFC 4271 §6.3',
    attributes: `${ORIGIN} ${AS_PATH} 40 03 04 00000000`,
    attribute: 3,
    subcode: 8,
  },
  {
    name: 'NEXT_HOP 224.0.0.1',
    section: 'RFC 4271 §6.3',
    attributes: `${ORIGIN} ${AS_PATH} 40 03 04 e0000001`,
    attribute: 3,
    subcode: 8,
  },
  {
    name: 'NEXT_HOP 255.255.255.255',
    section: 'RFC 4271 §6.3',
    attributes: `${ORIGIN} ${AS_PATH} 40 03 04 ffffffff`,
    attribute: 3,
    subcode: 8,
  },
  {
    name: 'MULTI_EXIT_DISC of 3 octets',
    section: '§7.4',
    attributes: `${GOOD} 80 04 03 000000`,
    attribute: 4,
    subcode: 5,
  },
  {
    name: 'LOCAL_PREF of 5 octets',
    section: '§7.5',
    options: internal,
    attributes: `${GOOD} 40 05 05 0000000000`,
    attribute: 5,
    subcode: 5,
  },
  { name: 'COMMUNITIES without a value', section: '§7.8', attributes: `${GOOD} c0 08 00`, attribute: 8, subcode: 5 },
  {
    name: 'COMMUNITIES of 5 octets',
    section: '§7.8',
    attributes: `${GOOD} c0 08 05 fbf4000100`,
    attribute: 8,
    subcode: 5,
  },
  {
    name: 'EXTENDED COMMUNITIES without a value',
    section: '§7.14',
    attributes: `${GOOD} c0 10 00`,
    attribute: 16,
    subcode: 5,
  },
  {
    name: 'EXTENDED COMMUNITIES of 4 octets',
    section: '§7.14',
    attributes: `${GOOD} c0 10 04 00020000`,
    attribute: 16,
    subcode: 5,
  },
  {
    name: 'IPv6 EXTENDED COMMUNITIES of 8 octets',
    section: '§7.15',
    attributes: `${GOOD} c0 19 08 0002000000000000`,
    attribute: 25,
    subcode: 5,
  },
  {
    name: 'LARGE_COMMUNITY without a value',
    section: 'RFC 8092 §6',
    attributes: `${GOOD} c0 20 00`,
    attribute: 32,
    subcode: 5,
  },
  {
    name: 'LARGE_COMMUNITY of 8 octets',
    section: 'RFC 8092 §6',
    attributes: `${GOOD} c0 20 08 0000fbf400000001`,
    attribute: 32,
    subcode: 5,
  },
  {
    name: 'ORIGINATOR_ID of 3 octets',
    section: '§7.9',
    options: internal,
    attributes: `${GOOD} ${LOCAL_PREF} 80 09 03 c00002`,
    attribute: 9,
    subcode: 5,
  },
  {
    name: 'CLUSTER_LIST without a value',
    section: '§7.10',
    options: internal,
    attributes: `${GOOD} ${LOCAL_PREF} 80 0a 00`,
    attribute: 10,
    subcode: 5,
  },
  {
    name: 'ORIGIN as an optional attribute',
    section: '§3 c',
    attributes: `c0 01 01 00 ${AS_PATH} ${NEXT_HOP}`,
    attribute: 1,
    subcode: 4,
  },
  {
    name: 'ORIGIN that is not transitive',
    section: '§3 c',
    attributes: `00 01 01 00 ${AS_PATH} ${NEXT_HOP}`,
    attribute: 1,
    subcode: 4,
  },
  {
    name: 'MULTI_EXIT_DISC that is transitive',
    section: '§3 c',
    attributes: `${GOOD} c0 04 04 00000000`,
    attribute: 4,
    subcode: 4,
  },
  {
    name: 'COMMUNITIES that are not transitive',
    section: '§3 c',
    attributes: `${GOOD} 80 08 04 fbf40001`,
    attribute: 8,
    subcode: 4,
  },
  {
    name: 'MP_REACH_NLRI that is transitive',
    section: '§3 c',
    attributes: `${GOOD} c0${REACH.slice(2)}`,
    attribute: 14,
    subcode: 4,
  },
  { name: 'no ORIGIN', section: '§3 d', attributes: `${AS_PATH} ${NEXT_HOP}`, attribute: 1, subcode: 3 },
  { name: 'no AS_PATH', section: '§3 d', attributes: `${ORIGIN} ${NEXT_HOP}`, attribute: 2, subcode: 3 },
  { name: 'no NEXT_HOP', section: '§3 d', attributes: `${ORIGIN} ${AS_PATH}`, attribute: 3, subcode: 3 },
  { name: 'no LOCAL_PREF from inside', section: '§3 d', options: internal, attributes: GOOD, attribute: 5, subcode: 3 },
  {
    name: 'no AS_PATH with IPv6 prefixes',
    section: '§3 d',
    attributes: `${REACH} ${ORIGIN}`,
    announced: '',
    attribute: 2,
    subcode: 3,
  },
  {
    name: 'a multicast next hop in MP_REACH_NLRI',
    section: 'RFC 4271 §6.3',
    attributes: `80 0e 1a 0002 01 10 ff020000000000000000000000000001 00 20 20010db8 ${GOOD}`,
    attribute: 14,
    subcode: 8,
  },
  { name: 'one octet behind the last attribute', section: '§4', attributes: `${GOOD} 40`, attribute: 0, subcode: 1 },
  {
    name: 'half an extended length behind the last attribute',
    section: '§4',
    attributes: `${GOOD} d0 08 00`,
    attribute: 0,
    subcode: 1,
  },
  {
    name: 'an attribute longer than all',
    section: '§4',
    attributes: `${GOOD} c0 08 05 fbf40001`,
    attribute: 8,
    subcode: 5,
  },
  {
    name: 'an attribute of 65535 octets',
    section: '§4',
    attributes: `${GOOD} d0 08 ffff fbf40001`,
    attribute: 8,
    subcode: 5,
  },
]

describe('BGP UPDATE to treat as withdrawal', () => {
  for (const { name, section, attributes, options = external, announced = PREFIX, attribute, subcode } of withdrawn) {
    it(`withdraws the routes: ${name} (${section})`, () => {
      const { message, problems } = decode(update(attributes, announced), options)
      const known = problems.find(problem => problem.attribute === attribute)
      assert.deepEqual([known?.handling, known?.subcode], [Handling.treatAsWithdraw, subcode])
      assert.notEqual(known?.reason, '')
      const prefixes = [...message.withdrawn, ...(message.attributes.mpUnreach?.withdrawn ?? [])].map(formatPrefix)
      const expected = [announced ? '203.0.113.0/24' : '', attributes.includes('0e 1a') ? '2001:db8::/32' : '']
      assert.deepEqual(prefixes, expected.filter(Boolean))
      assert.deepEqual([message.announced, Object.keys({ ...message.attributes, mpUnreach: 0 })], [[], ['mpUnreach']])
    })
  }

  it('lets the strongest handling win (RFC 7606 §3 h)', () => {
    const weak = '40 06 01 00'
    const medium = '80 04 01 00'
    const strong = '40 63 00'
    const { message, problems } = decode(update(`${GOOD} ${weak} ${medium}`, PREFIX), external)
    assert.deepEqual(message.withdrawn.map(formatPrefix), ['203.0.113.0/24'])
    assert.deepEqual(
      problems.map(({ attribute, handling }) => [attribute, handling]),
      [
        [6, Handling.attributeDiscard],
        [4, Handling.treatAsWithdraw],
      ],
    )
    const decoded = decodeMessage(
      { type: 2, body: fromDump(update(`${GOOD} ${weak} ${medium} ${strong}`, PREFIX)) },
      external,
    )
    assert.ok('error' in decoded)
    assert.equal(decoded.error.subcode, UpdateSubcode.unrecognizedWellKnownAttribute)
  })

  it('takes the routes of both families back, beside those withdrawn anyway', () => {
    const unreach = '80 0f 07 0001 01 18 c00002'
    const { message } = decode(
      update(`${REACH} ${unreach} 40 01 01 03 ${AS_PATH} ${NEXT_HOP}`, PREFIX, '18 c63364'),
      external,
    )
    assert.deepEqual(message.withdrawn.map(formatPrefix), ['198.51.100.0/24', '192.0.2.0/24', '203.0.113.0/24'])
    assert.deepEqual(message.attributes.mpUnreach?.withdrawn.map(formatPrefix), ['2001:db8::/32'])
  })

  it('withdraws what it would have withdrawn anyway when that alone has wrong flags', () => {
    const { message } = decode(update('c0 0f 08 0002 01 20 20010db8'), external)
    assert.deepEqual(message.attributes.mpUnreach?.withdrawn.map(formatPrefix), ['2001:db8::/32'])
  })

  it('does not ask for attributes of families that are not spoken, nor take their faults for an end of all routes', () => {
    const flowSpecification = '80 0e 06 0001 85 00 00 01'
    assert.deepEqual(decode(update(`${flowSpecification} ${ORIGIN}`), external).problems, [])
    const { message } = decode(update(`${flowSpecification} 40 01 01 03`), external)
    assert.deepEqual(message.attributes, { mpUnreach: { afi: 1, safi: 133, withdrawn: [] } })
  })
})
