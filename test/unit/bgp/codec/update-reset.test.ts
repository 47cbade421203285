import assert from 'node:assert/strict'
import type { CodecOptions } from '../../../../src/bgp/codec/codec-options.ts'
import { decodeMessage } from '../../../../src/bgp/codec/decode-message.ts'
import type { UpdateSubcode } from '../../../../src/bgp/error-codes.ts'
import { fromDump } from './dump.ts'
import { external, GOOD, PREFIX, REACH, update } from './faulty-updates.ts'

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

describe('BGP UPDATE that ends the session', () => {
  for (const { name, section, body, options = external, subcode, data = '' } of sessionResets) {
    it(`ends the session: ${name} (${section}): 3/${subcode}`, () => {
      const decoded = decodeMessage({ type: 2, body: fromDump(body) }, options)
      assert.ok('error' in decoded)
      const { error } = decoded
      assert.deepEqual([error.code, error.subcode, error.data], [3, subcode, fromDump(data)])
      assert.notEqual(error.reason, '')
    })
  }

  it('clips the data of an error to what fits into a NOTIFICATION', () => {
    const body = update(`50 63 1388 ${'00'.repeat(5000)}`, PREFIX)
    const decoded = decodeMessage({ type: 2, body: fromDump(body) }, { ...external, extendedMessage: true })
    assert.ok('error' in decoded)
    assert.equal(decoded.error.data.length, 4096 - 21)
  })
})
