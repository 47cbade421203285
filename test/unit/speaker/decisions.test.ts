import assert from 'node:assert/strict'
import type { DesiredSet } from '../../../src/layer2/desired.ts'
import { NO_ENDPOINTS } from '../../../src/resources/endpoint-slice.ts'
import { viewNode } from '../../../src/resources/node.ts'
import { Decisions } from '../../../src/speaker/decisions.ts'
import { transitions } from '../../support/service-world.ts'
import { advertisement, interfaces, World } from '../../support/speaker-world.ts'

describe('decisions of all speakers', () => {
  let world: World
  let speakers: Map<string, Decisions>

  beforeEach(() => {
    world = new World()
    speakers = new Map(
      ['node-a', 'node-b', 'node-c'].map(nodeName => [nodeName, new Decisions({ sources: world }, { nodeName })]),
    )
  })

  /** Which nodes announce which addresses. */
  const settle = (): Record<string, string[]> => {
    const announced: Record<string, string[]> = {}
    for (const [node, decisions] of speakers) {
      for (const address of announcedBy(decisions.settle(0).desired, node).keys()) {
        announced[address] = [...(announced[address] ?? []), node]
      }
    }
    return announced
  }
  const touch = (...keys: string[]) => {
    for (const decisions of speakers.values()) for (const key of keys) decisions.touch(key)
  }
  const touchWorld = () => {
    for (const decisions of speakers.values()) decisions.touchWorld()
  }

  it('give each address one owner, by its hash', () => {
    for (const last of [1, 2, 3]) world.put(`s${last}`, [`192.0.2.${last}`])
    assert.deepEqual(settle(), { '192.0.2.1': ['node-c'], '192.0.2.2': ['node-b'], '192.0.2.3': ['node-c'] })
  })

  it('follow a Service from its beginning to its end', () => {
    assert.deepEqual(settle(), {})
    touch(world.put('s', []))
    assert.deepEqual(settle(), {})
    touch(world.put('s', ['192.0.2.1']))
    assert.deepEqual(settle(), { '192.0.2.1': ['node-c'] })
    touch(world.put('s', ['192.0.2.2']))
    assert.deepEqual(settle(), { '192.0.2.2': ['node-b'] })
    touch(world.put('s', ['192.0.2.2'], { spec: { type: 'ClusterIP' } }))
    assert.deepEqual(settle(), {})
    touch(world.put('s', ['192.0.2.2']))
    assert.deepEqual(settle(), { '192.0.2.2': ['node-b'] })
    world.services.clear()
    touch('default/s')
    assert.deepEqual(settle(), {})
  })

  it('tell of each transition once', () => {
    const key = world.put('s', ['192.0.2.1'])
    const decisions = speakers.get('node-c')!
    const words = () => transitions(decisions.settle(0).changes)
    assert.deepEqual(words(), ['serviceDeleted → announce'])
    assert.deepEqual(words(), [])
    decisions.touch(key)
    assert.deepEqual(words(), [])
    world.endpointsByService.set(key, NO_ENDPOINTS)
    decisions.touch(key)
    assert.deepEqual(words(), ['announce → noEndpoints'])
    world.services.delete(key)
    decisions.touch(key)
    assert.deepEqual(words(), ['noEndpoints → serviceDeleted'])
    decisions.touch('default/never-there')
    assert.deepEqual(words(), [])
  })

  it('cost one Service when one Service changed', () => {
    for (let last = 1; last <= 100; last++) world.put(`s${last}`, [`192.0.2.${last}`])
    const decisions = speakers.get('node-a')!
    const { desired } = decisions.settle(0)
    world.reads = 0
    decisions.touch('default/s7')
    assert.equal(decisions.settle(0).desired, desired)
    assert.equal(world.reads, 1)
  })

  it('move what a speaker announced when it leaves, and give it back when it returns', () => {
    for (const last of [1, 2, 3]) world.put(`s${last}`, [`192.0.2.${last}`])
    const before = settle()
    world.speakers.delete('node-c')
    touchWorld()
    assert.deepEqual(settle(), { '192.0.2.1': ['node-a'], '192.0.2.2': ['node-b'], '192.0.2.3': ['node-a'] })
    world.speakers.set('node-c', interfaces('eth0'))
    touchWorld()
    assert.deepEqual(settle(), before)
  })

  it('announce the addresses of one Service from one node', () => {
    world.put('dual', ['192.0.2.1', '2001:db8::1'])
    world.put('other', ['2001:db8::1'])
    assert.deepEqual(settle(), { '192.0.2.1': ['node-c'], '2001:db8::1': ['node-c'] })
    // Without the Service that ties them the IPv6 address goes where its own hash says.
    world.services.delete('default/dual')
    touch('default/dual')
    assert.deepEqual(settle(), { '2001:db8::1': ['node-b'] })
  })

  it('keep a shared address while one of its Services serves', () => {
    const [one, two] = [world.put('one', ['192.0.2.1']), world.put('two', ['192.0.2.1'])]
    settle()
    world.endpointsByService.set(one, NO_ENDPOINTS)
    touch(one)
    assert.deepEqual(settle(), { '192.0.2.1': ['node-c'] })
    world.endpointsByService.set(two, NO_ENDPOINTS)
    touch(two)
    assert.deepEqual(settle(), {})
  })

  it('announce a shared address on the interfaces that either Service asks for', () => {
    world.advertisements = [
      advertisement('one', { interfaces: ['eth1'], serviceSelectors: [{ matchLabels: { use: 'one' } }] }),
      advertisement('two', { interfaces: ['eth0'], serviceSelectors: [{ matchLabels: { use: 'two' } }] }),
    ]
    for (const use of ['one', 'two']) world.put(use, ['192.0.2.1'], { metadata: { labels: { use } } })
    const { desired } = speakers.get('node-c')!.settle(0)
    assert.deepEqual(desired.get('192.0.2.1')?.interfaces, ['eth0', 'eth1'])
  })

  it('follow the endpoints with policy Local', () => {
    const key = world.put('s', ['192.0.2.1'], { spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } })
    for (const node of ['node-b', 'node-a', 'node-c']) {
      world.endpointsByService.set(key, { serving: true, nodes: [node] })
      touch(key)
      assert.deepEqual(settle(), { '192.0.2.1': [node] })
    }
  })

  it('leave a node with policy Local while its endpoints still terminate, if there are others', () => {
    const key = world.put('s', ['192.0.2.1'], { spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } })
    for (const [nodes, leavingNodes, owner] of [
      [['node-a', 'node-c'], [], 'node-c'],
      [['node-a', 'node-c'], ['node-c'], 'node-a'],
      [['node-a', 'node-c'], ['node-a', 'node-c'], 'node-c'],
      [['node-a'], [], 'node-a'],
    ] as const) {
      world.endpointsByService.set(key, { serving: true, nodes, leavingNodes })
      touch(key)
      assert.deepEqual(settle(), { '192.0.2.1': [owner] })
    }
  })

  it('pass over nodes that have none of the interfaces asked for', () => {
    world.advertisements = [advertisement('all', { interfaces: ['eth1'] })]
    const key = world.put('s', ['192.0.2.1'])
    const local = { spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } }
    assert.deepEqual(settle(), { '192.0.2.1': ['node-c'] }, 'no node has one: one of them is to say so')
    for (const node of ['node-a', 'node-b']) {
      world.speakers.set('node-a', interfaces('eth0'))
      world.speakers.set('node-b', interfaces('eth0'))
      world.speakers.set(node, interfaces('eth0', 'eth1'))
      touchWorld()
      assert.deepEqual(settle(), { '192.0.2.1': [node] })
    }
    world.put('s', ['192.0.2.1'], local)
    world.endpointsByService.set(key, { serving: true, nodes: ['node-a', 'node-b'] })
    touch(key)
    assert.deepEqual(settle(), { '192.0.2.1': ['node-b'] })
    world.endpointsByService.set(key, { serving: true, nodes: ['node-a'] })
    touch(key)
    assert.deepEqual(settle(), { '192.0.2.1': ['node-a'] }, 'no local node has one')
  })

  it('pass over nodes without any interface', () => {
    world.put('s', ['192.0.2.1'])
    world.speakers.set('node-c', [])
    assert.deepEqual(settle(), { '192.0.2.1': ['node-a'] })
  })

  it('prefer nodes with a higher score', () => {
    world.nodes[1] = viewNode({ metadata: { name: 'node-b', labels: { fast: 'yes' } } })
    const preferredNodeSelectors = [{ weight: 10, preference: { matchLabels: { fast: 'yes' } } }]
    world.advertisements = [advertisement('all', { preferredNodeSelectors })]
    for (const last of [1, 2, 3]) world.put(`s${last}`, [`192.0.2.${last}`])
    assert.deepEqual(new Set(Object.values(settle()).flat()), new Set(['node-b']))
  })
})

/**
 * What a node announces when it owns just the addresses that it is elected for: for a link thread that does not ask before it claims.
 */
function announcedBy(desired: DesiredSet, node: string): DesiredSet {
  return new Map([...desired].filter(([, { order }]) => order[0] === node))
}
