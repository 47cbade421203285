import assert from 'node:assert/strict'
import fc from 'fast-check'
import { viewNode } from '../../../src/resources/node.ts'
import { Decisions, type Settled } from '../../../src/speaker/decisions.ts'
import { advertisement, interfaces, speakersOf, World } from '../../support/speaker-world.ts'

const NODES = ['node-a', 'node-b', 'node-c', 'node-d', 'node-e']

type Change =
  | { kind: 'service'; name: number; addresses: number[]; local: boolean; endpoints: string[]; leaving: string[] }
  | { kind: 'gone'; name: number }
  | { kind: 'speakers'; speakers: string[]; named: boolean }
  | { kind: 'draining'; node: string; draining: boolean }

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('service' as const),
      name: fc.nat(7),
      addresses: fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 2 }),
      local: fc.boolean(),
      endpoints: fc.subarray(NODES),
      leaving: fc.subarray(NODES),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('gone' as const), name: fc.nat(7) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('speakers' as const), speakers: fc.subarray(NODES), named: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('draining' as const),
      node: fc.constantFrom(...NODES),
      draining: fc.boolean(),
    }),
  },
)

function apply(world: World, decisions: Decisions, change: Change): void {
  switch (change.kind) {
    case 'service': {
      const { name, addresses, local, endpoints, leaving } = change
      const spec = { type: 'LoadBalancer', externalTrafficPolicy: local ? 'Local' : 'Cluster' }
      const key = world.put(
        `s${name}`,
        addresses.map(last => (last > 6 ? `2001:db8::${last}` : `192.0.2.${last}`)),
        { spec },
      )
      const leavingNodes = leaving.filter(node => endpoints.includes(node))
      world.endpointsByService.set(key, { serving: endpoints.length > 0, nodes: endpoints, leavingNodes })
      decisions.touch(key)
      return
    }
    case 'gone':
      world.services.delete(`default/s${change.name}`)
      decisions.touch(`default/s${change.name}`)
      return
    case 'speakers':
      world.speakers = speakersOf(...change.speakers)
      if (change.speakers[0]) world.speakers.set(change.speakers[0], interfaces('eth0', 'eth1'))
      world.advertisements = [advertisement('all', change.named ? { interfaces: ['eth1'] } : {})]
      decisions.touchWorld()
      return
    case 'draining': {
      const annotations: Record<string, string> = change.draining ? { 'herald.io/drain': 'true' } : {}
      world.nodes = world.nodes.map(node =>
        node.name === change.node ? viewNode({ metadata: { name: node.name, annotations } }) : node,
      )
      decisions.touchWorld()
    }
  }
}

/** What is desired because this node is a candidate, without what it only hands over. */
function wanted({ desired }: Settled): unknown {
  return [...desired]
    .filter(([, { order }]) => order.includes('node-a'))
    .map(([key, { interfaces, order }]) => ({ key, interfaces, order }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
}

describe('decisions in steps', () => {
  it('are those that a speaker makes which starts now', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 5 }), { maxLength: 12 }), steps => {
        const world = new World()
        world.nodes = NODES.map(name => viewNode({ metadata: { name } }))
        world.speakers = speakersOf(...NODES)
        const decisions = new Decisions({ sources: world }, { nodeName: 'node-a' })
        let before = decisions.settle(0)
        for (const step of steps) {
          for (const item of step) apply(world, decisions, item)
          const settled = decisions.settle(0)
          const afresh = new Decisions({ sources: world }, { nodeName: 'node-a' })
          assert.deepEqual(wanted(settled), wanted(afresh.settle(0)))
          for (const key of world.services.keys()) {
            assert.deepEqual(decisions.decisionOf(key), afresh.decisionOf(key))
          }
          for (const [key, { order }] of settled.desired) {
            assert.deepEqual(order, afresh.orderOf(key), 'also of what is handed over')
            assert.ok(order.includes('node-a') || before.desired.has(key))
          }
          assert.equal(settled.desired === before.desired, settled.revision === before.revision)
          before = settled
        }
        // Once nothing is owned, nothing is kept.
        decisions.setOwned(new Set(), before.revision)
        const last = decisions.settle(0)
        assert.ok([...last.desired.values()].every(({ order }) => order.includes('node-a')))
      }),
      { numRuns: 150 },
    )
  })
})
