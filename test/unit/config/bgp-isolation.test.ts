import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseAddressPool } from '../../../src/config/address-pool.ts'
import { parseBfdProfile } from '../../../src/config/bfd-profile.ts'
import { parseBgpAdvertisement } from '../../../src/config/bgp-advertisement.ts'
import { advertisementsOfPool, type BgpSources, combineBgpConfig, peersOfNode } from '../../../src/config/bgp-config.ts'
import { parseBgpPeer } from '../../../src/config/bgp-peer.ts'
import { parseCommunity } from '../../../src/config/community.ts'

const nodes = ['1', '2'].map(rack => ({ name: `node-${rack}`, labels: { rack } }))
const pools = ['192.0.2.0/24', '2001:db8::/64'].map((range, index) => {
  const parsed = parseAddressPool({ metadata: { name: `pool-${index}` }, spec: { addresses: [range] } })
  assert.ok('pool' in parsed)
  return parsed.pool
})

const elder = (name: string) => ({ name, creationTimestamp: '2026-01-01T00:00:00Z' })
const younger = { name: 'stranger', creationTimestamp: '2026-06-01T00:00:00Z' }
const peerSpec = { myASN: 64512, peerASN: 64513 }
const good: BgpSources = {
  peers: [
    parseBgpPeer({ metadata: elder('a'), spec: { ...peerSpec, peerAddress: '203.0.113.1', bfdProfile: 'fast' } }),
    parseBgpPeer({
      metadata: elder('b'),
      spec: { ...peerSpec, peerAddress: '203.0.113.2', passwordSecret: { name: 'b' } },
    }),
  ],
  advertisements: [
    parseBgpAdvertisement({ metadata: elder('all'), spec: { communities: ['near'], localPref: 100 } }),
    parseBgpAdvertisement({ metadata: elder('wide'), spec: { aggregationLength: 24, peers: ['a'], localPref: 100 } }),
  ],
  profiles: [parseBfdProfile({ metadata: { name: 'fast' }, spec: {} })],
  communities: [parseCommunity({ metadata: elder('ours'), spec: { communities: [{ name: 'near', value: '1:2' }] } })],
  secrets: [{ name: 'b', type: 'kubernetes.io/basic-auth', password: 'p' }],
  ...{ pools, nodes },
}

/** What sources come to, but for the stranger's own part. */
function outcome(sources: BgpSources): object {
  const config = combineBgpConfig(sources)
  const others = <T extends { name: string }>(objects: readonly T[]) =>
    objects.filter(({ name }) => name !== younger.name)
  return {
    peers: nodes.map(node => others(peersOfNode(config, node))),
    advertisements: pools.map(pool =>
      others(advertisementsOfPool(config, pool)).map(({ refusedPools, ...rest }) => ({
        ...rest,
        refusedPools: [...refusedPools],
      })),
    ),
    refused: others(config.refused),
  }
}

const field = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'fast', 'near', '203.0.113.1', '203.0.113.2', '1:2', '90s', 'eth0', 0, 24, 64512, true),
  fc.constantFrom([], ['a'], ['near'], ['1:2'], [{ name: 'near', value: '1:3' }], [{ matchLabels: { rack: '1' } }]),
  fc.anything({ withBigInt: false }),
)
const specOf = (...fields: string[]) =>
  fc.record(Object.fromEntries(fields.map(name => [name, field])), { requiredKeys: [] }) as fc.Arbitrary<object>

const strangers: Record<string, fc.Arbitrary<Partial<BgpSources>>> = {
  BGPPeer: specOf(
    'peerAddress',
    'peerPort',
    'holdTime',
    'passwordSecret',
    'bfdProfile',
    'nodeSelectors',
    'interface',
  ).map(spec => ({ peers: [parseBgpPeer({ metadata: younger, spec: { ...peerSpec, ...spec } }), ...good.peers] })),
  BGPAdvertisement: specOf(
    'localPref',
    'communities',
    'peers',
    'aggregationLength',
    'nodeSelectors',
    'ipAddressPools',
  ).map(spec => ({ advertisements: [parseBgpAdvertisement({ metadata: younger, spec }), ...good.advertisements] })),
  BFDProfile: specOf('receiveInterval', 'echoMode').map(spec => ({
    profiles: [parseBfdProfile({ metadata: younger, spec }), ...good.profiles],
  })),
  Community: specOf('communities').map(spec => ({
    communities: [parseCommunity({ metadata: younger, spec }), ...good.communities],
  })),
}

describe('an object that comes later', () => {
  const before = outcome(good)

  it('finds everything in force', () => {
    assert.deepEqual(combineBgpConfig(good).refused, [])
  })

  for (const [kind, more] of Object.entries(strangers)) {
    it(`changes nothing for others, whatever it says: ${kind}`, () => {
      fc.assert(
        fc.property(more, sources => assert.deepEqual(outcome({ ...good, ...sources }), before)),
        { numRuns: 500 },
      )
    })
  }
})
