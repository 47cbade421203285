import assert from 'node:assert/strict'
import { AsSegmentType, Origin, type PathAttributes } from '../../../../src/bgp/message.ts'
import type { Negotiated } from '../../../../src/bgp/negotiation.ts'
import { AdjRibOut, type ExportSession } from '../../../../src/bgp/rib/adj-rib-out.ts'
import { linkBandwidth } from '../../../../src/bgp/rib/link-bandwidth.ts'
import type { RouteAttributes } from '../../../../src/bgp/route.ts'
import { BgpHearer } from '../../../support/bgp/hearer.ts'
import { address, exportSession, PLAIN, route, routesOf } from '../../../support/bgp/routes.ts'

const sequence = (...asNumbers: number[]) => [{ type: AsSegmentType.sequence, asNumbers }]
const external = { origin: Origin.igp, asPath: sequence(64512), nextHop: address('192.0.2.1') }
const internal = { origin: Origin.igp, asPath: [], nextHop: address('192.0.2.1') }

/** What is heard of a route on a session. */
function heard(text: string, attributes: RouteAttributes, session: ExportSession) {
  const peer = new BgpHearer(session.negotiated)
  const rib = new AdjRibOut(session)
  rib.setRoutes(routesOf([route(text, attributes)]))
  for (let bytes = rib.next(); bytes; bytes = rib.next()) peer.hear(bytes)
  return peer.routes.get(text)
}

describe('attributes of a session', () => {
  const rows: {
    what: string
    attributes?: Partial<RouteAttributes>
    terms?: Partial<Negotiated>
    expected: PathAttributes
  }[] = [
    { what: 'external', expected: external },
    { what: 'internal', terms: { internal: true }, expected: { ...internal, localPreference: 100 } },
    { what: 'a local preference, external', attributes: { localPreference: 7 }, expected: external },
    {
      what: 'a local preference, internal',
      attributes: { localPreference: 7 },
      terms: { internal: true },
      expected: { ...internal, localPreference: 7 },
    },
    {
      what: 'an AS number of four octets',
      terms: { localAs: 4200000000 },
      expected: { ...external, asPath: sequence(4200000000) },
    },
    {
      what: 'an AS number of four octets, to a peer that knows two',
      terms: { localAs: 4200000000, fourOctetAs: false },
      expected: { ...external, asPath: sequence(4200000000) },
    },
    {
      what: 'communities of all kinds',
      attributes: {
        communities: [0xfde80001, 0xffffff01],
        largeCommunities: [{ globalAdministrator: 64512, localData1: 1, localData2: 2 }],
        weight: 3,
      },
      expected: {
        ...external,
        communities: [0xfde80001, 0xffffff01],
        largeCommunities: [{ globalAdministrator: 64512, localData1: 1, localData2: 2 }],
        extendedCommunities: [0x4004_fc00_48b71b00n],
      },
    },
  ]
  for (const { what, attributes, terms, expected } of rows) {
    it(`are told: ${what}`, () => {
      assert.deepEqual(heard('192.0.2.7/32', { ...PLAIN, ...attributes }, exportSession(terms)), expected)
    })
  }

  const nextHops: { what: string; text: string; session: ExportSession; expected: object }[] = [
    {
      what: 'IPv6, global and link-local',
      text: '2001:db8::7/128',
      session: exportSession(),
      expected: { mpNextHop: { global: address('2001:db8::1'), linkLocal: address('fe80::1') } },
    },
    {
      what: 'IPv6, global',
      text: '2001:db8::7/128',
      session: exportSession({}, { 6: { global: address('2001:db8::1') } }),
      expected: { mpNextHop: { global: address('2001:db8::1') } },
    },
    {
      what: 'IPv6 for IPv4',
      text: '192.0.2.7/32',
      session: exportSession({ extendedNextHop: true }, { 4: { global: address('2001:db8::1') } }),
      expected: { mpNextHop: { global: address('2001:db8::1') } },
    },
    {
      what: 'IPv4 for IPv4 although IPv6 would do',
      text: '192.0.2.7/32',
      session: exportSession({ extendedNextHop: true }),
      expected: { nextHop: address('192.0.2.1') },
    },
  ]
  for (const { what, text, session, expected } of nextHops) {
    it(`have a next hop: ${what}`, () => {
      assert.deepEqual(heard(text, PLAIN, session), { origin: Origin.igp, asPath: sequence(64512), ...expected })
    })
  }
})

describe('linkBandwidth', () => {
  const rows: { asNumber: number; weight: number; community: bigint }[] = [
    // 125,000 bytes a second are 0x47f42400 as an IEEE float.
    { asNumber: 64512, weight: 1, community: 0x4004_fc00_47f42400n },
    { asNumber: 64512, weight: 2, community: 0x4004_fc00_48742400n },
    { asNumber: 4200000000, weight: 1, community: 0x4004_5ba0_47f42400n },
  ]
  for (const { asNumber, weight, community } of rows) {
    it(`tells weight ${weight} of AS ${asNumber}`, () => {
      assert.equal(linkBandwidth(asNumber, weight), community)
    })
  }
})
