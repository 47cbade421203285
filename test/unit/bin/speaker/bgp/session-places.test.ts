import assert from 'node:assert/strict'
import type { BfdParameters, PeerConfig } from '../../../../../src/bgp/peer-config.ts'
import { wantedBfdSession } from '../../../../../src/bin/speaker/bgp/bfd-sessions.ts'
import { connectionCause } from '../../../../../src/bin/speaker/bgp/connection-cause.ts'
import { isConnected, nextHopsOf } from '../../../../../src/bin/speaker/bgp/next-hops.ts'
import { deriveRouterId } from '../../../../../src/bin/speaker/bgp/router-id.ts'
import { connectOptionsOf, tcpOptionsOf } from '../../../../../src/bin/speaker/bgp/transport-options.ts'
import { address } from '../../../../support/bgp/routes.ts'
import { peerConfig } from '../../../../support/bgp/speaker.ts'

const interfaces = [
  { name: 'eth0', mac: '', addresses: ['192.0.2.1/24', '192.0.2.9/24', '2001:db8::1/64', 'fe80::1/64'] },
  { name: 'eth1', mac: '', addresses: ['198.51.100.1/24', 'fe80::2/64'] },
]
const numbered = { name: 'router', location: { type: 'address', address: address('192.0.2.254') } } as const
const unnumbered = { name: 'router', location: { type: 'interface', interface: 'eth1' } } as const
const neighbour = { interface: 'eth1', interfaceIndex: 3, address: address('fe80::ff') }

describe('options of a BGP connection', () => {
  const rows: [what: string, config: Partial<PeerConfig>, ttl: number, minTtl: number | undefined][] = [
    ['a peer of another AS is on the link', {}, 1, undefined],
    ['unless it is said to be farther', { multihop: true }, 255, undefined],
    ['a peer of the same AS may be anywhere', { localAs: 64512 }, 255, undefined],
    ['also when it is only said to be internal', { peerAs: 'internal' }, 255, undefined],
    ['an external one of any AS is on the link', { peerAs: 'external' }, 1, undefined],
    ['RFC 5082, on the link', { ttlSecurityHops: 1 }, 255, 255],
    ['RFC 5082, three hops', { ttlSecurityHops: 3, multihop: true }, 255, 253],
  ]
  for (const [what, config, ttl, minTtl] of rows) {
    it(`TTL: ${what}`, () => {
      const options = tcpOptionsOf(peerConfig({ ...numbered, ...config }))
      assert.deepEqual([options.ttl, options.minTtl], [ttl, minTtl])
    })
  }

  it('carries address, port, source, VRF and password', () => {
    const config = { sourceAddress: address('192.0.2.9'), vrf: 'red', password: 'secret', port: 1179 }
    assert.deepEqual(connectOptionsOf(peerConfig({ ...numbered, ...config }), undefined), {
      ttl: 1,
      dscp: 48,
      remoteAddress: address('192.0.2.254'),
      remotePort: 1179,
      localAddress: address('192.0.2.9'),
      device: 'red',
      md5Password: 'secret',
    })
  })

  it('leads to the neighbour of an unnumbered peer, once one is known', () => {
    assert.equal(connectOptionsOf(peerConfig(unnumbered), undefined), undefined)
    const options = connectOptionsOf(peerConfig(unnumbered), neighbour)
    assert.deepEqual([options?.remoteAddress, options?.interfaceIndex], [neighbour.address, 3])
  })

  it('names what went wrong in words, with the code', () => {
    const error = Object.assign(new Error('connect'), { code: 'EADDRNOTAVAIL' })
    assert.equal(connectionCause(error), 'the source address is none of this node (EADDRNOTAVAIL)')
    assert.equal(connectionCause(Object.assign(new Error('x'), { code: 'EWHATEVER' })), 'EWHATEVER')
    assert.equal(
      connectionCause(new Error('a TCP MD5 password has 1 to 80 bytes')),
      'a TCP MD5 password has 1 to 80 bytes',
    )
  })
})

