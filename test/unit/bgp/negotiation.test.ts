import assert from 'node:assert/strict'
import type { AddressFamily, Capability, OpenMessage } from '../../../src/bgp/message.ts'
import { type Negotiated, negotiate, openMessage } from '../../../src/bgp/negotiation.ts'
import type { PeerConfig } from '../../../src/bgp/peer-config.ts'
import { parseAddress } from '../../../src/ip/address.ts'
import { ipv4, ipv6, negotiated, peerOpen, peerSettings, restartCapability } from './session/samples.ts'

const overIpv6 = { location: { type: 'address', address: parseAddress('2001:db8::1')! } } as const
const unnumbered = { location: { type: 'interface', interface: 'eth1' } } as const
const bothFamilies = { families: [4, 6] } as const
const restart = { gracefulRestart: true } as const

function multiprotocol(...families: AddressFamily[]): readonly Capability[] {
  return families.map(family => ({ type: 'multiprotocol', ...family }))
}

function fourOctetAs(asNumber: number): Partial<OpenMessage> {
  return { asNumber: 23456, capabilities: [...multiprotocol(ipv4), { type: 'fourOctetAs', asNumber }] }
}

function capabilities(...more: Capability[]): Partial<OpenMessage> {
  return { capabilities: [...multiprotocol(ipv4, ipv6), ...more] }
}

const extendedNextHop = { type: 'extendedNextHop', entries: [{ ...ipv4, nextHopAfi: 2 }] } as const

describe('our OPEN', () => {
  const refreshes = [{ type: 'routeRefresh' }, { type: 'enhancedRouteRefresh' }] as const

  it('carries what is configured', () => {
    assert.deepEqual(openMessage(peerSettings(), true), {
      type: 'open',
      version: 4,
      asNumber: 64512,
      holdTimeSeconds: 90,
      bgpIdentifier: 10,
      capabilities: [...multiprotocol(ipv4), ...refreshes, { type: 'fourOctetAs', asNumber: 64512 }],
    })
  })

  it('names AS_TRANS where the AS number has four octets', () => {
    const open = openMessage(peerSettings({ localAs: 65536 }), false)
    assert.equal(open.asNumber, 23456)
    assert.deepEqual(open.capabilities.at(-1), { type: 'fourOctetAs', asNumber: 65536 })
    assert.equal(openMessage(peerSettings({ localAs: 65535 }), false).asNumber, 65535)
  })

  it('offers IPv6 next hops for IPv4 on sessions over IPv6 alone', () => {
    const offered = (changes: Partial<PeerConfig>) =>
      openMessage(peerSettings(changes), false).capabilities.filter(each => each.type === 'extendedNextHop')
    assert.deepEqual(offered({ ...overIpv6, ...bothFamilies }), [extendedNextHop])
    assert.deepEqual(offered({ ...unnumbered, ...bothFamilies }), [extendedNextHop])
    assert.deepEqual(offered({ ...overIpv6, families: [6] }), [])
    assert.deepEqual(offered(bothFamilies), [])
  })

  it('says of graceful restart that forwarding goes on, and whether this process has just begun', () => {
    for (const restarting of [true, false]) {
      assert.deepEqual(openMessage(peerSettings({ ...restart, ...bothFamilies }), restarting).capabilities.at(-1), {
        type: 'gracefulRestart',
        restarting,
        notification: true,
        restartTimeSeconds: 120,
        families: [
          { ...ipv4, forwardingPreserved: true },
          { ...ipv6, forwardingPreserved: true },
        ],
      })
    }
  })
})

interface AgreedRow {
  readonly name: string
  readonly ours?: Partial<PeerConfig>
  readonly theirs?: Partial<OpenMessage>
  /** besides what the plain OPENs give */
  readonly gives: Partial<Negotiated>
}

