import assert from 'node:assert/strict'
import { converge } from '../../../src/controller/converge.ts'
import type { ServiceView, viewService } from '../../../src/resources/service.ts'
import { pool, service } from '../../support/services.ts'
import { addresses, v4, world, written } from './converge-world.ts'

describe('converge', () => {
  describe('sharing', () => {
    const sharing = (name: string, key: string, port: number, parts: Parameters<typeof viewService>[0] = {}) =>
      service(name, {
        ...parts,
        metadata: { annotations: { 'metallb.io/allow-shared-ip': key, ...parts.metadata?.annotations } },
        spec: { ports: [{ port }], ...parts.spec },
      })

    it('is asked for by annotation: the second with the same key gets the same address, when no lower one is free', () => {
      const here = world(pool('p', ['192.0.2.10/32']))
      assert.deepEqual(addresses(converge(sharing('a', 'k', 80), here)), ['192.0.2.10'])
      assert.deepEqual(addresses(converge(sharing('b', 'k', 443), here)), ['192.0.2.10'])
      assert.equal(converge(sharing('c', 'k', 80), here).reason, 'PoolExhausted')
      assert.equal(converge(sharing('d', 'other', 81), here).reason, 'PoolExhausted')
      assert.equal(converge(service('e'), here).reason, 'PoolExhausted')
    })

    it('prefers a lower free address to a higher shared one', () => {
      const here = world(pool('p', v4))
      converge(sharing('a', 'k', 80, { spec: { loadBalancerIP: '192.0.2.11' } }), here)
      assert.deepEqual(addresses(converge(sharing('b', 'k', 443), here)), ['192.0.2.10'])
    })

    it('is settled by asking for the address, and says why it cannot be', () => {
      const here = world(pool('p', v4))
      const asking = { spec: { loadBalancerIP: '192.0.2.11' } }
      converge(sharing('a', 'k', 80, asking), here)
      assert.deepEqual(addresses(converge(sharing('b', 'k', 443, asking), here)), ['192.0.2.11'])
      const rows: [ServiceView, RegExp][] = [
        [sharing('c', 'k', 80, asking), /"default\/a" holds: both have the same port/],
        [sharing('d', 'other', 81, asking), /annotations metallb.io\/allow-shared-ip differ/],
        [service('e', asking), /only where both have the annotation/],
        [
          sharing('f', 'k', 82, {
            spec: { ...asking.spec, externalTrafficPolicy: 'Local', selector: { app: 'f' }, ports: [{ port: 82 }] },
          }),
          /externalTrafficPolicy/,
        ],
      ]
      for (const [one, message] of rows) {
        const decision = converge(one, here)
        assert.equal(decision.reason, 'AddressInUse')
        assert.match(decision.desired?.condition?.message ?? '', message)
      }
    })

    it('is kept after a restart, whoever comes first', () => {
      const status = { loadBalancer: { ingress: [{ ip: '192.0.2.11' }] } }
      const here = world(pool('p', v4))
      assert.deepEqual(addresses(converge(sharing('b', 'k', 443, { status }), here)), ['192.0.2.11'])
      assert.deepEqual(addresses(converge(sharing('a', 'k', 80, { status }), here)), ['192.0.2.11'])
    })

    it('ends for the one that changes its key or takes a port of another, not for the others', () => {
      const here = world(pool('p', v4))
      const asking = { spec: { loadBalancerIP: '192.0.2.11' } }
      converge(sharing('a', 'k', 80, asking), here)
      const b = sharing('b', 'k', 443, asking)
      const held = written(b, converge(b, here))
      const { loadBalancerIP: _, ...free } = held
      const moved = converge(
        { ...free, annotations: { ...held.annotations, 'metallb.io/allow-shared-ip': 'other' } },
        here,
      )
      assert.deepEqual(addresses(moved), ['192.0.2.10'])
      assert.deepEqual(
        moved.events.map(({ reason }) => reason),
        ['ClearAssignment', 'IPAllocated'],
      )
      assert.match(moved.events[0]?.message ?? '', /held by the Service "default\/a"/)
      assert.equal(here.allocator.holding('default/a')?.addresses.length, 1)
    })

    it('wakes others when the terms change', () => {
      const here = world(pool('p', v4))
      const a = service('a')
      const held = written(a, converge(a, here))
      assert.deepEqual(converge(held, here).freed, [])
      const annotations = { ...held.annotations, 'metallb.io/allow-shared-ip': 'k' }
      assert.deepEqual(converge({ ...held, annotations }, here).freed, [{ address: '192.0.2.10' }, { sharingKey: 'k' }])
      assert.deepEqual(converge({ ...held, annotations }, here).freed, [])
    })
  })
})
