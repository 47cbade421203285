import assert from 'node:assert/strict'
import { Election } from '../../../src/layer2/election.ts'
import { viewNode } from '../../../src/resources/node.ts'
import { Decisions, type Settled } from '../../../src/speaker/decisions.ts'
import { advertisement, interfaces, speakersOf, World } from '../../support/speaker-world.ts'

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
