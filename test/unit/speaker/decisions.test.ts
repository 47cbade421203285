import assert from 'node:assert/strict'
import type { DesiredSet } from '../../../src/layer2/desired.ts'
import { Election } from '../../../src/layer2/election.ts'
import { NO_ENDPOINTS } from '../../../src/resources/endpoint-slice.ts'
import { viewNode } from '../../../src/resources/node.ts'
import { Decisions, type Settled } from '../../../src/speaker/decisions.ts'
import { transitions } from '../../support/service-world.ts'
import { advertisement, interfaces, speakersOf, World } from '../../support/speaker-world.ts'

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

describe('orders of candidates', () => {
  const names = ['node-a', 'node-b', 'node-c', 'node-d', 'node-e']
  let world: World

  beforeEach(() => {
    world = new World()
    world.nodes = names.map(name => viewNode({ metadata: { name } }))
    world.speakers = speakersOf(...names)
  })

  const decisionsOf = (nodeName: string) => new Decisions({ sources: world }, { nodeName })
  const ordersOf = ({ desired }: Settled) => Object.fromEntries([...desired].map(([key, { order }]) => [key, order]))

  // printf 'node-a#192.0.2.1' | sha256sum, and so on; sorted
  const order = ['node-c', 'node-e', 'node-a', 'node-d', 'node-b']

  it('hold the first three candidates, and reach just these', () => {
    world.put('s', ['192.0.2.1'])
    assert.deepEqual(new Election().order('192.0.2.1', new Map(names.map(name => [name, 0]))), order)
    for (const name of names) {
      const expected = order.slice(0, 3).includes(name) ? { '192.0.2.1': order.slice(0, 3) } : {}
      assert.deepEqual(ordersOf(decisionsOf(name).settle(0)), expected, name)
    }
  })

  it('are the same on all speakers, begin with the owner, and are the same for all addresses of a group', () => {
    for (let last = 1; last <= 40; last++) world.put(`s${last}`, [`192.0.2.${last}`, `2001:db8::${last}`])
    const seen = new Map<string, readonly string[]>()
    for (const name of names) {
      const decisions = decisionsOf(name)
      for (const [key, { order }] of decisions.settle(0).desired) {
        assert.equal(order[0], decisions.ownerOf(key))
        assert.equal(new Set(order).size, 3)
        assert.ok(order.includes(name))
        assert.deepEqual(order, seen.get(key) ?? order)
        seen.set(key, order)
      }
    }
    assert.equal(seen.size, 80)
    for (let last = 1; last <= 40; last++) {
      assert.deepEqual(seen.get(`192.0.2.${last}`), seen.get(`2001:db8::${last}`))
    }
  })

  it('name the interfaces of this node also where it is not the first', () => {
    world.nodes[0] = viewNode({ metadata: { name: 'node-a', labels: { host: 'node-a' } } })
    world.speakers = new Map(names.map(name => [name, interfaces('eth0', 'eth1')]))
    world.advertisements = [
      advertisement('here', { interfaces: ['eth1'], nodeSelectors: [{ matchLabels: { host: 'node-a' } }] }),
      advertisement('there', {
        nodeSelectors: [{ matchExpressions: [{ key: 'host', operator: 'DoesNotExist' }] }],
      }),
    ]
    world.put('s', ['192.0.2.1'])
    assert.deepEqual(decisionsOf('node-a').settle(0).desired.get('192.0.2.1'), {
      address: { family: 4, value: 0xc0000201 },
      interfaces: ['eth1'],
      order: order.slice(0, 3),
    })
  })

  it('ship nothing when nothing changed for this node', () => {
    for (let last = 1; last <= 20; last++) world.put(`s${last}`, [`192.0.2.${last}`])
    const decisions = decisionsOf('node-a')
    const { desired, revision } = decisions.settle(0)
    decisions.touchWorld()
    const second = decisions.settle(0)
    assert.equal(second.desired, desired)
    assert.equal(second.revision, revision)
    const far = [...world.services.keys()].find(key => !desired.has(key.replace('default/s', '192.0.2.')))!
    world.services.delete(far)
    decisions.touch(far)
    assert.equal(decisions.settle(0).desired, desired)
    const near = [...desired.keys()][0]!.replace('192.0.2.', 'default/s')
    world.services.delete(near)
    decisions.touch(near)
    const third = decisions.settle(0)
    assert.equal(third.revision, revision + 1)
    assert.equal(third.desired.size, desired.size - 1)
  })

  describe('of a node that is not among them any more', () => {
    let decisions: Decisions
    let key: string

    beforeEach(() => {
      key = world.put('s', ['192.0.2.1'], { spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } })
      world.endpointsByService.set(key, { serving: true, nodes: ['node-a'] })
      decisions = decisionsOf('node-a')
      assert.deepEqual(ordersOf(decisions.settle(0)), { '192.0.2.1': ['node-a'] })
      serve('node-b')
    })

    const serve = (...nodes: string[]) => {
      world.endpointsByService.set(key, { serving: nodes.length > 0, nodes })
      decisions.touch(key)
    }

    it('stay until the link thread has handed the address over', () => {
      const { revision, changes } = decisions.settle(0)
      assert.equal(revision, 2)
      assert.deepEqual(
        changes.map(({ after }) => after),
        [{ withhold: 'noLocalEndpoints' }],
      )
      const steps: { owned: string[]; applied: number; desired: Record<string, string[]> }[] = [
        { owned: ['192.0.2.1'], applied: 1, desired: { '192.0.2.1': ['node-b'] } },
        { owned: [], applied: 1, desired: { '192.0.2.1': ['node-b'] } },
        { owned: ['192.0.2.1'], applied: 2, desired: { '192.0.2.1': ['node-b'] } },
        { owned: [], applied: 2, desired: {} },
      ]
      for (const { owned, applied, desired } of steps) {
        assert.equal(decisions.setOwned(new Set(owned), applied), Object.keys(desired).length === 0)
        assert.deepEqual(ordersOf(decisions.settle(0)), desired, JSON.stringify({ owned, applied }))
      }
      assert.equal(decisions.settle(0).revision, 3)
    })

    it('follow the election meanwhile', () => {
      decisions.settle(0)
      serve('node-d')
      const { desired, revision } = decisions.settle(0)
      assert.equal(revision, 3)
      assert.deepEqual(desired.get('192.0.2.1'), {
        address: { family: 4, value: 0xc0000201 },
        interfaces: 'all',
        order: ['node-d'],
      })
      assert.equal(decisions.setOwned(new Set(), 2), true, 'told by revision 2 already')
    })

    it('follow the interfaces on which the next owner is to announce: on others nobody would ever ask', () => {
      decisions.settle(0)
      world.advertisements = [advertisement('all', { interfaces: ['eth1'] })]
      decisions.touchWorld()
      const { desired } = decisions.settle(0)
      assert.deepEqual(desired.get('192.0.2.1')?.interfaces, ['eth1'])
      assert.deepEqual(desired.get('192.0.2.1')?.order, ['node-b'])
    })

    it('go at once when no node is a candidate, or no Service has the address', () => {
      decisions.settle(0)
      serve()
      assert.deepEqual(ordersOf(decisions.settle(0)), {})
      serve('node-a')
      assert.deepEqual(ordersOf(decisions.settle(0)), { '192.0.2.1': ['node-a'] })
      serve('node-b')
      decisions.settle(0)
      world.services.delete(key)
      decisions.touch(key)
      assert.deepEqual(ordersOf(decisions.settle(0)), {})
      assert.equal(decisions.setOwned(new Set(), 99), false)
    })

    it('stay when it is a candidate again before the report is worked off', () => {
      decisions.settle(0)
      decisions.setOwned(new Set(), 2)
      serve('node-a')
      assert.deepEqual(ordersOf(decisions.settle(0)), { '192.0.2.1': ['node-a'] })
      serve('node-b')
      assert.deepEqual(ordersOf(decisions.settle(0)), { '192.0.2.1': ['node-b'] }, 'kept anew')
    })
  })
})

