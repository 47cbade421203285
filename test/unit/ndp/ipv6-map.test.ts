import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Ipv6Map } from '../../../src/ndp/ipv6-map.ts'
import { Writer } from '../../../src/wire/writer.ts'
import { ipv6 } from '../../support/neighbors.ts'

const anyAddress = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
  // near each other, as the addresses of a pool are
  fc.nat(40).map(low => ipv6('2001:db8::') + BigInt(low)),
  fc.nat(40).map(high => ipv6('2001:db8::') + (BigInt(high) << 100n)),
)

describe('map by IPv6 address', () => {
  it('behaves like Map, asked by number or by bytes', () => {
    const command = fc.record({ action: fc.constantFrom('set', 'delete'), address: anyAddress, value: fc.nat(99) })
    fc.assert(
      fc.property(fc.array(command, { maxLength: 80 }), fc.nat(5), (commands, offset) => {
        const map = new Ipv6Map<number>()
        const model = new Map<bigint, number>()
        for (const { action, address, value } of commands) {
          if (action === 'set') {
            map.set(address, value)
            model.set(address, value)
          } else assert.equal(map.delete(address), model.delete(address))
        }
        assert.equal(map.size, model.size)
        assert.deepEqual(new Map(map), model)
        for (const { address } of commands) {
          assert.equal(map.get(address), model.get(address))
          assert.equal(map.has(address), model.has(address))
          const bytes = new Writer().zeros(offset).uint128(address).uint8(0xff).finish()
          assert.equal(map.find(bytes, offset), model.get(address))
        }
      }),
    )
  })

  it('tells addresses apart whose hashes are the same', () => {
    const first = ipv6('2001:db8::1')
    const second = ipv6('2001:db8:0:1::2230:7cf3')
    const map = new Ipv6Map<string>().set(first, 'first').set(second, 'second')
    assert.deepEqual([map.get(first), map.get(second)], ['first', 'second'])
    assert.equal(map.delete(first), true)
    assert.deepEqual([...map], [[second, 'second']])
    assert.deepEqual([map.delete(first), map.find(new Writer().uint128(first).finish(), 0)], [false, undefined])
    assert.equal(map.find(new Writer().uint128(second).finish(), 0), 'second')
  })
})
