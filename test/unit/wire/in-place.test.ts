import assert from 'node:assert/strict'
import fc from 'fast-check'
import { int32At, isUnicastMacAt, macAt, storeMac, uint16At, uint32At } from '../../../src/wire/in-place.ts'
import { BROADCAST_MAC, isUnicastMac } from '../../../src/wire/mac-address.ts'
import { Reader } from '../../../src/wire/reader.ts'

const macs = fc.oneof(fc.integer({ min: 0, max: BROADCAST_MAC }), fc.constantFrom(0, BROADCAST_MAC, 0x0100_5e00_0001))

describe('fields in place', () => {
  it('read as Reader reads them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 20 }), fc.nat(14), (bytes, at) => {
        const offset = Math.min(at, bytes.length - 6)
        assert.equal(uint16At(bytes, offset), new Reader(bytes, offset).uint16())
        assert.equal(uint32At(bytes, offset), new Reader(bytes, offset).uint32())
        assert.equal(int32At(bytes, offset), new Reader(bytes, offset).uint32() | 0)
        assert.equal(macAt(bytes, offset), new Reader(bytes, offset).uint48())
      }),
    )
  })

  it('store a MAC address and nothing beside it', () => {
    fc.assert(
      fc.property(macs, mac => {
        const bytes = new Uint8Array(8).fill(0xee)
        storeMac(bytes, 1, mac)
        assert.deepEqual([bytes[0], macAt(bytes, 1), bytes[7]], [0xee, mac, 0xee])
        assert.equal(isUnicastMacAt(bytes, 1), isUnicastMac(mac))
      }),
    )
  })
})