describe('patience of a node whose endpoint has just begun to serve', () => {
  const LOCAL = { spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } }
  // By its hash node-c comes first, then node-a, then node-b.
  const KEY = '192.0.2.1'
  let world: World
  let key: string
  let decisions: Decisions

  beforeEach(() => {
    world = new World()
    key = world.put('s', [KEY], LOCAL)
    decisions = new Decisions({ sources: world }, { nodeName: 'node-c' })
  })

  /** Where the Service is served from then on: letters of nodes, upper case for those whose endpoints terminate. */
  const serve = (letters: string) => {
    const names = [...letters].map(letter => `node-${letter.toLowerCase()}`).sort()
    const leavingNodes = [...letters].filter(letter => letter < 'a').map(letter => `node-${letter.toLowerCase()}`)
    world.endpointsByService.set(key, { serving: names.length > 0, nodes: names, leavingNodes })
    decisions.touch(key)
  }
  const look = (nowMs: number): string => {
    const wanted = decisions.settle(nowMs).desired.get(KEY)
    return wanted ? `${wanted.order.map(name => name.at(-1)).join('')}${wanted.patient ? ' patient' : ''}` : '-'
  }

  // Each step: when, where it is served (nothing: only time passes), what the link thread is told.
  type Step = [atMs: number, served: string | undefined, told: string]
  const CASES: Record<string, Step[]> = {
    'lasts 1.5 s while another serves': [
      [0, 'a', '-'],
      [100, 'ac', 'ca patient'],
      [1_599, undefined, 'ca patient'],
      [1_600, undefined, 'ca'],
      [9_000, 'abc', 'cab'],
    ],
    'lasts 1.5 s while endpoints elsewhere only terminate': [
      [0, 'a', '-'],
      [100, 'Ac', 'c patient'],
      [1_600, undefined, 'c'],
    ],
    'ends when the last that served before ends': [
      [0, 'ab', '-'],
      [100, 'abc', 'cab patient'],
      [200, 'bc', 'cb patient'],
      [300, 'c', 'c'],
      [400, 'ac', 'ca'],
    ],
    'is not for one that serves alone': [
      [0, '', '-'],
      [100, 'c', 'c'],
    ],
    'is not for one that takes the place of the only other in one step': [
      [0, 'a', '-'],
      [100, 'c', 'c'],
    ],
    'is not for those that begin together': [
      [0, '', '-'],
      [100, 'ac', 'ca'],
    ],
    'is not on account of one that began later': [
      [0, 'c', 'c'],
      [100, 'ac', 'ca'],
    ],
    'is not on account of one that went and came back meanwhile': [
      [0, 'a', '-'],
      [100, 'ac', 'ca patient'],
      [200, 'c', 'c'],
      [300, 'ac', 'ca'],
    ],
    'begins anew when the endpoint goes and comes back': [
      [0, 'a', '-'],
      [100, 'ac', 'ca patient'],
      // node-a has no reason to give the address up that node-c may still own
      [1_000, 'a', 'a'],
      [1_500, 'ac', 'ca patient'],
      [2_999, undefined, 'ca patient'],
      [3_000, undefined, 'ca'],
    ],
    'is not for an endpoint that begins to terminate': [
      [0, 'ac', 'ca'],
      [100, 'aC', 'a'],
    ],
    'is not for one that was there at the first look': [
      [0, 'ac', 'ca'],
      [10, undefined, 'ca'],
    ],
  }
  for (const [title, steps] of Object.entries(CASES)) {
    it(title, () => {
      for (const [atMs, served, told] of steps) {
        if (served !== undefined) serve(served)
        assert.equal(look(atMs), told, `at ${atMs} ms`)
      }
    })
  }

  it('tells when it is over, and ships it then', () => {
    serve('a')
    assert.equal(decisions.settle(0).dueMs, undefined)
    serve('ac')
    const { dueMs, revision } = decisions.settle(100)
    assert.equal(dueMs, 1_600)
    assert.deepEqual(decisions.settle(dueMs - 1).revision, revision)
    const over = decisions.settle(dueMs)
    assert.equal(over.revision, revision + 1)
    assert.equal(over.dueMs, undefined)
  })

  it('is on account of none that cannot announce the address', () => {
    world.speakers = speakersOf('node-b', 'node-c')
    decisions.touchWorld()
    serve('a')
    decisions.settle(0)
    serve('ac')
    assert.equal(look(100), 'c')
    // It registers within the time: from now on the address could be there.
    world.speakers = speakersOf('node-a', 'node-b', 'node-c')
    decisions.touchWorld()
    assert.equal(look(200), 'ca patient')
    world.advertisements = [
      advertisement('here', {
        nodeSelectors: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'DoesNotExist' }] }],
      }),
    ]
    world.nodes = ['node-a', 'node-b', 'node-c'].map(name =>
      viewNode({ metadata: { name, ...(name === 'node-a' && { labels: { 'kubernetes.io/hostname': name } }) } }),
    )
    decisions.touchWorld()
    assert.equal(look(300), 'c')
  })

  it('is for the policy Local alone', () => {
    world.put('s', [KEY])
    serve('a')
    assert.equal(look(0), 'cab')
    serve('ac')
    assert.equal(look(100), 'cab')
  })

  it('does not outlive the Service', () => {
    serve('a')
    decisions.settle(0)
    serve('ac')
    assert.equal(look(100), 'ca patient')
    world.services.delete(key)
    decisions.touch(key)
    assert.equal(decisions.settle(200).dueMs, undefined)
    assert.equal(look(200), '-')
  })
})

/**
 * What a node announces when it owns just the addresses that it is elected for: for a link thread that does not ask before it claims.
 */
function announcedBy(desired: DesiredSet, node: string): DesiredSet {
  return new Map([...desired].filter(([, { order }]) => order[0] === node))
}
