import assert from 'node:assert/strict'
import { PoolRegistry } from '../../../src/config/pool-registry.ts'

const at = (seconds: number) => new Date(seconds * 1_000).toISOString()

describe('PoolRegistry', () => {
  it('keeps the good pools while one is bad, and says what is wrong with that one', () => {
    const registry = new PoolRegistry()
    registry.put('good', { metadata: { name: 'good' }, spec: { addresses: ['192.0.2.0/28'] } })
    const [before] = registry.pools
    registry.put('bad', { metadata: { name: 'bad' }, spec: { addresses: ['10.0.0.300'] } })
    assert.deepEqual(
      registry.pools.map(({ name }) => name),
      ['good'],
    )
    assert.equal(registry.pools[0], before, 'an unchanged pool stays the same object')
    assert.equal(registry.problemOf('bad')?.field, 'spec.addresses[0]')
    assert.equal(registry.problemOf('good'), undefined)
    registry.put('bad', { metadata: { name: 'bad' }, spec: { addresses: ['10.0.0.30/32'] } })
    assert.equal(registry.problemOf('bad'), undefined)
    assert.equal(registry.pools.length, 2)
  })

  it('takes the younger pool in when the older one that it overlapped goes', () => {
    const registry = new PoolRegistry()
    registry.put('younger', {
      metadata: { name: 'younger', creationTimestamp: at(2) },
      spec: { addresses: ['192.0.2.0/24'] },
    })
    registry.put('older', {
      metadata: { name: 'older', creationTimestamp: at(1) },
      spec: { addresses: ['192.0.2.0/28'] },
    })
    assert.match(registry.problemOf('younger')?.message ?? '', /overlaps/)
    registry.put('older', undefined)
    assert.equal(registry.problemOf('younger'), undefined)
    assert.deepEqual(
      registry.pools.map(({ name }) => name),
      ['younger'],
    )
  })
})
