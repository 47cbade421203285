import assert from 'node:assert/strict'
import { PoolRegistry } from '../../../src/config/pool-registry.ts'

const at = (seconds: number) => new Date(seconds * 1_000).toISOString()

const resource = (name: string, createdAt: number, addresses: string[], spec: object = {}) => ({
  metadata: { name, creationTimestamp: at(createdAt) },
  spec: { addresses, ...spec },
})
const standing = ({ pools }: PoolRegistry) => pools.map(({ name }) => name)

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
    registry.putAll([
      ['younger', resource('younger', 2, ['192.0.2.0/24'])],
      ['older', resource('older', 1, ['192.0.2.0/28'])],
    ])
    assert.equal(registry.isRefused('younger'), true)
    assert.match(registry.problemOf('younger')?.message ?? '', /overlaps/)
    registry.put('older', undefined)
    assert.equal(registry.problemOf('younger'), undefined)
    assert.deepEqual(
      registry.pools.map(({ name }) => name),
      ['younger'],
    )
  })

  it('refuses the pool that was edited into an overlap, though it is the older one, and takes it back when mended', () => {
    const registry = new PoolRegistry()
    registry.put('older', resource('older', 1, ['192.0.2.0/28']))
    registry.put('younger', resource('younger', 2, ['198.51.100.0/28']))
    registry.put('older', resource('older', 1, ['192.0.2.0/28', '198.51.100.8/32']))
    assert.deepEqual([standing(registry), registry.refused], [['younger'], ['older']])
    assert.equal(registry.problemOf('older')?.field, 'spec.addresses[1]')
    // Another field of the one that stands: it goes on standing.
    registry.put('younger', resource('younger', 2, ['198.51.100.0/28'], { autoAssign: false }))
    registry.put('younger', resource('younger', 2, ['198.51.100.0/27'], { autoAssign: false }))
    assert.deepEqual(standing(registry), ['younger'])
    registry.put('older', resource('older', 1, ['192.0.2.0/28']))
    assert.deepEqual(standing(registry), ['older', 'younger'])
  })

  it('knows after a restart, by their status, which pools stood', () => {
    const accepted = (observedGeneration: number) => ({
      status: { conditions: [{ type: 'Accepted', status: 'True', observedGeneration }] },
    })
    const of = (name: string, second: number, observed: number | undefined) => {
      const made = resource(name, second, ['192.0.2.0/28'])
      const metadata = { ...made.metadata, generation: 3 }
      return [name, { ...made, metadata, ...(observed && accepted(observed)) }] as const
    }
    const rows: [pools: ReturnType<typeof of>[], stands: string][] = [
      [[of('older', 1, undefined), of('younger', 2, 3)], 'younger'],
      [[of('older', 1, 2), of('younger', 2, 3)], 'younger'],
      [[of('older', 1, 3), of('younger', 2, 3)], 'older'],
      [[of('older', 1, undefined), of('younger', 2, 2)], 'younger'],
    ]
    for (const [pools, stands] of rows) {
      const registry = new PoolRegistry()
      registry.putAll(pools)
      assert.deepEqual(standing(registry), [stands])
    }
  })
})
