import assert from 'node:assert/strict'
import { prefixRange } from '../../../src/ip/range.ts'
import { livenessPaths } from '../../../src/layer2/liveness-paths.ts'
import { address } from '../../support/addresses.ts'

const segment = (name: string, ...subnets: [string, number][]) => ({
  name,
  subnets: subnets.map(([first, length]) => prefixRange(address(first), length)),
})
const speaker = (node: string, ...addresses: string[]) => ({
  node,
  macs: [],
  addresses: addresses.map(address),
  expired: false,
})
const eth0 = segment('eth0', ['192.0.2.11', 24], ['2001:db8:a::11', 64])
const eth1 = segment('eth1', ['198.51.100.11', 24])

describe('livenessPaths', () => {
  const paths = (segments: Parameters<typeof livenessPaths>[0], ...addresses: string[]) =>
    livenessPaths(segments, [speaker('node-b', ...addresses)]).map(
      ({ id, links, addresses }) => `${id}: ${links.join()} at ${addresses.length}`,
    )

  for (const [title, segments, addresses, expected] of [
    [
      'one way for each shared segment',
      [eth0, eth1],
      ['192.0.2.12', '198.51.100.12'],
      ['node-b eth0: eth0 at 1', 'node-b eth1: eth1 at 1'],
    ],
    ['both families on one way', [eth0], ['192.0.2.12', '2001:db8:a::12'], ['node-b eth0: eth0 at 2']],
    [
      'an interface without a shared subnet goes by the first way',
      [eth1, eth0],
      ['192.0.2.12'],
      ['node-b eth0: eth0,eth1 at 1'],
    ],
    [
      'two interfaces of one segment share the way',
      [eth0, { ...eth0, name: 'eth2' }],
      ['192.0.2.12'],
      ['node-b eth0: eth0,eth2 at 1'],
    ],
    [
      'no shared subnet at all: whatever addresses there are',
      [eth0, eth1],
      ['203.0.113.5'],
      ['node-b *: eth0,eth1 at 1'],
    ],
    ['no interface: whatever addresses there are', [], ['192.0.2.12'], ['node-b *:  at 1']],
    [
      'an address outside the shared subnets is not used when there is a way',
      [eth0],
      ['203.0.113.5', '192.0.2.12'],
      ['node-b eth0: eth0 at 1'],
    ],
    ['a way that leads nowhere without an address', [eth0], [], ['node-b *: eth0 at 0']],
  ] as const) {
    it(title, () => assert.deepEqual(paths(segments, ...addresses), expected))
  }
})
