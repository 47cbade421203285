import assert from 'node:assert/strict'
import type { CodecOptions } from '../../../../src/bgp/codec/codec-options.ts'
import { decodeMessage } from '../../../../src/bgp/codec/decode-message.ts'
import { encodeMessage } from '../../../../src/bgp/codec/encode-message.ts'
import { encodePathAttributes } from '../../../../src/bgp/codec/path-attributes.ts'
import { endOfRib, endOfRibFamily } from '../../../../src/bgp/codec/update.ts'
import type { PathAttributes, UpdateMessage } from '../../../../src/bgp/message.ts'
import type { Prefix } from '../../../../src/ip/prefix.ts'
import { fromDump, messageOf } from './dump.ts'
import { address, external, goldenUpdates, none, prefixes, twoOctets } from './golden-updates.ts'

describe('BGP UPDATE', () => {
  for (const { name, options, message, dump } of goldenUpdates) {
    const body = fromDump(dump)
    it(`writes ${name}`, () => assert.deepEqual(encodeMessage(message, options), messageOf(2, body)))
    it(`reads ${name}`, () => assert.deepEqual(decode(body, options), { message }))

    it(`finds a fault in, or fewer prefixes than, ${name} when it is cut at any byte`, () => {
      const whole = countOf(message)
      for (let length = 0; length < body.length; length++) {
        const decoded = decode(body.subarray(0, length), options)
        if ('error' in decoded) assert.equal(decoded.error.code, 3)
        else assert.ok(countOf(decoded.message as UpdateMessage) < whole, `cut at ${length}`)
      }
    })
  }

  const alsoValid: { name: string; options: CodecOptions; dump: string; attributes: PathAttributes }[] = [
    {
      name: 'attributes in any order, with wide lengths and the partial bit',
      options: external,
      dump: '0000 0017 c0 08 04 fbf40001 50 03 0004 c0000201 50 02 0000 60 01 01 00 18 cb0071',
      attributes: { origin: 0, asPath: [], nextHop: address('192.0.2.1'), communities: [0xfbf40001] },
    },
    {
      name: 'a link-local address in both places of the next hop',
      options: external,
      dump: `0000 0036 80 0e 2c 0002 01 20 ${'fe800000000000000000000000000001'.repeat(2)} 00 30 20010db80001 40 01 01 00 40 02 00`,
      attributes: {
        origin: 0,
        asPath: [],
        mpReach: {
          afi: 2,
          safi: 1,
          nextHop: { linkLocal: address('fe80::1') },
          announced: prefixes('2001:db8:1::/48'),
        },
      },
    },
    {
      name: 'an unspecified address in front of the link-local one',
      options: external,
      dump: `0000 0036 80 0e 2c 0002 01 20 ${'0'.repeat(32)} fe800000000000000000000000000001 00 30 20010db80001 40 01 01 00 40 02 00`,
      attributes: {
        origin: 0,
        asPath: [],
        mpReach: {
          afi: 2,
          safi: 1,
          nextHop: { linkLocal: address('fe80::1') },
          announced: prefixes('2001:db8:1::/48'),
        },
      },
    },
    {
      name: 'a family that is not spoken, whatever is in it',
      options: external,
      dump: '0000 0012 80 0e 0b 0001 85 00 00 fffffffffff0 40 01 01 00',
      attributes: { origin: 0, mpReach: { afi: 1, safi: 133, nextHop: {}, announced: [] } },
    },
  ]
  for (const { name, options, dump, attributes } of alsoValid) {
    it(`reads ${name}`, () => {
      const decoded = decode(fromDump(dump), options)
      assert.ok(
        'message' in decoded && decoded.message.type === 'update',
        'error' in decoded ? decoded.error.reason : '',
      )
      assert.deepEqual(decoded.message.attributes, attributes)
      assert.equal(decoded.problems, undefined)
    })
  }

  it('drops the bits behind the length of a prefix', () => {
    const decoded = decode(fromDump('0004 09 c0ff 00 0000'), external)
    assert.ok('message' in decoded && decoded.message.type === 'update')
    assert.deepEqual(decoded.message.withdrawn, prefixes('192.128.0.0/9', '0.0.0.0/0'))
  })

  it('keeps nothing of the bytes it has read', () => {
    const body = fromDump('0000 0005 c0 63 02 0102')
    const buffer = Buffer.from(body)
    const decoded = decode(buffer, external)
    buffer.fill(0xee)
    assert.deepEqual(decoded, decode(body, external))
  })

  it('tells the end of all routes from other messages', () => {
    for (const family of [
      { afi: 1, safi: 1 },
      { afi: 2, safi: 1 },
      { afi: 25, safi: 70 },
    ]) {
      assert.deepEqual(endOfRibFamily(endOfRib(family)), family)
    }
    for (const message of goldenUpdates.map(row => row.message).filter(message => countOf(message) > 0)) {
      assert.equal(endOfRibFamily(message), undefined)
    }
    assert.equal(endOfRibFamily({ ...none, type: 'update', attributes: { origin: 0 } }), undefined)
  })

  const mistakes: { name: string; message: Partial<UpdateMessage>; options?: CodecOptions }[] = [
    { name: 'IPv6 prefixes outside MP_REACH_NLRI', message: { announced: prefixes('2001:db8::/32') } },
    { name: 'IPv6 prefixes outside MP_UNREACH_NLRI', message: { withdrawn: prefixes('2001:db8::/32') } },
    {
      name: 'a prefix longer than its address',
      message: { withdrawn: [{ address: address('192.0.2.1'), length: 33 }] },
    },
    { name: 'a prefix of half a bit', message: { withdrawn: [{ address: address('192.0.2.1'), length: 0.5 }] } },
    { name: 'NEXT_HOP of IPv6', message: { attributes: { nextHop: address('2001:db8::1') } } },
    { name: 'an empty segment', message: { attributes: { asPath: [{ type: 2, asNumbers: [] }] } } },
    {
      name: 'a segment of 256 AS numbers',
      message: { attributes: { asPath: [{ type: 2, asNumbers: new Array(256).fill(1) }] } },
    },
    {
      name: 'an AS number of five octets',
      message: { attributes: { asPath: [{ type: 2, asNumbers: [2 ** 32] }] } },
      options: twoOctets,
    },
    { name: 'a negative metric', message: { attributes: { multiExitDiscriminator: -1 } } },
    {
      name: 'an attribute raw that has a field',
      message: { attributes: { unknown: [{ flags: 0x40, code: 1, value: new Uint8Array(1) }] } },
    },
    {
      name: 'an aggregator of IPv6',
      message: { attributes: { aggregator: { asNumber: 1, address: address('2001:db8::1') } } },
    },
    {
      name: 'an IPv6 next hop for IPv4 where that is not negotiated',
      message: {
        attributes: { mpReach: { afi: 1, safi: 1, nextHop: { global: address('2001:db8::1') }, announced: [] } },
      },
    },
    {
      name: 'an IPv4 next hop for IPv6',
      message: {
        attributes: { mpReach: { afi: 2, safi: 1, nextHop: { global: address('192.0.2.1') }, announced: [] } },
      },
    },
    { name: 'no next hop', message: { attributes: { mpReach: { afi: 2, safi: 1, nextHop: {}, announced: [] } } } },
    {
      name: 'IPv4 prefixes as those of IPv6',
      message: { attributes: { mpUnreach: { afi: 2, safi: 1, withdrawn: prefixes('192.0.2.0/24') } } },
    },
    {
      name: 'prefixes of a family that is not spoken',
      message: { attributes: { mpUnreach: { afi: 1, safi: 2, withdrawn: prefixes('192.0.2.0/24') } } },
    },
    { name: 'more than 4096 octets', message: { withdrawn: new Array(815).fill(prefixes('192.0.2.1/32')[0]) } },
  ]
  for (const { name, message, options = external } of mistakes) {
    it(`does not write ${name}`, () => {
      assert.throws(() => encodeMessage({ ...none, type: 'update', ...message }, options), RangeError)
    })
  }

  it('writes up to 65535 octets where messages are extended (RFC 8654)', () => {
    const withdrawn: Prefix[] = new Array(13_102).fill(prefixes('192.0.2.1/32')[0])
    const options = { ...external, extendedMessage: true }
    const bytes = encodeMessage({ ...none, type: 'update', withdrawn }, options)
    assert.equal(bytes.length, 65_533)
    assert.deepEqual(decode(bytes.subarray(19), options), { message: { ...none, type: 'update', withdrawn } })
  })

  it('writes attributes alone as they stand in the message', () => {
    assert.deepEqual(
      encodePathAttributes({ origin: 0, asPath: [], communities: [] }, external),
      fromDump('40010100 400200'),
    )
  })
})

function decode(body: Uint8Array, options: CodecOptions) {
  return decodeMessage({ type: 2, body }, options)
}

function countOf({ withdrawn, attributes, announced }: UpdateMessage): number {
  const { mpReach, mpUnreach } = attributes
  return withdrawn.length + announced.length + (mpReach?.announced.length ?? 0) + (mpUnreach?.withdrawn.length ?? 0)
}
