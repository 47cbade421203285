import assert from 'node:assert/strict'
import fc from 'fast-check'
import { WorkQueue } from '../../../src/kubernetes/work-queue.ts'
import { FakeClock } from '../../support/io/fake-clock.ts'

describe('WorkQueue', () => {
  let clock: FakeClock
  let queue: WorkQueue

  beforeEach(() => {
    clock = new FakeClock()
    queue = new WorkQueue({ clock, random: () => 0 }, { initialBackoffMs: 100, maximumBackoffMs: 1_000 })
  })

  afterEach(() => {
    queue.stop()
    assert.equal(clock.pendingTimers, 0)
  })

  /** what can be taken now, without waiting */
  async function takeAll(): Promise<(string | undefined)[]> {
    const taken: (string | undefined)[] = []
    while (queue.size > 0) taken.push(await queue.take())
    return taken
  }

  it('gives each key once, in the order in which they came', async () => {
    for (const key of ['b', 'a', 'b', 'c', 'a']) queue.add(key)
    assert.deepEqual(await takeAll(), ['b', 'a', 'c'])
  })

  it('gives a key to one that waits', async () => {
    const taken = [queue.take(), queue.take()]
    queue.add('a')
    queue.add('a')
    queue.add('b')
    assert.deepEqual(await Promise.all(taken), ['a', 'b'])
  })

  it('does not give a key that is being worked on, but once more after', async () => {
    queue.add('a')
    await queue.take()
    queue.add('a')
    queue.add('a')
    const next = queue.take()
    queue.add('b')
    assert.equal(await next, 'b')
    assert.equal(queue.size, 1)
    queue.done('a')
    assert.equal(await queue.take(), 'a')
    queue.done('a')
    assert.equal(queue.size, 0)
  })

  it('adds after a time; the earlier of two counts', () => {
    queue.addAfter('a', 500)
    queue.addAfter('a', 200)
    queue.addAfter('a', 900)
    clock.advance(199)
    assert.equal(queue.size, 0)
    clock.advance(1)
    assert.equal(queue.size, 1)
    assert.equal(clock.pendingTimers, 0)
  })

  it('drops the time of a key that is taken before', async () => {
    queue.addAfter('a', 500)
    queue.add('a')
    await queue.take()
    queue.done('a')
    clock.advance(1_000)
    assert.equal(queue.size, 0)
  })

  it('waits longer with each failure of a key, up to the maximum, until they are forgotten', () => {
    const delays = Array.from({ length: 6 }, () => queue.addAfterFailure('a'))
    assert.deepEqual(delays, [50, 100, 200, 400, 500, 500])
    assert.equal(queue.addAfterFailure('b'), 50)
    assert.equal(queue.addAfterFailure('c', 7_000), 7_000, 'as long as the server asks')
    queue.forgetFailures('a')
    assert.equal(queue.addAfterFailure('a'), 50)
  })

  it('lets those go who wait when it stops, and takes nothing more', async () => {
    const taken = queue.take()
    queue.addAfter('a', 100)
    queue.stop()
    queue.add('b')
    assert.equal(await taken, undefined)
    assert.equal(await queue.take(), undefined)
    assert.equal(queue.size, 0)
  })

  it('never loses a key and never gives one twice at once, whatever the order of things', async () => {
    const key = fc.constantFrom('a', 'b', 'c')
    const step = fc.oneof(
      fc.record({ kind: fc.constantFrom('add', 'fail', 'done', 'later'), key }),
      fc.constant({ kind: 'take', key: '' }),
      fc.constant({ kind: 'time', key: '' }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async steps => {
        const time = new FakeClock()
        const work = new WorkQueue({ clock: time, random: Math.random })
        const running = new Set<string>()
        /** keys added since they were last taken */
        const owed = new Set<string>()
        const begin = (taken: string | undefined): void => {
          assert.ok(taken !== undefined && !running.has(taken), 'given twice at once')
          assert.ok(owed.delete(taken), 'given without being added')
          running.add(taken)
        }
        const finish = (ended: string): void => {
          if (running.delete(ended)) work.done(ended)
        }
        for (const { kind, key: one } of steps) {
          if (kind === 'take') {
            const free = [...owed].some(added => !running.has(added))
            if (free && work.size > work.running) begin(await work.take())
          } else if (kind === 'done') finish(one)
          else if (kind === 'time') time.advance(1_000)
          else {
            owed.add(one)
            if (kind === 'add') work.add(one)
            else if (kind === 'fail') work.addAfterFailure(one)
            else work.addAfter(one, 300)
          }
        }
        while (owed.size > 0) {
          for (const one of [...running]) finish(one)
          time.advance(120_000)
          assert.ok(work.size > 0, `lost: ${[...owed]}`)
          begin(await work.take())
        }
      }),
    )
  })
})
