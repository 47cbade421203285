import assert from 'node:assert/strict'
import { ANNOUNCED_REASONS } from '../../../src/controller/announced-reasons.ts'
import { BGP_EXAMPLES } from './announced-bgp-examples.ts'
import { LAYER2_EXAMPLES } from './announced-layer2-examples.ts'
import { judged, type Situation } from './announced-situation.ts'

const EXAMPLES = [...LAYER2_EXAMPLES, ...BGP_EXAMPLES]

describe('the condition Announced', () => {
  for (const { when, reason, message, situation } of EXAMPLES) {
    it(`is ${reason} when ${when}`, () => {
      const { status } = ANNOUNCED_REASONS[reason]
      const judgement = judged(situation)
      assert.ok(judgement !== 'untouched')
      assert.deepEqual(judgement.condition, { status, reason, message })
    })
  }

  it('has an example of each reason here', () => {
    const shown = new Set(EXAMPLES.map(({ reason }) => reason))
    assert.deepEqual([...shown].sort(), Object.keys(ANNOUNCED_REASONS).sort())
  })

  const none: [when: string, situation: Situation][] = [
    ['the Service is no load balancer', { parts: { spec: { type: 'ClusterIP' } } }],
    ['it has no address', { addresses: [] }],
    ['its address is in no pool', { addresses: ['203.0.113.1'] }],
    ['its status holds no address', { addresses: ['lb.example'] }],
  ]
  for (const [when, situation] of none) {
    it(`is not there when ${when}`, () => assert.deepEqual(judged(situation), {}))
  }

  it('is left alone on Services of another class', () => {
    assert.equal(judged({ parts: { spec: { loadBalancerClass: 'example.com/other' } } }), 'untouched')
    assert.equal(judged({ loadBalancerClass: 'herald.io/ours' }), 'untouched')
  })
})
