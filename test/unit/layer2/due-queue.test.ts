import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { DueQueue } from '../../../src/layer2/due-queue.ts'

type Operation =
  | { readonly type: 'set'; readonly item: string; readonly dueMs: number | undefined }
  | { readonly type: 'take'; readonly nowMs: number }

describe('DueQueue', () => {
  it('has nothing due when it is empty', () => {
    const queue = new DueQueue<string>()
    assert.equal(queue.dueMs, undefined)
    assert.deepEqual(queue.take(Number.POSITIVE_INFINITY), [])
  })

  it('gives an item once, at its time and not before', () => {
    const queue = new DueQueue<string>()
    queue.set('a', 10)
    assert.deepEqual(queue.take(9.999), [])
    assert.deepEqual(queue.take(10), ['a'])
    assert.deepEqual(queue.take(10), [])
    assert.equal(queue.dueMs, undefined)
  })

  it('forgets the old time of an item that is set anew, to an earlier or a later one', () => {
    const queue = new DueQueue<string>()
    queue.set('a', 10)
    queue.set('a', 30)
    queue.set('b', 20)
    queue.set('b', 5)
    assert.deepEqual(queue.take(25), ['b'])
    assert.equal(queue.dueMs, 30)
  })

  it('takes an item again at a time that it had before', () => {
    const queue = new DueQueue<string>()
    queue.set('a', 10)
    queue.set('a', undefined)
    assert.equal(queue.dueMs, undefined)
    queue.set('a', 10)
    assert.deepEqual(queue.take(10), ['a'])
    queue.set('a', 10)
    assert.deepEqual(queue.take(10), ['a'])
  })

  it('does what a sorted list does', () => {
    const item = fc.constantFrom(...'abcdefghijkl')
    const ms = fc.oneof(fc.nat({ max: 20 }), fc.double({ min: 0, max: 20, noNaN: true }))
    const operation: fc.Arbitrary<Operation> = fc.oneof(
      { weight: 5, arbitrary: fc.record({ type: fc.constant('set' as const), item, dueMs: ms }) },
      { weight: 1, arbitrary: fc.record({ type: fc.constant('set' as const), item, dueMs: fc.constant(undefined) }) },
      { weight: 1, arbitrary: fc.record({ type: fc.constant('take' as const), nowMs: ms }) },
    )
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 300 }), operations => {
        const queue = new DueQueue<string>()
        const model = new Map<string, number>()
        for (const operation of operations) {
          if (operation.type === 'take') checkTake(queue, model, operation.nowMs)
          else {
            queue.set(operation.item, operation.dueMs)
            if (operation.dueMs === undefined) model.delete(operation.item)
            else model.set(operation.item, operation.dueMs)
          }
          assert.equal(queue.dueMs, model.size === 0 ? undefined : Math.min(...model.values()))
        }
        checkTake(queue, model, Number.POSITIVE_INFINITY)
        assert.equal(queue.dueMs, undefined)
      }),
      { numRuns: 300 },
    )
  })

  it('keeps thousands in order', () => {
    const queue = new DueQueue<number>()
    const times = Array.from({ length: 10_000 }, (_, index) => (index * 7_919) % 10_007)
    for (const [item, dueMs] of times.entries()) queue.set(item, dueMs)
    const taken = queue.take(Number.POSITIVE_INFINITY).map(item => times[item]!)
    assert.deepEqual(
      taken,
      times.toSorted((a, b) => a - b),
    )
  })

  it('does not grow while items are put off again and again, as by a host that never stops to claim an address', () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage: () => void = runInNewContext('gc')
    const queue = new DueQueue<string>()
    queue.set('first', 0)
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    for (let ms = 1; ms <= 500_000; ms++) queue.set(`item ${ms % 10}`, ms)
    collectGarbage()
    const grownBytes = process.memoryUsage().heapUsed - before
    assert.ok(grownBytes < 2_000_000, `${grownBytes} bytes more for 11 items`)
    assert.deepEqual(queue.take(499_991), ['first', 'item 1'])
  })
})

/** What is due comes, the earliest first; which of two at the same time comes first is not promised. */
function checkTake(queue: DueQueue<string>, model: Map<string, number>, nowMs: number): void {
  const taken = queue.take(nowMs)
  const expected = [...model].filter(([, dueMs]) => dueMs <= nowMs)
  assert.deepEqual(
    taken.map(item => model.get(item)),
    expected.map(([, dueMs]) => dueMs).sort((a, b) => a - b),
  )
  assert.deepEqual(taken.toSorted(), expected.map(([item]) => item).sort())
  for (const item of taken) model.delete(item)
}
