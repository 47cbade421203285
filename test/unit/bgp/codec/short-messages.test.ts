import assert from 'node:assert/strict'
import { BASIC_OPTIONS } from '../../../../src/bgp/codec/codec-options.ts'
import { decodeMessage } from '../../../../src/bgp/codec/decode-message.ts'
import { encodeMessage } from '../../../../src/bgp/codec/encode-message.ts'
import { Framer } from '../../../../src/bgp/codec/framer.ts'
import { MessageType } from '../../../../src/bgp/codec/layout.ts'
import type { Message } from '../../../../src/bgp/message.ts'
import { fromHex } from '../../../support/hex.ts'
import { fromDump, messageOf } from './dump.ts'

const MARKER = 'ff'.repeat(16)

const golden: { name: string; message: Message; dump: string }[] = [
  {
    name: 'KEEPALIVE',
    message: { type: 'keepalive' },
    dump: `
      ${MARKER}
      0013      // length
      04        // type
    `,
  },
  {
    name: 'NOTIFICATION without data',
    message: { type: 'notification', code: 4, subcode: 0, data: new Uint8Array(0) },
    dump: `
      ${MARKER}
      0015
      03
      04        // hold timer expired
      00        // no subcode
    `,
  },
  {
    name: 'NOTIFICATION with one octet of data (RFC 6608)',
    message: { type: 'notification', code: 5, subcode: 3, data: Uint8Array.of(1) },
    dump: `
      ${MARKER}
      0016
      03
      05        // finite state machine
      03        // unexpected message in Established
      01        // an OPEN
    `,
  },
  {
    name: 'NOTIFICATION with unknown numbers and the most data',
    message: { type: 'notification', code: 255, subcode: 255, data: new Uint8Array(4075).fill(7) },
    dump: `
      ${MARKER}
      1000
      03
      ff ff
      ${'07'.repeat(4075)}
    `,
  },
  {
    name: 'ROUTE-REFRESH',
    message: { type: 'routeRefresh', afi: 2, safi: 1, subtype: 0 },
    dump: `
      ${MARKER}
      0017
      05
      0002      // IPv6
      00        // asks
      01        // unicast
    `,
  },
  {
    name: 'ROUTE-REFRESH that ends the answer (RFC 7313)',
    message: { type: 'routeRefresh', afi: 1, safi: 1, subtype: 2 },
    dump: `
      ${MARKER}
      0017
      05
      0001
      02        // end
      01
    `,
  },
  {
    name: 'ROUTE-REFRESH with an unknown subtype and family',
    message: { type: 'routeRefresh', afi: 65535, safi: 255, subtype: 9 },
    dump: `
      ${MARKER}
      0017
      05
      ffff
      09
      ff
    `,
  },
]

const badRefreshes: { name: string; body: string; code: number; subcode: number; data: string }[] = [
  { name: 'without a body', body: '', code: 1, subcode: 2, data: '0013' },
  { name: 'of 3 octets', body: '0001 00', code: 1, subcode: 2, data: '0016' },
  { name: 'of 5 octets', body: '0001 00 01 00', code: 1, subcode: 2, data: '0018' },
  {
    name: 'that begins an answer, of 3 octets',
    body: '0001 01',
    code: 7,
    subcode: 1,
    data: `${MARKER} 0016 05 0001 01`,
  },
  {
    name: 'that ends an answer, of 5 octets',
    body: '0001 02 01 aa',
    code: 7,
    subcode: 1,
    data: `${MARKER} 0018 05 0001 02 01 aa`,
  },
]

describe('BGP messages', () => {
  for (const { name, message, dump } of golden) {
    it(`write a ${name}`, () => assert.deepEqual(encodeMessage(message, BASIC_OPTIONS), fromDump(dump)))

    it(`read a ${name}`, () => {
      const framer = new Framer()
      framer.push(fromDump(dump))
      const framed = framer.next()
      assert.ok(framed && 'frame' in framed)
      assert.deepEqual(decodeMessage(framed.frame, BASIC_OPTIONS), { message })
      assert.equal(framer.next(), undefined)
    })
  }

  for (const { name, body, code, subcode, data } of badRefreshes) {
    it(`refuse a ROUTE-REFRESH ${name}: ${code}/${subcode}`, () => {
      const decoded = decodeMessage({ type: MessageType.routeRefresh, body: fromHex(body) }, BASIC_OPTIONS)
      assert.ok('error' in decoded)
      const { error } = decoded
      assert.deepEqual([error.code, error.subcode, error.data], [code, subcode, fromHex(data)])
      assert.notEqual(error.reason, '')
    })
  }

  it('clip a ROUTE-REFRESH that is sent back to what fits into a NOTIFICATION', () => {
    const body = new Uint8Array(60_000).fill(1)
    const decoded = decodeMessage({ type: MessageType.routeRefresh, body }, { ...BASIC_OPTIONS, extendedMessage: true })
    assert.ok('error' in decoded)
    const { code, subcode, data } = decoded.error
    assert.equal(encodeMessage({ type: 'notification', code, subcode, data }, BASIC_OPTIONS).length, 4096)
  })

  it('are not written longer than agreed', () => {
    const message: Message = { type: 'notification', code: 6, subcode: 2, data: new Uint8Array(4076) }
    assert.throws(() => encodeMessage(message, BASIC_OPTIONS), RangeError)
    assert.deepEqual(
      encodeMessage(message, { ...BASIC_OPTIONS, extendedMessage: true }),
      messageOf(MessageType.notification, Uint8Array.of(6, 2, ...message.data)),
    )
  })

  it('are not written with numbers that do not fit', () => {
    for (const message of [
      { type: 'notification', code: 256, subcode: 0, data: new Uint8Array(0) },
      { type: 'notification', code: 6, subcode: -1, data: new Uint8Array(0) },
      { type: 'routeRefresh', afi: 65536, safi: 1, subtype: 0 },
      { type: 'routeRefresh', afi: 1, safi: 256, subtype: 0 },
    ] satisfies Message[]) {
      assert.throws(() => encodeMessage(message, BASIC_OPTIONS), RangeError)
    }
  })
})
