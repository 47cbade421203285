import assert from 'node:assert/strict'
import { Handling } from '../../../../src/bgp/codec/attribute-problem.ts'
import { BASIC_OPTIONS, type CodecOptions } from '../../../../src/bgp/codec/codec-options.ts'
import { decodeMessage } from '../../../../src/bgp/codec/decode-message.ts'
import { UpdateSubcode } from '../../../../src/bgp/error-codes.ts'
import type { UpdateMessage } from '../../../../src/bgp/message.ts'
import { formatPrefix } from '../../../../src/ip/prefix.ts'
import { fromDump } from './dump.ts'

const external: CodecOptions = { ...BASIC_OPTIONS, fourOctetAs: true }
const internal: CodecOptions = { ...external, internal: true }
const twoOctets: CodecOptions = BASIC_OPTIONS

const ORIGIN = '40 01 01 00'
const AS_PATH = '40 02 06 0201 0000fbf4'
const AS_PATH_2 = '40 02 04 0201 fbf4'
const NEXT_HOP = '40 03 04 c0000201'
const LOCAL_PREF = '40 05 04 00000064'
const REACH = '80 0e 1a 0002 01 10 20010db8000000000000000000000001 00 20 20010db8'
const GOOD = `${ORIGIN} ${AS_PATH} ${NEXT_HOP}`
const GOOD_2 = `${ORIGIN} ${AS_PATH_2} ${NEXT_HOP}`
const PREFIX = '18 cb0071'

interface Row {
  name: string
  /** where the RFC says so; RFC 7606 if no other is named */
  section: string
  attributes: string
  options?: CodecOptions
  /** prefixes behind the attributes; 203.0.113.0/24 if not given */
  announced?: string
}

