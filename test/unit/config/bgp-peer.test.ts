import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type BgpPeer, parseBgpPeer } from '../../../src/config/bgp-peer.ts'
import { parseAddress } from '../../../src/ip/address.ts'

const minimal = { myASN: 64512, peerASN: 64513, peerAddress: '203.0.113.1' }

function parse(spec: object, annotations?: Record<string, string>) {
  const metadata = { name: 'tor', namespace: 'herald-system', creationTimestamp: '2026-01-01T00:00:00Z', annotations }
  return parseBgpPeer({ metadata, spec })
}

function peer(spec: object = {}, annotations?: Record<string, string>): BgpPeer {
  const parsed = parse({ ...minimal, ...spec }, annotations)
  assert.ok('peer' in parsed, 'problem' in parsed ? parsed.problem.message : '')
  return parsed.peer
}

const refused: { spec: object; field: string; message: RegExp }[] = [
  { spec: { myASN: undefined }, field: 'spec.myASN', message: /must be given/ },
  { spec: { myASN: 0 }, field: 'spec.myASN', message: /from 1 to 4294967295/ },
  { spec: { myASN: '64512' }, field: 'spec.myASN', message: /whole number/ },
  { spec: { myASN: 64512.5 }, field: 'spec.myASN', message: /whole number/ },
  { spec: { peerASN: 4_294_967_296 }, field: 'spec.peerASN', message: /0 to 4294967295/ },
  { spec: { peerASN: -1 }, field: 'spec.peerASN', message: /0 to 4294967295/ },
  { spec: { peerASN: undefined }, field: 'spec.peerASN', message: /or dynamicASN must be given/ },
  { spec: { peerASN: 0 }, field: 'spec.peerASN', message: /or dynamicASN must be given/ },
  { spec: { dynamicASN: 'external' }, field: 'spec.dynamicASN', message: /not be given together with peerASN/ },
  { spec: { peerASN: 0, dynamicASN: 'any' }, field: 'spec.dynamicASN', message: /internal or external/ },
  { spec: { localASN: 0 }, field: 'spec.localASN', message: /from 1/ },
  { spec: { peerAddress: undefined }, field: 'spec.peerAddress', message: /or interface must be given/ },
  { spec: { interface: 'eth0' }, field: 'spec.interface', message: /together with peerAddress/ },
  { spec: { peerAddress: '203.0.113.256' }, field: 'spec.peerAddress', message: /^invalid BGPPeer address "203/ },
  { spec: { peerAddress: 7 }, field: 'spec.peerAddress', message: /^invalid BGPPeer address 7/ },
  { spec: { peerAddress: '203.0.113.1/24' }, field: 'spec.peerAddress', message: /invalid BGPPeer address/ },
  { spec: { peerAddress: '0.0.0.0' }, field: 'spec.peerAddress', message: /invalid BGPPeer address/ },
  { spec: { peerAddress: '224.0.0.5' }, field: 'spec.peerAddress', message: /invalid BGPPeer address/ },
  { spec: { peerAddress: '::' }, field: 'spec.peerAddress', message: /invalid BGPPeer address/ },
  { spec: { peerAddress: 'ff02::5' }, field: 'spec.peerAddress', message: /invalid BGPPeer address/ },
  { spec: { peerAddress: 'fe80::1' }, field: 'spec.peerAddress', message: /name the interface instead/ },
  { spec: { peerAddress: '', interface: 'much-too-long-name' }, field: 'spec.interface', message: /no name/ },
  { spec: { peerAddress: '', interface: 'eth 0' }, field: 'spec.interface', message: /no name/ },
  { spec: { peerAddress: '', interface: '..' }, field: 'spec.interface', message: /no name/ },
  { spec: { sourceAddress: 'here' }, field: 'spec.sourceAddress', message: /no address/ },
  { spec: { sourceAddress: '2001:db8::1' }, field: 'spec.sourceAddress', message: /must be an IPv4 address/ },
  {
    spec: { peerAddress: '', interface: 'eth0', sourceAddress: '192.0.2.1' },
    field: 'spec.sourceAddress',
    message: /must be an IPv6 address/,
  },
  { spec: { routerID: '2001:db8::1' }, field: 'spec.routerID', message: /IPv4 address/ },
  { spec: { routerID: '0.0.0.0' }, field: 'spec.routerID', message: /other than 0\.0\.0\.0/ },
  { spec: { routerID: 7 }, field: 'spec.routerID', message: /IPv4 address/ },
  { spec: { vrf: 'a/b' }, field: 'spec.vrf', message: /no name of a VRF/ },
  { spec: { vrf: 7 }, field: 'spec.vrf', message: /text/ },
  { spec: { peerPort: 65_536 }, field: 'spec.peerPort', message: /0 to 65535/ },
  { spec: { holdTime: '2s' }, field: 'spec.holdTime', message: /2 s is neither 0 nor at least 3 s/ },
  { spec: { holdTime: '2999ms' }, field: 'spec.holdTime', message: /neither 0 nor/ },
  { spec: { holdTime: '90' }, field: 'spec.holdTime', message: /no duration/ },
  { spec: { holdTime: 90 }, field: 'spec.holdTime', message: /no duration/ },
  { spec: { holdTime: '-90s' }, field: 'spec.holdTime', message: /no duration/ },
  { spec: { holdTime: '24h' }, field: 'spec.holdTime', message: /longer than 65535 s/ },
  { spec: { keepaliveTime: 'often' }, field: 'spec.keepaliveTime', message: /no duration/ },
  { spec: { keepaliveTime: '10h' }, field: 'spec.keepaliveTime', message: /hold time of 108000 s is longer/ },
  {
    spec: { holdTime: '30s', keepaliveTime: '31s' },
    field: 'spec.keepaliveTime',
    message: /31 s must not be longer than the hold time of 30 s/,
  },
  { spec: { holdTime: '0s', keepaliveTime: '10s' }, field: 'spec.keepaliveTime', message: /hold time of 0 s/ },
  { spec: { connectTime: '1500ms' }, field: 'spec.connectTime', message: /whole seconds/ },
  { spec: { connectTime: '0s' }, field: 'spec.connectTime', message: /from 1 s/ },
  { spec: { connectTime: '65536s' }, field: 'spec.connectTime', message: /to 65535 s/ },
  { spec: { nodeSelectors: [{ matchLabels: 7 }] }, field: 'spec.nodeSelectors[0]', message: /matchLabels/ },
  { spec: { password: 7 }, field: 'spec.password', message: /text/ },
  { spec: { password: 'x'.repeat(81) }, field: 'spec.password', message: /80 bytes/ },
  { spec: { password: 'ü'.repeat(41) }, field: 'spec.password', message: /80 bytes/ },
  {
    spec: { password: 'a', passwordSecret: { name: 'b' } },
    field: 'spec.passwordSecret',
    message: /together with password/,
  },
  { spec: { passwordSecret: 'b' }, field: 'spec.passwordSecret', message: /must name a Secret/ },
  { spec: { passwordSecret: { name: 7 } }, field: 'spec.passwordSecret.name', message: /text/ },
  { spec: { bfdProfile: {} }, field: 'spec.bfdProfile', message: /text/ },
  { spec: { enableGracefulRestart: 'yes' }, field: 'spec.enableGracefulRestart', message: /true or false/ },
  { spec: { ebgpMultiHop: 1 }, field: 'spec.ebgpMultiHop', message: /true or false/ },
  { spec: { peerASN: 64512, ebgpMultiHop: true }, field: 'spec.ebgpMultiHop', message: /internal session/ },
  { spec: { localASN: 64513, ebgpMultiHop: true }, field: 'spec.ebgpMultiHop', message: /AS 64513/ },
  { spec: { dualStackAddressFamily: 'both' }, field: 'spec.dualStackAddressFamily', message: /true or false/ },
]

describe('BGPPeer', () => {
  for (const { spec, field, message } of refused) {
    it(`is refused for ${field}: ${JSON.stringify(spec)}`, () => {
      const parsed = parse({ ...minimal, ...spec })
      assert.ok('problem' in parsed)
      assert.equal(parsed.name, 'tor')
      assert.equal(parsed.problem.field, field)
      assert.match(parsed.problem.message, message)
    })
  }

  for (const [annotation, value] of [
    ['herald.io/connection-mode', 'loud'],
    ['herald.io/connection-mode', 'constructor'],
    ['herald.io/ttl-security-hops', '0'],
    ['herald.io/ttl-security-hops', '255'],
    ['herald.io/ttl-security-hops', '1.5'],
    ['herald.io/ttl-security-hops', ''],
  ] as const) {
    it(`is refused for the annotation ${annotation}: "${value}"`, () => {
      const parsed = parse(minimal, { [annotation]: value })
      assert.ok('problem' in parsed)
      assert.equal(parsed.problem.field, `metadata.annotations["${annotation}"]`)
    })
  }

  it('needs three fields; the rest is what most people want', () => {
    assert.deepEqual(peer(), {
      ...{ name: 'tor', namespace: 'herald-system', createdAtMs: Date.UTC(2026, 0, 1) },
      location: { type: 'address', address: parseAddress('203.0.113.1') },
      ...{ port: 179, localAs: 64512, peerAs: 64513, mode: 'active', multihop: false, gracefulRestart: false },
      ...{ holdTimeSeconds: 90, connectRetrySeconds: 10, nodeSelectors: [], dualStack: false },
    })
  })

  it('takes every field', () => {
    const nodeSelectors = [{ matchLabels: { rack: '1' } }]
    const annotations = { 'herald.io/connection-mode': 'passive', 'herald.io/ttl-security-hops': '2' }
    const spec = {
      ...{ peerASN: undefined, dynamicASN: 'internal', localASN: 4_200_000_000, peerAddress: '2001:db8::1' },
      ...{ sourceAddress: '2001:db8::2', routerID: '192.0.2.9', peerPort: 1179, holdTime: '9s', keepaliveTime: '3s' },
      ...{ connectTime: '1m', nodeSelectors, password: 'secret', bfdProfile: 'fast', enableGracefulRestart: true },
      ...{ ebgpMultiHop: true, vrf: 'red', disableMP: true, dualStackAddressFamily: true },
    }
    assert.deepEqual(peer(spec, annotations), {
      ...{ name: 'tor', namespace: 'herald-system', createdAtMs: Date.UTC(2026, 0, 1) },
      location: { type: 'address', address: parseAddress('2001:db8::1') },
      sourceAddress: parseAddress('2001:db8::2'),
      ...{ routerId: 0xc000_0209, port: 1179, localAs: 4_200_000_000, peerAs: 'internal', mode: 'passive' },
      ...{ holdTimeSeconds: 9, keepaliveTimeSeconds: 3, connectRetrySeconds: 60, nodeSelectors, password: 'secret' },
      ...{ bfdProfile: 'fast', gracefulRestart: true, multihop: true, ttlSecurityHops: 2, vrf: 'red', dualStack: true },
    })
  })

  it('may be whoever answers on an interface', () => {
    assert.deepEqual(peer({ peerAddress: '', interface: 'eth0.7' }).location, {
      type: 'interface',
      interface: 'eth0.7',
    })
  })

  const timers: { spec: object; hold: number; keepalive: number | undefined }[] = [
    { spec: { holdTime: '30s' }, hold: 30, keepalive: undefined },
    { spec: { keepaliveTime: '20s' }, hold: 60, keepalive: 20 },
    { spec: { holdTime: '1m30s', keepaliveTime: '1.5s' }, hold: 90, keepalive: 1 },
    { spec: { holdTime: '0s' }, hold: 0, keepalive: undefined },
    { spec: { holdTime: '0' }, hold: 0, keepalive: undefined },
    { spec: { holdTime: '90s', keepaliveTime: '0s' }, hold: 90, keepalive: undefined },
    { spec: { holdTime: null, keepaliveTime: null }, hold: 90, keepalive: undefined },
    { spec: { holdTime: '0.001h' }, hold: 3, keepalive: undefined },
  ]
  for (const { spec, hold, keepalive } of timers) {
    it(`reads ${JSON.stringify(spec)} as a hold time of ${hold} s`, () => {
      const { holdTimeSeconds, keepaliveTimeSeconds } = peer(spec)
      assert.deepEqual([holdTimeSeconds, keepaliveTimeSeconds], [hold, keepalive])
    })
  }

  it('takes what clients in Go send for fields that are not set', () => {
    const empty = {
      dynamicASN: '',
      interface: '',
      sourceAddress: '',
      routerID: '',
      password: '',
      bfdProfile: '',
      vrf: '',
    }
    assert.deepEqual(peer({ ...empty, passwordSecret: {}, peerPort: 0, nodeSelectors: null }), peer())
  })

  it('never throws, whatever the spec holds', () => {
    const spec = fc.dictionary(fc.constantFrom('interface', 'passwordSecret', ...Object.keys(minimal)), fc.anything())
    fc.assert(
      fc.property(fc.oneof(spec, fc.anything()), value => {
        const parsed = parseBgpPeer({ spec: value as object })
        assert.ok('peer' in parsed || parsed.problem.field.startsWith('spec.'))
      }),
    )
  })
})
