import assert from 'node:assert/strict'
import { type Outlet, RouteSender } from '../../../../../src/bin/speaker/bgp/route-sender.ts'
import { exportSession, hostRoutes, PLAIN, routesOf } from '../../../../support/bgp/routes.ts'
import { FakeClock } from '../../../../support/io/fake-clock.ts'

const minuteMs = 60_000

/** A connection that takes as much as the test lets it. */
class Pipe implements Outlet {
  room = Number.POSITIVE_INFINITY
  readonly written: Uint8Array[] = []
  sentBytes = 0
  unsentBytes = 0

  get blocked(): boolean {
    return this.room <= 0
  }

  batch(write: () => void): void {
    write()
  }

  write(bytes: Uint8Array): void {
    this.written.push(bytes)
    this.room -= bytes.length
    if (this.room < 0) this.unsentBytes += bytes.length
    else this.sentBytes += bytes.length
  }

  /** The peer has read everything. */
  drain(): void {
    this.room = Number.POSITIVE_INFINITY
    this.sentBytes += this.unsentBytes
    this.unsentBytes = 0
  }
}

describe('sender of routes', () => {
  let clock: FakeClock
  let pipe: Pipe
  let sender: RouteSender
  let stuck: number
  const sent: string[] = []

  function start(holdTimeSeconds = 90): void {
    clock = new FakeClock()
    pipe = new Pipe()
    stuck = 0
    sent.length = 0
    sender = new RouteSender(
      { clock, connection: pipe },
      {
        session: exportSession({ holdTimeSeconds, families: [4] }),
        onSent: type => sent.push(type),
        onProgress: () => {},
        onStuck: () => {
          stuck++
        },
      },
    )
  }

  afterEach(() => {
    sender.stop()
    assert.equal(clock.pendingTimers, 0)
  })

  /** So many routes that each need a message of their own. */
  const routes = (count: number) => routesOf(hostRoutes(count, index => ({ ...PLAIN, communities: [index] })))

  it('writes while there is room, in portions, and counts what it has told', () => {
    start()
    sender.setRoutes(routes(200))
    assert.equal(pipe.written.length, 64)
    assert.equal(sender.prefixesSent, 64)
    clock.advance(5)
    // and End-of-RIB
    assert.equal(pipe.written.length, 201)
    assert.deepEqual([...new Set(sent)], ['update'])
  })

  it('makes no message for which there is no room', () => {
    start()
    pipe.room = 1_000
    sender.setRoutes(routes(200))
    const { length } = pipe.written
    assert.ok(length < 30, `${length} messages`)
    clock.advance(1_000)
    assert.equal(pipe.written.length, length)
    pipe.drain()
    sender.pump()
    clock.advance(5)
    assert.equal(sender.prefixesSent, 200)
  })

  it('is idle when all has been taken, or when it is stopped', async () => {
    start()
    pipe.room = 100
    sender.setRoutes(routes(3))
    let idle = false
    const waiting = sender.whenIdle().then(() => {
      idle = true
    })
    await Promise.resolve()
    assert.equal(idle, false)
    pipe.drain()
    sender.pump()
    await waiting
    await sender.whenIdle()
    pipe.room = 0
    sender.setRoutes(routes(4))
    const stopped = sender.whenIdle()
    sender.stop()
    await Promise.all([stopped, sender.whenStopped])
  })

  it('notices a peer that takes nothing for eight minutes (RFC 9687)', () => {
    start()
    pipe.room = 100
    sender.setRoutes(routes(100))
    clock.advance(8 * minuteMs - 1)
    assert.equal(stuck, 0)
    clock.advance(1)
    assert.equal(stuck, 1)
  })

  it('waits twice the hold time if that is longer', () => {
    start(600)
    pipe.room = 100
    sender.setRoutes(routes(100))
    clock.advance(20 * minuteMs - 1)
    assert.equal(stuck, 0)
    clock.advance(1)
    assert.equal(stuck, 1)
  })

  it('bears with a peer that is slow, and asks nothing without a hold time', () => {
    start()
    pipe.room = 100
    sender.setRoutes(routes(100))
    for (let minute = 0; minute < 30; minute++) {
      pipe.sentBytes++
      pipe.unsentBytes--
      clock.advance(minuteMs)
    }
    assert.equal(stuck, 0)
    sender.stop()
    start(0)
    pipe.room = 100
    sender.setRoutes(routes(100))
    clock.advance(60 * minuteMs)
    assert.equal(stuck, 0)
  })
})
