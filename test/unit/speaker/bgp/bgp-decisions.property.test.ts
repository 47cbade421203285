import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { BgpAdvertisement } from '../../../../src/config/bgp-advertisement.ts'
import { NO_ENDPOINTS, type ServiceEndpoints } from '../../../../src/resources/endpoint-slice.ts'
import { BgpDecisions } from '../../../../src/speaker/bgp/bgp-decisions.ts'
import { BgpWorld, bgpAdvertisement, toldOf } from '../../../support/bgp/world.ts'

const LOCAL = { spec: { externalTrafficPolicy: 'Local' } }

describe('BgpDecisions', () => {
  it('say after any sequence of changes what they would say of the world as it is in the end', () => {
    const name = fc.integer({ min: 0, max: 7 }).map(index => `s${index}`)
    const endpoints: ServiceEndpoints[] = [
      NO_ENDPOINTS,
      { serving: true, nodes: ['node-a'] },
      { serving: true, nodes: ['node-b'] },
      { serving: true, nodes: ['node-a', 'node-b'], leavingNodes: ['node-a'] },
    ]
    const pick: Record<string, BgpAdvertisement> = {
      hosts: bgpAdvertisement('hosts', { weighted: true }),
      nets: bgpAdvertisement('nets', { aggregationLength: { 4: 24, 6: 64 }, communities: [9] }),
      router: bgpAdvertisement('router', { peers: ['router'], communities: [5] }),
      pool: bgpAdvertisement('pool', { poolNames: ['other'], localPreference: 7, peers: ['second'] }),
    }
    const step = fc.oneof(
      fc.record({
        type: fc.constant('put' as const),
        name,
        addresses: fc.subarray(['192.0.2.1', '192.0.2.2', '198.51.100.1', '2001:db8::1'], { maxLength: 2 }),
        local: fc.boolean(),
        ready: fc.integer({ min: 0, max: 3 }),
        endpoints: fc.constantFrom(...endpoints),
      }),
      fc.record({ type: fc.constant('delete' as const), name }),
      fc.record({ type: fc.constant('advertise' as const), names: fc.subarray(Object.keys(pick)) }),
      fc.record({ type: fc.constant('peers' as const), peers: fc.subarray(['router', 'second']) }),
      fc.record({ type: fc.constant('settle' as const) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), steps => {
        const world = new BgpWorld()
        const decisions = decisionsOf(world)
        for (const step of steps) {
          if (step.type === 'put') {
            const key = world.put(step.name, step.addresses, step.local ? LOCAL : {})
            world.endpointsByService.set(key, step.endpoints)
            world.ready.set(`${key} node-a`, step.ready)
            decisions.touch(key)
          } else if (step.type === 'delete') {
            world.services.delete(`default/${step.name}`)
            decisions.touch(`default/${step.name}`)
          } else if (step.type === 'settle') decisions.settle(0)
          else {
            if (step.type === 'advertise') world.advertisements = step.names.map(name => pick[name]!)
            else world.peers = () => step.peers
            decisions.touchWorld()
          }
        }
        decisions.settle(0)
        const { routes } = decisions.settle(10_000)
        const kept = new Map([...routes].map(([peer, all]) => [peer, toldOf(all)]))
        const fresh = new Map([...decisionsOf(world).settle(0).routes].map(([peer, all]) => [peer, toldOf(all)]))
        assert.deepEqual(kept, fresh)
      }),
      { numRuns: 300 },
    )
  })
})

function decisionsOf(world: BgpWorld): BgpDecisions {
  return new BgpDecisions({ sources: world }, { nodeName: 'node-a', drainWithdrawAfterMs: 1_000 })
}
