import assert from 'node:assert/strict'
import { AnnouncementQueue } from '../../../../src/bin/speaker/link/announcement-queue.ts'
import type { PacketSocket } from '../../../../src/io/packet-socket.ts'

const fresh = () => ({ requestsReceived: 0, responsesSent: 0, gratuitousSent: 0 })

describe('AnnouncementQueue', () => {
  let sent: string[]
  let calls: number
  let takes: number
  const socket: Pick<PacketSocket, 'send'> = {
    send: frames => {
      calls++
      const taken = frames.slice(0, takes)
      sent.push(...taken.map(frame => [...frame].join('.')))
      return taken.length
    },
  }
  const flush = (queue: AnnouncementQueue<number>) => queue.flush(socket as PacketSocket)
  let queue: AnnouncementQueue<number>

  beforeEach(() => {
    sent = []
    calls = 0
    takes = Number.POSITIVE_INFINITY
    queue = new AnnouncementQueue({ frames: key => [Uint8Array.of(key, 1), Uint8Array.of(key, 2)] })
  })

  it('asks the socket for nothing when nothing waits', () => {
    assert.equal(flush(queue), false)
    assert.equal(calls, 0)
  })

  it('sends each address once however often it was put down, in the order in which they came', () => {
    for (const key of [7, 3, 7]) queue.add(key, fresh())
    assert.equal(flush(queue), false)
    assert.deepEqual(sent, ['7.1', '7.2', '3.1', '3.2'])
    assert.equal(flush(queue), false)
    assert.equal(calls, 1)
  })

  it('sends 50 addresses with one call, and says that more wait', () => {
    for (let key = 0; key < 120; key++) queue.add(key, fresh())
    assert.deepEqual([flush(queue), sent.length], [true, 100])
    assert.deepEqual([flush(queue), sent.length], [true, 200])
    assert.deepEqual([flush(queue), sent.length], [false, 240])
    assert.equal(calls, 3)
  })

  it('forgets what was taken back', () => {
    queue.add(1, fresh())
    queue.add(2, fresh())
    queue.delete(1)
    queue.delete(9)
    flush(queue)
    assert.deepEqual(sent, ['2.1', '2.2'])
  })

  it('counts for each address what the kernel took of its frames, and sends the rest no more', () => {
    const counters = [fresh(), fresh(), fresh()]
    for (const [key, each] of counters.entries()) queue.add(key, each)
    takes = 3
    assert.equal(flush(queue), false)
    assert.deepEqual(
      counters.map(({ gratuitousSent }) => gratuitousSent),
      [2, 1, 0],
    )
  })
})
