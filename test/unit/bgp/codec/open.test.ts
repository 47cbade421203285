import assert from 'node:assert/strict'
import { BASIC_OPTIONS } from '../../../../src/bgp/codec/codec-options.ts'
import { decodeMessage } from '../../../../src/bgp/codec/decode-message.ts'
import { encodeMessage } from '../../../../src/bgp/codec/encode-message.ts'
import type { Capability, OpenMessage } from '../../../../src/bgp/message.ts'
import { fromDump, messageOf } from './dump.ts'

const plain: OpenMessage = {
  type: 'open',
  version: 4,
  asNumber: 64500,
  holdTimeSeconds: 90,
  bgpIdentifier: 0xc0000201,
  capabilities: [],
}
const start = `
  04        // version
  fbf4      // my AS, 64500
  005a      // hold time, 90 s
  c0000201  // BGP identifier, 192.0.2.1
`
const golden: { name: string; message: OpenMessage; dump: string }[] = [
  { name: 'without capabilities', message: plain, dump: `${start} 00 // no optional parameters` },
  {
    name: 'with every capability',
    message: {
      ...plain,
      asNumber: 23456,
      holdTimeSeconds: 0,
      capabilities: [
        { type: 'multiprotocol', afi: 1, safi: 1 },
        { type: 'multiprotocol', afi: 2, safi: 1 },
        { type: 'routeRefresh' },
        { type: 'enhancedRouteRefresh' },
        { type: 'extendedNextHop', entries: [{ afi: 1, safi: 1, nextHopAfi: 2 }] },
        { type: 'extendedMessage' },
        {
          type: 'gracefulRestart',
          restarting: true,
          notification: true,
          restartTimeSeconds: 4095,
          families: [
            { afi: 1, safi: 1, forwardingPreserved: true },
            { afi: 2, safi: 1, forwardingPreserved: false },
          ],
        },
        { type: 'fourOctetAs', asNumber: 4200000000 },
        { type: 'unknown', code: 73, value: Uint8Array.of(1, 0x61, 0) },
      ],
    },
    dump: `
      04        // version
      5ba0      // my AS, AS_TRANS
      0000      // no hold time
      c0000201  // BGP identifier
      33        // optional parameters, 51 octets
      02 31     // capabilities, 49 octets
      01 04 0001 00 01      // multiprotocol, IPv4 unicast
      01 04 0002 00 01      // multiprotocol, IPv6 unicast
      02 00                 // route refresh
      46 00                 // enhanced route refresh
      05 06 0001 0001 0002  // extended next hop: IPv4 unicast over IPv6
      06 00                 // extended message
      40 0a                 // graceful restart, 10 octets
      cfff                  //   restarting, notification, 4095 s
      0001 01 80            //   IPv4 unicast, forwarding preserved
      0002 01 00            //   IPv6 unicast
      41 04 fa56ea00        // four-octet AS
      49 03 01 61 00        // FQDN, unknown
    `,
  },
  {
    name: 'with one capability too long for the usual form (RFC 9072)',
    message: { ...plain, capabilities: [{ type: 'unknown', code: 200, value: new Uint8Array(252).fill(7) }] },
    dump: `${start}
      ff ff     // extended form
      0101      // optional parameters, 257 octets
      02 00fe   // capabilities, 254 octets
      c8 fc ${'07'.repeat(252)}
    `,
  },
  {
    name: 'that just fits into the usual form',
    message: { ...plain, capabilities: [{ type: 'unknown', code: 200, value: new Uint8Array(250).fill(7) }] },
    dump: `${start}
      fe        // optional parameters, 254 octets
      02 fc     // capabilities, 252 octets
      c8 fa ${'07'.repeat(250)}
    `,
  },
]

const routeRefresh: readonly Capability[] = [{ type: 'routeRefresh' }]
const alsoValid: { name: string; dump: string; capabilities: readonly Capability[] }[] = [
  {
    name: 'a capability in each optional parameter',
    dump: `${start} 0a 02 02 02 00 02 04 46 00 02 00`,
    capabilities: [{ type: 'routeRefresh' }, { type: 'enhancedRouteRefresh' }, { type: 'routeRefresh' }],
  },
  { name: 'an empty capabilities parameter', dump: `${start} 02 02 00`, capabilities: [] },
  {
    name: 'the extended form where it is not needed (RFC 9072 §2)',
    dump: `${start} ff ff 0005 02 0002 02 00`,
    capabilities: routeRefresh,
  },
  {
    name: 'the extended form with another length in the usual place (RFC 9072 §2)',
    dump: `${start} 01 ff 0005 02 0002 02 00`,
    capabilities: routeRefresh,
  },
  {
    name: 'reserved octets and flags set (RFC 4760 §8, RFC 4724 §3)',
    dump: `${start} 10 02 0e 01 04 0001 ff 01 40 06 3078 0001 01 7f`,
    capabilities: [
      { type: 'multiprotocol', afi: 1, safi: 1 },
      {
        type: 'gracefulRestart',
        restarting: false,
        notification: false,
        restartTimeSeconds: 120,
        families: [{ afi: 1, safi: 1, forwardingPreserved: false }],
      },
    ],
  },
]