// RFC 7606 §2: the attribute is gone, the route stays.
const discarded: (Row & { attribute: number; subcode: UpdateSubcode })[] = [
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

// RFC 7606 §2: the routes announced count as withdrawn.
const withdrawn: (Row & { attribute: number; subcode: UpdateSubcode })[] = [
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

const sessionResets: {
  name: string
  section: string
  body: string
  subcode: UpdateSubcode
  data?: string
  options?: CodecOptions
}[] = [
  { name: 'nothing', section: 'RFC 4271 §6.3', body: '', subcode: 1 },
  { name: 'withdrawn prefixes longer than the message', section: 'RFC 4271 §6.3', body: '0001 0000', subcode: 1 },
  { name: 'withdrawn prefixes of 65535 octets', section: 'RFC 4271 §6.3', body: 'ffff 0000', subcode: 1 },
  { name: 'attributes longer than the message', section: 'RFC 4271 §6.3', body: '0000 0001', subcode: 1 },
  { name: 'a withdrawn prefix of 33 bits', section: '§5.3', body: '0006 21 c000020100 0000', subcode: 10 },
  { name: 'a withdrawn prefix broken off', section: '§5.3', body: '0003 18 c000 0000', subcode: 10 },
  { name: 'a prefix of 33 bits', section: '§5.3', body: update(GOOD, '21 c000020100'), subcode: 10 },
  { name: 'a prefix broken off', section: '§5.3', body: update(GOOD, `${PREFIX} 18 cb00`), subcode: 10 },
  {
    name: 'a well-known attribute that is none',
    section: 'RFC 4271 §6.3',
    body: update(`${GOOD} 40 63 01 aa`, PREFIX),
    subcode: 2,
    data: '40 63 01 aa',
  },
  { name: 'MP_REACH_NLRI twice', section: '§3 g', body: update(`${GOOD} ${REACH} ${REACH}`), subcode: 1 },
  { name: 'MP_UNREACH_NLRI twice', section: '§3 g', body: update('80 0f 03 0002 01 80 0f 03 0002 01'), subcode: 1 },
  {
    name: 'MP_REACH_NLRI of 4 octets',
    section: '§7.11',
    body: update('80 0e 04 0002 01 00', PREFIX),
    subcode: 9,
    data: '80 0e 04 0002 01 00',
  },
  {
    name: 'MP_REACH_NLRI with a next hop longer than it',
    section: '§7.11',
    body: update(`80 0e 08 0002 01 10 20010db8 ${GOOD}`, PREFIX),
    subcode: 9,
    data: '80 0e 08 0002 01 10 20010db8',
  },
  {
    name: 'MP_REACH_NLRI with a next hop of 4 octets for IPv6',
    section: '§7.11',
    body: update(`80 0e 0e 0002 01 04 c0000201 00 20 20010db8 ${GOOD}`),
    subcode: 9,
    data: '80 0e 0e 0002 01 04 c0000201 00 20 20010db8',
  },
  {
    name: 'MP_REACH_NLRI with an IPv6 next hop for IPv4, not negotiated',
    section: '§7.11',
    body: update(`80 0e 19 0001 01 10 20010db8000000000000000000000001 00 18 cb0071 ${GOOD}`),
    subcode: 9,
    data: '80 0e 19 0001 01 10 20010db8000000000000000000000001 00 18 cb0071',
  },
  {
    name: 'MP_REACH_NLRI with a prefix of 129 bits',
    section: '§5.3',
    body: update(`80 0e 17 0002 01 10 20010db8000000000000000000000001 00 81 00 ${GOOD}`),
    subcode: 9,
    data: '80 0e 17 0002 01 10 20010db8000000000000000000000001 00 81 00',
  },
  {
    name: 'MP_UNREACH_NLRI of 2 octets',
    section: '§7.12',
    body: update('80 0f 02 0002'),
    subcode: 9,
    data: '80 0f 02 0002',
  },
  {
    name: 'MP_UNREACH_NLRI with a prefix broken off',
    section: '§5.3',
    body: update('80 0f 05 0002 01 10 20'),
    subcode: 9,
    data: '80 0f 05 0002 01 10 20',
  },
  {
    name: 'MP_REACH_NLRI longer than all attributes',
    section: '§3 j',
    body: update(`${GOOD} 80 0e ff 0002 01`, PREFIX),
    subcode: 5,
    data: '80 0e ff 0002 01',
  },
  {
    name: 'a malformed attribute and no prefix',
    section: '§5.2',
    body: update('40 01 01 03'),
    subcode: 6,
    data: '40 01 01 03',
  },
  {
    name: 'a malformed attribute and only withdrawn prefixes',
    section: '§5.2',
    body: update('80 0f 08 0002 01 20 20010db8 40 01 01 03'),
    subcode: 6,
    data: '40 01 01 03',
  },
  { name: 'half an attribute and nothing else', section: '§5.2', body: update('40'), subcode: 1 },
]

describe('BGP UPDATE with faults', () => {
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

  for (const { name, section, body, options = external, subcode, data = '' } of sessionResets) {
    it(`ends the session: ${name} (${section}): 3/${subcode}`, () => {
      const decoded = decodeMessage({ type: 2, body: fromDump(body) }, options)
      assert.ok('error' in decoded)
      const { error } = decoded
      assert.deepEqual([error.code, error.subcode, error.data], [3, subcode, fromDump(data)])
      assert.notEqual(error.reason, '')
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

  it('clips the data of an error to what fits into a NOTIFICATION', () => {
    const body = update(`50 63 1388 ${'00'.repeat(5000)}`, PREFIX)
    const decoded = decodeMessage({ type: 2, body: fromDump(body) }, { ...external, extendedMessage: true })
    assert.ok('error' in decoded)
    assert.equal(decoded.error.data.length, 4096 - 21)
  })
})

function decode(body: string, options: CodecOptions) {
  const decoded = decodeMessage({ type: 2, body: fromDump(body) }, options)
  assert.ok('message' in decoded, 'error' in decoded ? decoded.error.reason : '')
  return { message: decoded.message as UpdateMessage, problems: decoded.problems ?? [] }
}

function update(attributes: string, announced = '', withdrawnPrefixes = ''): string {
  const length = (hex: string) => fromDump(hex).length.toString(16).padStart(4, '0')
  return `${length(withdrawnPrefixes)} ${withdrawnPrefixes} ${length(attributes)} ${attributes} ${announced}`
}
