import assert from 'node:assert/strict'
import fc from 'fast-check'
import { BROADCAST_MAC, formatMac, isUnicastMac, parseMac } from '../../../src/wire/mac-address.ts'

describe('Ethernet address', () => {
  it('reads back what it prints', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: BROADCAST_MAC }), mac => parseMac(formatMac(mac)) === mac))
    assert.equal(formatMac(0x0200_5e10_0001), '02:00:5e:10:00:01')
    assert.equal(formatMac(0), '00:00:00:00:00:00')
    assert.equal(parseMac('02:00:5E:10:00:01'), 0x0200_5e10_0001)
  })

  it('refuses other text', () => {
    for (const text of [
      '',
      '02:00:5e:10:00',
      '02:00:5e:10:00:01:02',
      '2:0:5e:10:0:1',
      '02-00-5e-10-00-01',
      'zz:00:5e:10:00:01',
    ]) {
      assert.equal(parseMac(text), undefined, text)
    }
  })

  it('knows a station from a group', () => {
    assert.deepEqual([0x0200_5e10_0001, 0, 0x0100_5e00_0001, BROADCAST_MAC].map(isUnicastMac), [
      true,
      false,
      false,
      false,
    ])
  })
})
