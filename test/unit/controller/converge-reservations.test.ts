import assert from 'node:assert/strict'
import { converge } from '../../../src/controller/converge.ts'
import { pool, reservation, service } from '../../support/services.ts'
import { addresses, world, written } from './converge-world.ts'

describe('converge', () => {
  describe('reservations', () => {
    const here = (...kept: Parameters<typeof reservation>[]) => {
      const one = world(pool('p', ['192.0.2.10-192.0.2.13']))
      one.allocator.setReservations(kept.map(parts => reservation(...parts)))
      return one
    }

    it('give a Service the same address when it is deleted and made again', () => {
      const one = here(['shop', ['192.0.2.12'], 'default/shop'])
      assert.deepEqual(addresses(converge(service('web'), one)), ['192.0.2.10'])
      assert.deepEqual(addresses(converge(service('shop'), one)), ['192.0.2.12'])
      one.allocator.release('default/shop')
      assert.deepEqual(addresses(converge(service('more'), one)), ['192.0.2.11'])
      assert.deepEqual(addresses(converge(service('shop'), one)), ['192.0.2.12'])
    })

    it('keep an address from those that ask for it, by name', () => {
      const decision = converge(
        service('web', { spec: { loadBalancerIP: '192.0.2.12' } }),
        here(['shop', ['192.0.2.12'], 'default/shop']),
      )
      assert.equal(decision.reason, 'AddressReserved')
      assert.match(decision.desired?.condition?.message ?? '', /AddressReservation "shop" keeps from it/)
    })

    it('move a Service that holds one of their addresses, and say why', () => {
      const one = here()
      const web = service('web')
      const held = written(web, converge(web, one))
      one.allocator.setReservations([reservation('gateway', ['192.0.2.10'])])
      const moved = converge(held, one)
      assert.deepEqual(addresses(moved), ['192.0.2.11'])
      assert.match(
        moved.events[0]?.message ?? '',
        /192.0.2.10 is kept from the Service by the AddressReservation "gateway"/,
      )
    })

    it('leave a Service where it is that holds another address', () => {
      const one = here()
      const web = service('web')
      const held = written(web, converge(web, one))
      one.allocator.setReservations([reservation('web', ['192.0.2.13'], 'default/web')])
      assert.deepEqual(addresses(converge(held, one)), ['192.0.2.10'])
    })
  })
})