const agreed: readonly AgreedRow[] = [
  { name: 'plain', gives: {} },
  {
    name: 'our hold time is longer',
    ours: { holdTimeSeconds: 240 },
    gives: { holdTimeSeconds: 180, keepaliveSeconds: 60 },
  },
  {
    name: 'the peer wants no hold timer',
    ours: { keepaliveTimeSeconds: 10 },
    theirs: { holdTimeSeconds: 0 },
    gives: { holdTimeSeconds: 0, keepaliveSeconds: 0 },
  },
  { name: 'we want no hold timer', ours: { holdTimeSeconds: 0 }, gives: { holdTimeSeconds: 0, keepaliveSeconds: 0 } },
  {
    name: 'the shortest hold time',
    theirs: { holdTimeSeconds: 3 },
    gives: { holdTimeSeconds: 3, keepaliveSeconds: 1 },
  },
  { name: 'a keepalive time of our own', ours: { keepaliveTimeSeconds: 7 }, gives: { keepaliveSeconds: 7 } },
  { name: 'one that is too long', ours: { keepaliveTimeSeconds: 45 }, gives: { keepaliveSeconds: 30 } },
  { name: 'IPv4 without its capability', theirs: { capabilities: [] }, gives: { routeRefresh: false } },
  {
    name: 'both families',
    ours: { families: [6, 4] },
    theirs: capabilities(),
    gives: { families: [6, 4], routeRefresh: false },
  },
  {
    name: 'a family that the peer lacks',
    ours: bothFamilies,
    theirs: { capabilities: multiprotocol(ipv6) },
    gives: { families: [6], routeRefresh: false },
  },
  {
    name: 'multicast is another family',
    ours: bothFamilies,
    theirs: { capabilities: multiprotocol({ afi: 1, safi: 2 }, ipv6) },
    gives: { families: [6], routeRefresh: false },
  },
  {
    name: 'an AS number of four octets',
    ours: { peerAs: 4_200_000_000 },
    theirs: fourOctetAs(4_200_000_000),
    gives: { peerAs: 4_200_000_000, fourOctetAs: true, routeRefresh: false },
  },
  {
    name: 'this end has four octets, the peer only two',
    ours: { localAs: 4_200_000_000 },
    gives: { localAs: 4_200_000_000, fourOctetAs: false },
  },
  {
    name: 'a small number in four octets',
    theirs: { ...fourOctetAs(64513), asNumber: 64513 },
    gives: { fourOctetAs: true, routeRefresh: false },
  },
  { name: 'any other AS', ours: { peerAs: 'external' }, gives: {} },
  {
    name: 'the same AS',
    ours: { peerAs: 'internal' },
    theirs: { asNumber: 64512 },
    gives: { peerAs: 64512, internal: true },
  },
  {
    name: 'the same AS by number',
    ours: { peerAs: 64512 },
    theirs: { asNumber: 64512 },
    gives: { peerAs: 64512, internal: true },
  },
  { name: 'our own identifier in another AS', theirs: { bgpIdentifier: 10 }, gives: { peerIdentifier: 10 } },
  {
    name: 'enhanced route refresh',
    theirs: capabilities({ type: 'routeRefresh' }, { type: 'enhancedRouteRefresh' }),
    gives: { enhancedRouteRefresh: true },
  },
  {
    name: 'extended messages, which we do not offer',
    theirs: capabilities({ type: 'extendedMessage' }, { type: 'routeRefresh' }),
    gives: { extendedMessage: false },
  },
  {
    name: 'IPv6 next hops for IPv4',
    ours: { ...overIpv6, ...bothFamilies },
    theirs: capabilities(extendedNextHop),
    gives: { families: [4, 6], extendedNextHop: true, routeRefresh: false },
  },
  {
    name: 'IPv6 next hops that the peer takes for multicast alone',
    ours: { ...overIpv6, ...bothFamilies },
    theirs: capabilities({ type: 'extendedNextHop', entries: [{ afi: 1, safi: 2, nextHopAfi: 2 }] }),
    gives: { families: [4, 6], routeRefresh: false },
  },
  {
    name: 'IPv6 next hops that we did not offer',
    theirs: capabilities(extendedNextHop),
    gives: { extendedNextHop: false, routeRefresh: false },
  },
  {
    name: 'graceful restart',
    ours: { ...restart, ...bothFamilies },
    theirs: capabilities(restartCapability),
    gives: {
      families: [4, 6],
      routeRefresh: false,
      gracefulRestart: { restartTimeSeconds: 60, notification: true, families: [4] },
    },
  },
  {
    name: 'graceful restart of a peer that only helps',
    ours: restart,
    theirs: capabilities({ ...restartCapability, notification: false, families: [] }),
    gives: { routeRefresh: false, gracefulRestart: { restartTimeSeconds: 60, notification: false, families: [] } },
  },
  {
    name: 'graceful restart, said twice',
    ours: restart,
    theirs: capabilities(restartCapability, { ...restartCapability, restartTimeSeconds: 9 }),
    gives: { routeRefresh: false, gracefulRestart: { restartTimeSeconds: 9, notification: true, families: [4] } },
  },
  {
    name: 'graceful restart of the peer alone',
    theirs: capabilities(restartCapability),
    gives: { routeRefresh: false },
  },
  { name: 'graceful restart of this end alone', ours: restart, gives: {} },
]

