import { BASIC_OPTIONS, type CodecOptions } from '../../../../src/bgp/codec/codec-options.ts'
import type { UpdateMessage } from '../../../../src/bgp/message.ts'
import { type Address, parseAddress } from '../../../../src/ip/address.ts'
import { type Prefix, parsePrefix } from '../../../../src/ip/prefix.ts'

export const external: CodecOptions = { ...BASIC_OPTIONS, fourOctetAs: true }
export const internal: CodecOptions = { ...external, internal: true }
export const twoOctets: CodecOptions = BASIC_OPTIONS
export const overIpv6: CodecOptions = { ...external, extendedNextHop: true }

export const none = { withdrawn: [], attributes: {}, announced: [] }
const path = [{ type: 2 as const, asNumbers: [64500] }]

/** UPDATEs and their bodies, written out by hand from the RFCs. */
export const goldenUpdates: { name: string; options: CodecOptions; message: UpdateMessage; dump: string }[] = [
  { name: 'nothing at all', options: external, message: { type: 'update', ...none }, dump: '0000 0000' },
  {
    name: 'withdrawn prefixes',
    options: external,
    message: { ...none, type: 'update', withdrawn: prefixes('192.0.2.0/24', '198.51.100.7/32', '0.0.0.0/0') },
    dump: `
      000a         // withdrawn, 10 octets
      18 c00002    // 192.0.2.0/24
      20 c6336407  // 198.51.100.7/32
      00           // 0.0.0.0/0
      0000         // no attributes
    `,
  },
  {
    name: 'IPv4 prefixes with the mandatory attributes of an external session',
    options: external,
    message: {
      ...none,
      type: 'update',
      attributes: { origin: 0, asPath: path, nextHop: address('192.0.2.1') },
      announced: prefixes('203.0.113.128/25', '203.0.113.1/32'),
    },
    dump: `
      0000                    // nothing withdrawn
      0014                    // attributes, 20 octets
      40 01 01 00             // ORIGIN: IGP
      40 02 06                // AS_PATH
      02 01 0000fbf4          //   sequence of 64500
      40 03 04 c0000201       // NEXT_HOP
      19 cb007180             // 203.0.113.128/25
      20 cb007101             // 203.0.113.1/32
    `,
  },
  {
    name: 'every attribute on an internal session',
    options: internal,
    message: {
      type: 'update',
      withdrawn: prefixes('192.0.2.0/24'),
      attributes: {
        mpReach: {
          afi: 2,
          safi: 1,
          nextHop: { global: address('2001:db8::1') },
          announced: prefixes('2001:db8:1::/48', '::/0'),
        },
        mpUnreach: { afi: 2, safi: 1, withdrawn: prefixes('2001:db8::5/128') },
        origin: 2,
        asPath: [
          { type: 3, asNumbers: [65001] },
          { type: 2, asNumbers: [4200000000, 64501] },
          { type: 1, asNumbers: [64502] },
        ],
        nextHop: address('192.0.2.1'),
        multiExitDiscriminator: 4294967295,
        localPreference: 100,
        atomicAggregate: true,
        aggregator: { asNumber: 4200000000, address: address('192.0.2.9') },
        communities: [0xffff0000, 0xfbf40001],
        extendedCommunities: [0x4004fbf4_42c80000n],
        largeCommunities: [{ globalAdministrator: 64500, localData1: 4294967295, localData2: 0 }],
        unknown: [
          { flags: 0x80, code: 9, value: Uint8Array.of(192, 0, 2, 7) },
          { flags: 0xe0, code: 99, value: Uint8Array.of(1) },
        ],
      },
      announced: prefixes('203.0.113.0/24'),
    },
    dump: `
      0004 18 c00002          // withdrawn: 192.0.2.0/24
      00a7                    // attributes, 167 octets
      80 0e 1d                // MP_REACH_NLRI
      0002 01                 //   IPv6 unicast
      10 20010db8000000000000000000000001
      00                      //   reserved
      30 20010db80001         //   2001:db8:1::/48
      00                      //   ::/0
      80 0f 14                // MP_UNREACH_NLRI
      0002 01                 //   IPv6 unicast
      80 20010db8000000000000000000000005
      40 01 01 02             // ORIGIN: incomplete
      40 02 16                // AS_PATH
      03 01 0000fde9          //   confederation sequence of 65001
      02 02 fa56ea00 0000fbf5 //   sequence of 4200000000, 64501
      01 01 0000fbf6          //   set of 64502
      40 03 04 c0000201       // NEXT_HOP
      80 04 04 ffffffff       // MULTI_EXIT_DISC
      40 05 04 00000064       // LOCAL_PREF
      40 06 00                // ATOMIC_AGGREGATE
      c0 07 08                // AGGREGATOR
      fa56ea00 c0000209       //   4200000000, 192.0.2.9
      c0 08 08                // COMMUNITIES
      ffff0000 fbf40001       //   graceful shutdown, 64500:1
      c0 10 08                // EXTENDED COMMUNITIES
      4004 fbf4 42c80000      //   link bandwidth of AS 64500: 100.0
      c0 20 0c                // LARGE_COMMUNITY
      0000fbf4 ffffffff 00000000
      80 09 04 c0000207       // ORIGINATOR_ID, raw
      e0 63 01 01             // unknown, partial
      18 cb0071               // 203.0.113.0/24
    `,
  },
  {
    name: 'AS numbers of four octets to a speaker of two (RFC 6793 §4.2.2)',
    options: twoOctets,
    message: {
      ...none,
      type: 'update',
      attributes: {
        origin: 0,
        asPath: [{ type: 2, asNumbers: [64500, 4200000000] }],
        nextHop: address('192.0.2.1'),
        aggregator: { asNumber: 65536, address: address('192.0.2.9') },
      },
      announced: prefixes('203.0.113.0/24'),
    },
    dump: `
      0000
      0035
      40 01 01 00             // ORIGIN
      40 02 06                // AS_PATH
      02 02 fbf4 5ba0         //   64500, AS_TRANS
      40 03 04 c0000201       // NEXT_HOP
      c0 07 06                // AGGREGATOR
      5ba0 c0000209           //   AS_TRANS, 192.0.2.9
      c0 11 0a                // AS4_PATH
      02 02 0000fbf4 fa56ea00 //   64500, 4200000000
      c0 12 08                // AS4_AGGREGATOR
      00010000 c0000209       //   65536, 192.0.2.9
      18 cb0071
    `,
  },
  {
    name: 'AS numbers of two octets to a speaker of two',
    options: twoOctets,
    message: {
      ...none,
      type: 'update',
      attributes: {
        origin: 1,
        asPath: path,
        nextHop: address('192.0.2.1'),
        aggregator: { asNumber: 65535, address: address('192.0.2.9') },
      },
      announced: prefixes('203.0.113.0/24'),
    },
    dump: `
      0000
      001b
      40 01 01 01             // ORIGIN: EGP
      40 02 04 02 01 fbf4     // AS_PATH: 64500
      40 03 04 c0000201       // NEXT_HOP
      c0 07 06 ffff c0000209  // AGGREGATOR
      18 cb0071
    `,
  },
  {
    name: 'an empty path and a link-local next hop beside the global one (RFC 2545)',
    options: internal,
    message: {
      ...none,
      type: 'update',
      attributes: {
        mpReach: {
          afi: 2,
          safi: 1,
          nextHop: { global: address('2001:db8::1'), linkLocal: address('fe80::1') },
          announced: prefixes('2001:db8:1::/64'),
        },
        origin: 0,
        asPath: [],
        localPreference: 0,
      },
    },
    dump: `
      0000
      003f
      80 0e 2e                // MP_REACH_NLRI
      0002 01
      20 20010db8000000000000000000000001 fe800000000000000000000000000001
      00
      40 20010db800010000
      40 01 01 00
      40 02 00                // AS_PATH: empty
      40 05 04 00000000
    `,
  },
  {
    name: 'IPv4 prefixes with a link-local next hop of IPv6 (RFC 8950)',
    options: overIpv6,
    message: {
      ...none,
      type: 'update',
      attributes: {
        mpReach: {
          afi: 1,
          safi: 1,
          nextHop: { linkLocal: address('fe80::1') },
          announced: prefixes('203.0.113.1/32'),
        },
        origin: 0,
        asPath: path,
      },
    },
    dump: `
      0000
      002a
      80 0e 1a                // MP_REACH_NLRI
      0001 01                 //   IPv4 unicast
      10 fe800000000000000000000000000001
      00
      20 cb007101             //   203.0.113.1/32
      40 01 01 00
      40 02 06 02 01 0000fbf4
    `,
  },
  {
    name: 'IPv4 prefixes with an IPv4 next hop in MP_REACH_NLRI',
    options: external,
    message: {
      ...none,
      type: 'update',
      attributes: {
        mpReach: { afi: 1, safi: 1, nextHop: { global: address('192.0.2.1') }, announced: prefixes('203.0.113.1/32') },
        origin: 0,
        asPath: path,
      },
    },
    dump: `
      0000
      001e
      80 0e 0e 0001 01 04 c0000201 00 20 cb007101
      40 01 01 00
      40 02 06 02 01 0000fbf4
    `,
  },
  {
    name: 'an attribute of more than 255 octets',
    options: external,
    message: {
      ...none,
      type: 'update',
      attributes: {
        origin: 0,
        asPath: path,
        nextHop: address('192.0.2.1'),
        communities: Array.from({ length: 64 }, (_, index) => index),
      },
      announced: prefixes('203.0.113.0/24'),
    },
    dump: `
      0000
      0118
      40 01 01 00
      40 02 06 02 01 0000fbf4
      40 03 04 c0000201
      d0 08 0100              // COMMUNITIES, extended length
      ${Array.from({ length: 64 }, (_, index) => index.toString(16).padStart(8, '0')).join(' ')}
      18 cb0071
    `,
  },
  {
    name: 'the end of all IPv6 routes (RFC 4724)',
    options: external,
    message: { ...none, type: 'update', attributes: { mpUnreach: { afi: 2, safi: 1, withdrawn: [] } } },
    dump: '0000 0006 80 0f 03 0002 01',
  },
  {
    name: 'the withdrawal of a family that is not spoken',
    options: external,
    message: { ...none, type: 'update', attributes: { mpUnreach: { afi: 1, safi: 128, withdrawn: [] } } },
    dump: '0000 0006 80 0f 03 0001 80',
  },
]

export function address(text: string): Address {
  return parseAddress(text)!
}

export function prefixes(...texts: string[]): Prefix[] {
  return texts.map(text => parsePrefix(text)!)
}
