import fc from 'fast-check'
import type { CodecOptions } from '../../../../src/bgp/codec/codec-options.ts'
import type {
  AsPathSegment,
  Capability,
  Message,
  NextHop,
  PathAttributes,
  RawAttribute,
} from '../../../../src/bgp/message.ts'
import type { Address } from '../../../../src/ip/address.ts'
import { type Prefix, prefixOf } from '../../../../src/ip/prefix.ts'

// Messages that codecs must give back as they were: whatever may stand in a message in more than one way stands in the usual one.

const octet = fc.nat(0xff)
const twoOctets = fc.nat(0xffff)
const fourOctets = fc.oneof(fc.nat(0xffff), fc.nat(0xffffffff))
const asNumber = fourOctets.filter(number => number !== 0)
const plain = { noNullPrototype: true } as const

const ipv4: fc.Arbitrary<Address> = fc.nat(0xffffffff).map(value => ({ family: 4, value }))
const ipv6: fc.Arbitrary<Address> = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map(value => ({ family: 6, value }))
const ipv4Host: fc.Arbitrary<Address> = fc.integer({ min: 1, max: 0xdfffffff }).map(value => ({ family: 4, value }))
const global: fc.Arbitrary<Address> = fc
  .bigInt({ min: 0n, max: 2n ** 64n - 1n })
  .map(value => ({ family: 6, value: (0x20010db8n << 96n) | value }))
const linkLocal: fc.Arbitrary<Address> = fc
  .bigInt({ min: 0n, max: 2n ** 64n - 1n })
  .map(value => ({ family: 6, value: (0xfe80n << 112n) | value }))
const ipv4Prefixes = prefixes(ipv4, 32)
const ipv6Prefixes = prefixes(ipv6, 128)

function prefixes(address: fc.Arbitrary<Address>, bits: number): fc.Arbitrary<Prefix[]> {
  return fc.array(
    fc.tuple(address, fc.nat(bits)).map(([address, length]) => prefixOf(address, length)),
    { maxLength: 5 },
  )
}

export const optionsArbitrary: fc.Arbitrary<CodecOptions> = fc.record(
  {
    fourOctetAs: fc.boolean(),
    internal: fc.boolean(),
    extendedMessage: fc.boolean(),
    extendedNextHop: fc.boolean(),
  },
  plain,
)

const family = { afi: twoOctets, safi: octet }
const capability: fc.Arbitrary<Capability> = fc.oneof(
  fc.record({ type: fc.constant('multiprotocol' as const), ...family }, plain),
  fc.constantFrom<Capability>({ type: 'routeRefresh' }, { type: 'enhancedRouteRefresh' }, { type: 'extendedMessage' }),
  fc.record(
    {
      type: fc.constant('extendedNextHop' as const),
      entries: fc.array(fc.record({ afi: twoOctets, safi: twoOctets, nextHopAfi: twoOctets }, plain)),
    },
    plain,
  ),
  fc.record(
    {
      type: fc.constant('gracefulRestart' as const),
      restarting: fc.boolean(),
      notification: fc.boolean(),
      restartTimeSeconds: fc.nat(4095),
      families: fc.array(fc.record({ ...family, forwardingPreserved: fc.boolean() }, plain)),
    },
    plain,
  ),
  fc.record({ type: fc.constant('fourOctetAs' as const), asNumber }, plain),
  fc.record(
    {
      type: fc.constant('unknown' as const),
      code: fc.integer({ min: 128, max: 255 }),
      value: fc.uint8Array({ maxLength: 255 }),
    },
    plain,
  ),
)

const open: fc.Arbitrary<Message> = fc.record(
  {
    type: fc.constant('open' as const),
    version: fc.constant(4),
    asNumber: twoOctets.filter(number => number !== 0),
    holdTimeSeconds: twoOctets.filter(seconds => seconds !== 1 && seconds !== 2),
    bgpIdentifier: fc.integer({ min: 1, max: 0xffffffff }),
    capabilities: fc.array(capability, { maxLength: 12 }),
  },
  plain,
)