interface RefusedRow {
  readonly name: string
  readonly ours?: Partial<PeerConfig>
  readonly theirs: Partial<OpenMessage>
  readonly subcode: number
  readonly data?: string
  readonly reason: RegExp
}

const refused: readonly RefusedRow[] = [
  { name: 'another AS', theirs: { asNumber: 64514 }, subcode: 2, reason: /AS 64514, where 64513 is expected/ },
  {
    name: 'another AS of four octets',
    theirs: fourOctetAs(4_200_000_000),
    subcode: 2,
    reason: /AS 4200000000, where 64513/,
  },
  {
    name: 'another AS where this one is expected',
    ours: { peerAs: 'internal' },
    theirs: {},
    subcode: 2,
    reason: /AS 64513, where the same AS as this end's, 64512/,
  },
  {
    name: 'this AS where another is expected',
    ours: { peerAs: 'external' },
    theirs: { asNumber: 64512 },
    subcode: 2,
    reason: /AS 64512, the same as this end/,
  },
  {
    name: 'AS_TRANS',
    ours: { peerAs: 'external' },
    theirs: { asNumber: 23456 },
    subcode: 2,
    reason: /23456.*reserved/,
  },
  {
    name: 'AS_TRANS in four octets',
    ours: { peerAs: 'external' },
    theirs: fourOctetAs(23456),
    subcode: 2,
    reason: /23456.*reserved/,
  },
  {
    name: 'two AS numbers',
    ours: { peerAs: 'external' },
    theirs: { ...fourOctetAs(64513), asNumber: 64514 },
    subcode: 2,
    reason: /both AS 64514 and AS 64513/,
  },
  {
    name: 'our own identifier in our AS',
    ours: { peerAs: 'internal' },
    theirs: { asNumber: 64512, bgpIdentifier: 10 },
    subcode: 3,
    reason: /identifier of this speaker/,
  },
  {
    name: 'no family in common',
    theirs: { capabilities: multiprotocol(ipv6) },
    subcode: 7,
    data: '010400010001',
    reason: /does not speak IPv4 unicast/,
  },
  {
    name: 'IPv4 alone, by saying nothing',
    ours: { families: [6] },
    theirs: { capabilities: [] },
    subcode: 7,
    data: '010400020001',
    reason: /does not speak IPv6 unicast/,
  },
  {
    name: 'none of two families',
    ours: bothFamilies,
    theirs: { capabilities: multiprotocol({ afi: 25, safi: 70 }) },
    subcode: 7,
    data: '010400010001010400020001',
    reason: /does not speak IPv4 or IPv6 unicast/,
  },
]

describe('what both OPENs agree to', () => {
  for (const { name, ours, theirs, gives } of agreed) {
    it(name, () => {
      assert.deepEqual(negotiate(peerSettings(ours), peerOpen(theirs)), { negotiated: { ...negotiated, ...gives } })
    })
  }
})

describe('an OPEN that is refused', () => {
  for (const { name, ours, theirs, subcode, data = '', reason } of refused) {
    it(name, () => {
      const result = negotiate(peerSettings(ours), peerOpen(theirs))
      assert.ok('error' in result)
      const { error } = result
      assert.deepEqual([error.code, error.subcode, Buffer.from(error.data).toString('hex')], [2, subcode, data])
      assert.match(error.reason, reason)
    })
  }
})
