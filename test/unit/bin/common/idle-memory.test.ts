import assert from 'node:assert/strict'
import { IdleMemory } from '../../../../src/bin/common/idle-memory.ts'
import { FakeClock } from '../../../support/io/fake-clock.ts'

const CHECK_MS = 10_000
const MB = 1_000_000

/** A heap that holds 30 MB, of which collecting leaves 20. */
function scene() {
  const heap = {
    heldBytes: 30 * MB,
    busy: 0,
    collections: 0,
    bytes: () => heap.heldBytes,
    busyShare: () => heap.busy,
    collect: () => {
      heap.collections++
      heap.heldBytes = 20 * MB
    },
  }
  const clock = new FakeClock()
  const idleMemory = new IdleMemory({ clock, heap })
  idleMemory.start()
  return { clock, heap, idleMemory }
}

describe('IdleMemory', () => {
  it('collects three times after the start, and then no more', () => {
    const { clock, heap } = scene()
    clock.advance(CHECK_MS - 1)
    assert.equal(heap.collections, 0)
    clock.advance(1)
    assert.equal(heap.collections, 1)
    clock.advance(10 * CHECK_MS)
    assert.equal(heap.collections, 3)
  })

  it('waits while the thread is busy', () => {
    const { clock, heap } = scene()
    heap.busy = 0.5
    clock.advance(5 * CHECK_MS)
    assert.equal(heap.collections, 0)
    heap.busy = 0.01
    clock.advance(CHECK_MS)
    assert.equal(heap.collections, 1)
  })

  it('collects again when the heap has grown by 4 MB since, not when by less', () => {
    const { clock, heap } = scene()
    clock.advance(10 * CHECK_MS)
    heap.heldBytes = 24 * MB - 1
    clock.advance(10 * CHECK_MS)
    assert.equal(heap.collections, 3)
    heap.heldBytes = 24 * MB
    clock.advance(10 * CHECK_MS)
    assert.equal(heap.collections, 6)
  })

  it('leaves no timer after stop(), and has none without a heap', () => {
    const { clock, heap, idleMemory } = scene()
    idleMemory.stop()
    clock.advance(10 * CHECK_MS)
    assert.equal(heap.collections, 0)
    assert.equal(clock.pendingTimers, 0)
    new IdleMemory({ clock, heap: undefined }).start()
    assert.equal(clock.pendingTimers, 0)
  })
})