const malformed: { name: string; dump: string; subcode: number; data?: string }[] = [
  { name: 'version 3', dump: '03 fbf4 005a c0000201 00', subcode: 1, data: '0004' },
  { name: 'version 5', dump: '05 fbf4 005a c0000201 00', subcode: 1, data: '0004' },
  { name: 'AS 0 (RFC 7607)', dump: '04 0000 005a c0000201 00', subcode: 2 },
  { name: 'AS 0 of four octets (RFC 7607)', dump: `${start} 08 02 06 41 04 00000000`, subcode: 2 },
  { name: 'BGP identifier 0 (RFC 6286)', dump: '04 fbf4 005a 00000000 00', subcode: 3 },
  { name: 'a hold time of 1 s', dump: '04 fbf4 0001 c0000201 00', subcode: 6 },
  { name: 'a hold time of 2 s', dump: '04 fbf4 0002 c0000201 00', subcode: 6 },
  { name: 'an authentication parameter', dump: `${start} 03 01 01 00`, subcode: 4 },
  { name: 'an unknown parameter behind capabilities', dump: `${start} 06 02 02 02 00 fe 00`, subcode: 4 },
  { name: 'optional parameters broken off', dump: `${start} 05 02 02 02 00`, subcode: 0 },
  { name: 'octets behind the optional parameters', dump: `${start} 00 00`, subcode: 0 },
  { name: 'a parameter longer than all', dump: `${start} 04 02 03 02 00`, subcode: 0 },
  { name: 'half a parameter header', dump: `${start} 01 02`, subcode: 0 },
  { name: 'a capability longer than its parameter', dump: `${start} 04 02 02 02 01`, subcode: 0 },
  { name: 'half a capability header', dump: `${start} 03 02 01 02`, subcode: 0 },
  { name: 'multiprotocol of 3 octets', dump: `${start} 07 02 05 01 03 0001 00`, subcode: 0 },
  { name: 'multiprotocol of 5 octets', dump: `${start} 09 02 07 01 05 0001 00 01 00`, subcode: 0 },
  { name: 'route refresh with a value', dump: `${start} 05 02 03 02 01 00`, subcode: 0 },
  { name: 'extended next hop of 5 octets', dump: `${start} 09 02 07 05 05 0001 0001 00`, subcode: 0 },
  { name: 'graceful restart of 1 octet', dump: `${start} 05 02 03 40 01 00`, subcode: 0 },
  { name: 'graceful restart with half a family', dump: `${start} 08 02 06 40 04 0078 0001`, subcode: 0 },
  { name: 'four-octet AS of 2 octets', dump: `${start} 06 02 04 41 02 fbf4`, subcode: 0 },
  { name: 'the extended form broken off', dump: `${start} ff ff 00`, subcode: 0 },
  { name: 'the extended form with a wrong length', dump: `${start} ff ff 0006 02 0002 02 00`, subcode: 0 },
  { name: 'an unknown parameter in the extended form', dump: `${start} ff ff 0003 01 0000`, subcode: 4 },
]

describe('BGP OPEN', () => {
  for (const { name, message, dump } of golden) {
    const body = fromDump(dump)
    it(`writes one ${name}`, () => assert.deepEqual(encodeMessage(message, BASIC_OPTIONS), messageOf(1, body)))
    it(`reads one ${name}`, () => assert.deepEqual(decode(body), { message }))

    it(`refuses one ${name} that is cut at any byte`, () => {
      for (let length = 0; length < body.length; length++) {
        const decoded = decode(body.subarray(0, length))
        assert.ok('error' in decoded, `cut at ${length}`)
        assert.deepEqual([decoded.error.code, decoded.error.subcode], [2, 0])
      }
    })
  }

  for (const { name, dump, capabilities } of alsoValid) {
    it(`reads ${name}`, () => {
      assert.deepEqual(decode(fromDump(dump)), { message: { ...plain, capabilities } })
    })
  }

  for (const { name, dump, subcode, data = '' } of malformed) {
    it(`refuses ${name}: 2/${subcode}`, () => {
      const decoded = decode(fromDump(dump))
      assert.ok('error' in decoded)
      const { error } = decoded
      assert.deepEqual([error.code, error.subcode, error.data], [2, subcode, fromDump(data)])
      assert.notEqual(error.reason, '')
    })
  }

  const mistakes: { name: string; message: OpenMessage }[] = [
    { name: 'an AS number of four octets', message: { ...plain, asNumber: 65536 } },
    { name: 'a hold time that does not fit', message: { ...plain, holdTimeSeconds: 65536 } },
    {
      name: 'a restart time that does not fit',
      message: {
        ...plain,
        capabilities: [
          { type: 'gracefulRestart', restarting: false, notification: false, restartTimeSeconds: 4096, families: [] },
        ],
      },
    },
    {
      name: 'a capability that does not fit',
      message: { ...plain, capabilities: [{ type: 'unknown', code: 200, value: new Uint8Array(256) }] },
    },
    {
      name: 'more than 4096 octets, even where messages are extended',
      message: {
        ...plain,
        capabilities: new Array(17).fill({ type: 'unknown', code: 200, value: new Uint8Array(255) }),
      },
    },
  ]
  for (const { name, message } of mistakes) {
    it(`does not write ${name}`, () => {
      assert.throws(() => encodeMessage(message, { ...BASIC_OPTIONS, extendedMessage: true }), RangeError)
    })
  }
})

function decode(body: Uint8Array) {
  return decodeMessage({ type: 1, body }, BASIC_OPTIONS)
}
