import assert from 'node:assert/strict'
import { parseAddressPool } from '../../../src/config/address-pool.ts'
import { combineReservations, parseAddressReservation } from '../../../src/config/address-reservation.ts'
import { parseBfdProfile } from '../../../src/config/bfd-profile.ts'
import { parseBgpAdvertisement } from '../../../src/config/bgp-advertisement.ts'
import { combineBgpConfig } from '../../../src/config/bgp-config.ts'
import { parseBgpPeer } from '../../../src/config/bgp-peer.ts'
import { parseCommunity } from '../../../src/config/community.ts'
import { parseL2Advertisement } from '../../../src/config/l2-advertisement.ts'
import { combinePools } from '../../../src/config/pool-set.ts'
import type { Problem } from '../../../src/config/problem.ts'
import { viewPasswordSecret } from '../../../src/resources/password-secret.ts'
import { isRecord, stringsOf } from '../json-fields.ts'
import { jsonFormat, jsonOf, ofJson } from '../json-format.ts'
import type { FuzzTarget } from '../target.ts'

const namespace = 'herald-system'
const nodes = ['1', '2'].map(rack => ({ name: `node-${rack}`, labels: { rack } }))
const MOST_OBJECTS = 12

const selector = [
  { matchLabels: { team: 'a' } },
  { matchExpressions: [{ key: 'rack', operator: 'In', values: ['1', '2'] }] },
]
/** Custom resources with every field that is read. */
export const goodObjects = [
  {
    kind: 'IPAddressPool',
    spec: {
      addresses: ['192.0.2.0/28', '198.51.100.7-198.51.100.9', '2001:db8::/120'],
      autoAssign: false,
      avoidBuggyIPs: true,
      serviceAllocation: {
        priority: 5,
        namespaces: ['shop'],
        namespaceSelectors: selector,
        serviceSelectors: selector,
      },
    },
  },
  { kind: 'IPAddressPool', spec: { addresses: ['203.0.113.0/24'] } },
  {
    kind: 'AddressReservation',
    spec: { addresses: ['192.0.2.7', '198.51.100.0/31'], service: { namespace: 'shop', name: 'web' } },
  },
  {
    kind: 'L2Advertisement',
    spec: {
      ipAddressPools: ['o0'],
      ipAddressPoolSelectors: selector,
      nodeSelectors: selector,
      serviceSelectors: selector,
      interfaces: ['eth0'],
      preferredNodeSelectors: [{ weight: 7, preference: { matchLabels: { rack: '1' } } }],
    },
  },
  {
    kind: 'BGPAdvertisement',
    spec: {
      ipAddressPools: ['o0', 'o1'],
      ipAddressPoolSelectors: selector,
      nodeSelectors: selector,
      serviceSelectors: selector,
      aggregationLength: 26,
      aggregationLengthV6: 64,
      localPref: 200,
      communities: ['64512:7', 'large:64512:1:2', 'backup', 'no-export'],
      peers: ['o5'],
    },
  },
  {
    kind: 'BGPPeer',
    annotations: { 'herald.io/connection-mode': 'passive', 'herald.io/ttl-security-hops': '2' },
    spec: {
      ...{ myASN: 64512, localASN: 64513, peerASN: 64514, peerAddress: '203.0.113.1', sourceAddress: '203.0.113.2' },
      ...{ peerPort: 1179, holdTime: '90s', keepaliveTime: '30s', connectTime: '1m', routerID: '192.0.2.1' },
      ...{ nodeSelectors: selector, bfdProfile: 'o7', ebgpMultiHop: true, vrf: 'red', enableGracefulRestart: true },
      ...{ passwordSecret: { name: 'password', namespace }, disableMP: false, dualStackAddressFamily: true },
    },
  },
  { kind: 'BGPPeer', spec: { myASN: 64512, dynamicASN: 'external', interface: 'eth1', password: 'secret' } },
  {
    kind: 'BFDProfile',
    spec: {
      ...{ receiveInterval: 300, transmitInterval: 300, detectMultiplier: 3, echoInterval: 50 },
      ...{ echoMode: false, passiveMode: true, minimumTtl: 250 },
    },
  },
  {
    kind: 'Community',
    spec: {
      communities: [
        { name: 'backup', value: '64512:100' },
        { name: 'far', value: 'large:1:2:3' },
      ],
    },
  },
]