const asPath: fc.Arbitrary<AsPathSegment[]> = fc.array(
  fc.record({ type: fc.constantFrom(1 as const, 2 as const), asNumbers: fc.array(asNumber, { minLength: 1 }) }, plain),
  { maxLength: 4 },
)
const unknown: fc.Arbitrary<RawAttribute[]> = fc.uniqueArray(
  fc.record(
    {
      flags: octet.map(flags => (flags & ~0x10) | 0x80),
      code: fc.integer({ min: 100, max: 255 }),
      value: fc.uint8Array({ maxLength: 300 }),
    },
    plain,
  ),
  { selector: ({ code }) => code, minLength: 1, maxLength: 3 },
)

function nextHop({ extendedNextHop }: CodecOptions, afi: 1 | 2): fc.Arbitrary<NextHop> {
  const ofIpv6 = fc.oneof(
    fc.record({ global }, plain),
    fc.record({ linkLocal }, plain),
    fc.record({ global, linkLocal }, plain),
  )
  const ofIpv4 = fc.record({ global: ipv4Host }, plain)
  return afi === 2 ? ofIpv6 : extendedNextHop ? fc.oneof(ofIpv4, ofIpv6) : ofIpv4
}

function attributes(options: CodecOptions): fc.Arbitrary<PathAttributes> {
  const { internal } = options
  const reach = (afi: 1 | 2, announced: fc.Arbitrary<Prefix[]>) =>
    fc.record({ afi: fc.constant(afi), safi: fc.constant(1), nextHop: nextHop(options, afi), announced }, plain)
  const unreach = (afi: 1 | 2, withdrawn: fc.Arbitrary<Prefix[]>) =>
    fc.record({ afi: fc.constant(afi), safi: fc.constant(1), withdrawn }, plain)
  return fc.record(
    {
      origin: fc.constantFrom(0 as const, 1 as const, 2 as const),
      asPath,
      nextHop: ipv4Host,
      multiExitDiscriminator: fourOctets,
      ...(internal && { localPreference: fourOctets }),
      atomicAggregate: fc.constant(true),
      aggregator: fc.record({ asNumber, address: ipv4 }, plain),
      communities: fc.array(fourOctets, { minLength: 1 }),
      extendedCommunities: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 1 }),
      largeCommunities: fc.array(
        fc.record({ globalAdministrator: fourOctets, localData1: fourOctets, localData2: fourOctets }, plain),
        { minLength: 1 },
      ),
      mpReach: fc.oneof(reach(1, ipv4Prefixes), reach(2, ipv6Prefixes)),
      mpUnreach: fc.oneof(unreach(1, ipv4Prefixes), unreach(2, ipv6Prefixes)),
      unknown,
    },
    { ...plain, requiredKeys: ['origin', 'asPath', 'nextHop', ...(internal ? ['localPreference' as const] : [])] },
  )
}

function update(options: CodecOptions): fc.Arbitrary<Message> {
  return fc.record(
    {
      type: fc.constant('update' as const),
      withdrawn: ipv4Prefixes,
      attributes: attributes(options),
      announced: ipv4Prefixes,
    },
    plain,
  )
}

const short: fc.Arbitrary<Message> = fc.oneof(
  fc.constant<Message>({ type: 'keepalive' }),
  fc.record({ type: fc.constant('notification' as const), code: octet, subcode: octet, data: fc.uint8Array() }, plain),
  fc.record({ type: fc.constant('routeRefresh' as const), ...family, subtype: octet }, plain),
)

/** Any message that may be sent, with what the session has negotiated. */
export const sessionMessages: fc.Arbitrary<readonly [CodecOptions, Message]> = optionsArbitrary.chain(options =>
  fc.tuple(
    fc.constant(options),
    fc.oneof({ arbitrary: update(options), weight: 4 }, { arbitrary: open, weight: 2 }, short),
  ),
)
