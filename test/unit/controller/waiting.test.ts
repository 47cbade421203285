import assert from 'node:assert/strict'
import { firstPassOrder, Waiting } from '../../../src/controller/waiting.ts'

describe('Services that wait', () => {
  it('are asked again in the order of their creation, ties by name', () => {
    const waiting = new Waiting()
    for (const [key, createdAtMs] of [
      ['b', 2],
      ['c', 1],
      ['a', 2],
      ['gone', 0],
    ] as const)
      waiting.add({ key, createdAtMs })
    waiting.delete('gone')
    assert.equal(waiting.pending, 3)
    waiting.add({ key: 'c', createdAtMs: 1 }, [], false)
    assert.equal(waiting.pending, 2)
    assert.deepEqual(waiting.oldestFirst(), ['c', 'a', 'b'])
  })

  describe('for room in a pool', () => {
    const room = { pool: 'p', family: 4 } as const
    const six = { pool: 'p', family: 6 } as const
    const line = (...keys: string[]) => {
      const waiting = new Waiting()
      for (const [index, key] of keys.entries()) waiting.add({ key, createdAtMs: index }, [room])
      return waiting
    }
    const yes = () => true

    it('are asked one after the other, as long as there is room', () => {
      const waiting = line('a', 'b', 'c')
      assert.deepEqual(waiting.wake([room]), ['a'])
      waiting.delete('a')
      assert.deepEqual(waiting.next('a', yes), ['b'])
      assert.deepEqual(
        waiting.next('b', () => false),
        [],
      )
      assert.deepEqual(waiting.next('b', yes), [], 'it was not asked')
      assert.deepEqual(waiting.wake([room]), ['b'])
    })

    it('let the next have what the first cannot use, or is gone from', () => {
      const waiting = line('a', 'b', 'c')
      waiting.wake([room])
      assert.deepEqual(waiting.next('a', yes), ['b'])
      waiting.delete('b')
      waiting.delete('c')
      assert.deepEqual(waiting.next('b', yes), [])
    })

    it('of two families are asked for the one that they lack', () => {
      const waiting = line('a')
      waiting.add({ key: 'dual', createdAtMs: 9 }, [six])
      assert.deepEqual(waiting.wake([six]), ['dual'])
      assert.deepEqual(waiting.wake([{ pool: 'q', family: 4 }]), [])
      waiting.add({ key: 'dual', createdAtMs: 9 }, [room])
      assert.deepEqual(waiting.next('dual', yes), [])
      assert.deepEqual(waiting.wake([six]), [])
      assert.deepEqual(waiting.wake([room]), ['a'])
    })
  })

  it('for an address or a sharing key are all asked, the one that it is kept for by its name', () => {
    const waiting = new Waiting()
    waiting.add({ key: 'b', createdAtMs: 1 }, [{ sharingKey: 'k' }])
    waiting.add({ key: 'a', createdAtMs: 1 }, [{ sharingKey: 'k' }, { pool: 'p', family: 4 }])
    waiting.add({ key: 'c', createdAtMs: 0 }, [{ address: '192.0.2.1' }])
    waiting.add({ key: 'd', createdAtMs: 2 })
    assert.deepEqual(waiting.wake([{ sharingKey: 'k' }, { address: '192.0.2.1' }]), ['c', 'a', 'b'])
    assert.deepEqual(waiting.wake([{ sharingKey: 'l' }, { address: '192.0.2.2' }]), [])
    assert.deepEqual(waiting.wake([{ service: 'd' }, { service: 'unknown' }]), ['d'])
    assert.equal(waiting.pending, 4)
  })

  it('come after those that hold an address in the first pass, the older first', () => {
    const one = (key: string, createdAtMs: number, held: number) => ({
      key,
      createdAtMs,
      ingress: new Array(held).fill({}),
    })
    const order = firstPassOrder([
      one('w2', 5, 0),
      one('h-new', 9, 1),
      one('w1', 1, 0),
      one('h-dual', 10, 2),
      one('h-old', 3, 1),
    ])
    assert.deepEqual(
      order.map(({ key }) => key),
      ['h-old', 'h-new', 'h-dual', 'w1', 'w2'],
    )
  })
})
