import assert from 'node:assert/strict'
import { prefixRange } from '../../../src/ip/range.ts'
import type { Link } from '../../../src/layer2/link.ts'
import type { Segment } from '../../../src/layer2/liveness-paths.ts'
import { address } from '../../support/addresses.ts'
import { eth0, eth1, Scene } from '../../support/announcer-scene.ts'

const segments: Segment[] = [
  { name: 'eth0', subnets: [prefixRange(address('192.0.2.11'), 24)] },
  { name: 'eth1', subnets: [prefixRange(address('198.51.100.11'), 24)] },
]

describe('Announcer, where no interface is named', () => {
  let scene: Scene
  const links = (...list: Link[]): string[] => scene.step({ type: 'links', links: list, segments })
  const owned = () => [...scene.announcer.announcements()].map(({ link }) => link.name).sort()
  const claimAll = () => {
    for (let step = 0; step < 10; step++) {
      scene.nowMs += 100
      scene.step({ type: 'timer' })
    }
  }

  beforeEach(() => {
    scene = new Scene()
    links(eth0, eth1)
  })

  it('announces an address on the interface in its subnet', () => {
    scene.desire({ '192.0.2.1': 'a' })
    claimAll()
    assert.deepEqual(owned(), ['eth0'])
  })

  it('announces one in no subnet on all', () => {
    scene.desire({ '203.0.113.1': 'a' })
    claimAll()
    assert.deepEqual(owned(), ['eth0', 'eth1'])
  })

  it('announces nothing elsewhere while the interface in the subnet is down', () => {
    scene.desire({ '192.0.2.1': 'a' })
    claimAll()
    links(eth1)
    claimAll()
    assert.deepEqual(owned(), [])
    links(eth0, eth1)
    claimAll()
    assert.deepEqual(owned(), ['eth0'])
  })

  it('moves to the interface that comes to be in the subnet', () => {
    scene.desire({ '203.0.113.1': 'a' })
    claimAll()
    const changed = { name: 'eth1', subnets: [prefixRange(address('203.0.113.11'), 24)] }
    scene.step({ type: 'links', links: [eth0, eth1], segments: [segments[0]!, changed] })
    assert.deepEqual(owned(), ['eth1'])
  })

  it('announces on interfaces that are named, whatever their subnets', () => {
    scene.desire({ '192.0.2.1': { order: 'a', on: ['eth1'] } })
    claimAll()
    assert.deepEqual(owned(), ['eth1'])
  })
})
