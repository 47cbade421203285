import assert from 'node:assert/strict'
import {
  type AddressReservationResource,
  combineReservations,
  parseAddressReservation,
} from '../../../src/config/address-reservation.ts'
import { formatRange } from '../../../src/ip/range.ts'
import { reservation } from '../../support/services.ts'

describe('AddressReservation', () => {
  it('takes single addresses, CIDRs and ranges, for a Service or for nobody', () => {
    const one = reservation('r', ['192.0.2.1', '192.0.2.8/30', '2001:db8::1-2001:db8::2'], 'default/web')
    assert.deepEqual(one.ranges.map(formatRange), [
      '192.0.2.1-192.0.2.1',
      '192.0.2.8-192.0.2.11',
      '2001:db8::1-2001:db8::2',
    ])
    assert.equal(one.service, 'default/web')
    assert.equal(reservation('r', ['192.0.2.1']).service, undefined)
  })

  const bad: [what: string, spec: unknown, field: string, message: RegExp][] = [
    ['no addresses', {}, 'spec.addresses', /at least one/],
    ['nonsense', { addresses: ['192.0.2.1', 'x'] }, 'spec.addresses[1]', /"x" is neither/],
    ['a number', { addresses: [7] }, 'spec.addresses[0]', /must be text/],
    [
      'half a Service',
      { addresses: ['192.0.2.1'], service: { name: 'web' } },
      'spec.service.namespace',
      /the namespace of/,
    ],
  ]
  for (const [what, spec, field, message] of bad) {
    it(`refuses ${what}, and names the field`, () => {
      const parsed = parseAddressReservation({ spec: spec as AddressReservationResource['spec'] })
      assert.ok('problem' in parsed)
      assert.equal(parsed.problem.field, field)
      assert.match(parsed.problem.message, message)
    })
  }

  it('stands if it is the older of two for different owners, and may repeat what the same owner has', () => {
    const { reservations, refused } = combineReservations([
      reservation('younger', ['192.0.2.0/28'], undefined, 2_000),
      reservation('older', ['192.0.2.5'], 'default/web', 1_000),
      reservation('again', ['192.0.2.4/31'], 'default/web', 3_000),
    ])
    assert.deepEqual(
      reservations.map(({ name }) => name),
      ['older', 'again'],
    )
    assert.match(
      refused.get('younger')?.message ?? '',
      /older AddressReservation "older" for the Service "default\/web"/,
    )
  })
})
