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
    waiting.add({ key: 'c', createdAtMs: 1 }, false)
    assert.equal(waiting.pending, 2)
    assert.deepEqual(waiting.oldestFirst(), ['c', 'a', 'b'])
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