describe('next hops of a BGP session', () => {
  const hops = (local: string, extendedNextHop = false, name?: string) =>
    nextHopsOf({ local: address(local), extendedNextHop, interfaces, interface: name })

  it('are the own address of the session, and one of the same interface', () => {
    assert.deepEqual(hops('192.0.2.9'), {
      4: { global: address('192.0.2.9') },
      6: { global: address('2001:db8::1') },
    })
    assert.deepEqual(hops('2001:db8::1'), {
      4: { global: address('192.0.2.1') },
      6: { global: address('2001:db8::1') },
    })
  })

  it('leave a family out where the interface has no address of it', () => {
    assert.deepEqual(hops('198.51.100.1'), { 4: { global: address('198.51.100.1') } })
    assert.deepEqual(hops('203.0.113.7'), { 4: { global: address('203.0.113.7') } })
  })

  it('are IPv6 for IPv4 prefixes where RFC 8950 is negotiated', () => {
    const global = address('2001:db8::1')
    assert.deepEqual(hops('2001:db8::1', true), { 4: { global }, 6: { global } })
    const linkLocal = address('fe80::2')
    assert.deepEqual(hops('fe80::2', true, 'eth1'), { 4: { linkLocal }, 6: { linkLocal } })
  })

  it('of an unnumbered session without RFC 8950 come from its interface', () => {
    assert.deepEqual(hops('fe80::2', false, 'eth1'), {
      4: { global: address('198.51.100.1') },
      6: { linkLocal: address('fe80::2') },
    })
  })

  it('know what is on a link', () => {
    assert.ok(isConnected(address('192.0.2.200'), interfaces))
    assert.ok(isConnected(address('2001:db8::ffff'), interfaces))
    assert.ok(!isConnected(address('203.0.113.1'), interfaces))
    assert.ok(!isConnected(address('2001:db8:1::1'), interfaces))
  })
})

describe('BGP identifier of a node', () => {
  it('is its first IPv4 address', () => {
    assert.equal(deriveRouterId('node-a', [address('2001:db8::1'), address('192.0.2.1')]), 0xc0000201)
  })

  it('is made of its name where it has none: another for each, never 0', () => {
    const ids = Array.from({ length: 1000 }, (_, index) => deriveRouterId(`node-${index}`, [address('2001:db8::1')]))
    assert.equal(new Set(ids).size, 1000)
    assert.ok(ids.every(id => id > 0 && id <= 0xffffffff))
    assert.equal(deriveRouterId('node-7', []), ids[7])
  })
})

describe('BFD session of a BGP peer', () => {
  const bfd: BfdParameters = {
    receiveIntervalMs: 300,
    transmitIntervalMs: 300,
    detectMultiplier: 3,
    passive: false,
    minimumTtl: 254,
  }
  const nobody = { localAddress: undefined, neighbour: undefined, interfaces }
  const wanted = (config: PeerConfig, context = {}) => wantedBfdSession(config, { ...nobody, ...context })
  const far = { type: 'address', address: address('203.0.113.1') } as const

  it('is there only with a profile', () => {
    assert.equal(wanted(peerConfig(numbered)), undefined)
  })

  it('is single hop with a peer on the link, whatever its AS', () => {
    const base = { id: 'router', ...bfd, address: address('192.0.2.254'), multihop: false }
    assert.deepEqual(wanted(peerConfig({ ...numbered, bfd })), base)
    assert.deepEqual(wanted(peerConfig({ ...numbered, bfd, localAs: 64512 })), base)
    const localAddress = address('192.0.2.9')
    const fromSource = peerConfig({ ...numbered, bfd, sourceAddress: localAddress, vrf: 'red' })
    assert.deepEqual(wanted(fromSource), { ...base, localAddress, vrf: 'red' })
  })

  it('is multihop with a peer that is not, from the address that BGP uses', () => {
    const internal = peerConfig({ name: 'router', location: far, bfd, peerAs: 'internal' })
    assert.deepEqual(wanted(internal, { localAddress: '192.0.2.1' }), {
      id: 'router',
      ...bfd,
      address: far.address,
      multihop: true,
      localAddress: address('192.0.2.1'),
    })
    assert.equal(wanted(peerConfig({ ...numbered, bfd, multihop: true }))?.multihop, true)
  })

  it('is with the neighbour of an unnumbered peer', () => {
    assert.equal(wanted(peerConfig({ ...unnumbered, bfd })), undefined)
    const session = wanted(peerConfig({ ...unnumbered, bfd }), { neighbour })
    assert.deepEqual([session?.address, session?.interface, session?.multihop], [neighbour.address, 'eth1', false])
  })
})