const secrets = [
  viewPasswordSecret({
    metadata: { name: 'password' },
    type: 'kubernetes.io/basic-auth',
    data: { password: Buffer.from('secret').toString('base64') },
  }),
]

interface Read {
  readonly name: string
  readonly problem?: Problem
}

/** A list of objects of the configuration: kind, annotations and spec, which nothing has looked at before. */
export const configuration: FuzzTarget = {
  name: 'configuration',
  format: jsonFormat(),
  seeds: [goodObjects, ...goodObjects.map(object => [object])].map(ofJson),
  check(input) {
    const value = jsonOf(input)
    const objects = (Array.isArray(value) ? value : [value]).filter(isRecord).slice(0, MOST_OBJECTS)
    const resources = objects.map(({ kind, spec, annotations }, index) => ({
      kind,
      metadata: {
        name: `o${index}`,
        namespace,
        annotations: stringsOf(annotations),
        creationTimestamp: '2026-01-02T03:04:05Z',
      },
      // The API server keeps only objects there.
      ...(isRecord(spec) && { spec }),
    }))
    const parsedOf = <Parsed extends object>(kind: string, parse: (resource: (typeof resources)[number]) => Parsed) =>
      resources
        .filter(resource => resource.kind === kind)
        .map(resource => ({ name: resource.metadata.name, parsed: parse(resource) }))
    const pools = parsedOf('IPAddressPool', parseAddressPool)
    const reservations = parsedOf('AddressReservation', parseAddressReservation)
    const layer2 = parsedOf('L2Advertisement', parseL2Advertisement)
    const advertisements = parsedOf('BGPAdvertisement', parseBgpAdvertisement)
    const peers = parsedOf('BGPPeer', parseBgpPeer)
    const profiles = parsedOf('BFDProfile', parseBfdProfile)
    const communities = parsedOf('Community', parseCommunity)
    let read = 0
    let refused = 0
    for (const { parsed, name } of [pools, reservations, layer2, advertisements, peers, profiles, communities].flat()) {
      const { problem } = parsed as Partial<Read>
      if (problem) assertProblem(problem)
      problem ? refused++ : read++
      assert.ok(name)
    }
    const standing = combinePools(pools.flatMap(({ parsed }) => ('pool' in parsed ? [parsed.pool] : [])))
    for (const problem of standing.refused.values()) assertProblem(problem)
    combineReservations(reservations.flatMap(({ parsed }) => ('reservation' in parsed ? [parsed.reservation] : [])))
    const config = combineBgpConfig({
      peers: peers.map(({ parsed }) => parsed),
      advertisements: advertisements.map(({ parsed }) => parsed),
      profiles: profiles.map(({ parsed }) => parsed),
      communities: communities.map(({ parsed }) => parsed),
      secrets,
      pools: standing.pools,
      nodes,
    })
    for (const { kind, name, problem } of [...config.refused, ...config.notices]) {
      assertProblem(problem)
      assert.ok(resources.some(resource => resource.kind === kind && resource.metadata.name === name))
    }
    // The same again comes to the same.
    if (resources.length === 1 && pools[0]) assert.deepEqual(parseAddressPool(resources[0]!), pools[0].parsed)
    return `${read > 0 ? 'some' : 'none'} read, ${refused > 0 ? 'some' : 'none'} refused`
  },
}

/** Whoever wrote the object must be able to find what is wrong. */
function assertProblem({ field, message }: Problem): void {
  assert.match(field, /^(spec|metadata)\b/)
  assert.ok(message.length > 0)
}
