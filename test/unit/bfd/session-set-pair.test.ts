import assert from 'node:assert/strict'
import fc from 'fast-check'
import { SessionState } from '../../../src/bfd/packet.ts'
import type { PeerConfig, SessionSetAction } from '../../../src/bfd/session-set.ts'
import { type NetworkEnd, seededRandom } from '../../support/bfd/network.ts'
import { type End, here, key, pair, singleHop, there } from './session-set-scene.ts'

describe('BFD session set', () => {
  for (const [name, a, b] of [
    ['both active', {}, {}],
    ['one passive', {}, { role: 'passive' }],
    ['keyed', { authentication: key('x') }, { authentication: key('x') }],
    ['fast among themselves', { slowIntervalMs: 50 }, { slowIntervalMs: 50 }],
    ['10 ms', { desiredMinTxIntervalMs: 10, requiredMinRxIntervalMs: 10 }, { requiredMinRxIntervalMs: 10 }],
    ['one missing packet means down', { detectMultiplier: 1 }, { detectMultiplier: 1 }],
  ] as [string, Partial<PeerConfig>, Partial<PeerConfig>][]) {
    it(`brings a session up and keeps it up: ${name}`, () => {
      const log: string[] = []
      const { wire } = pair(
        { a, b },
        {
          onAction: (end, action) => {
            const { state } = action as Extract<SessionSetAction, { type: 'state' }>
            log.push(`${(end as End).address.value === here.value ? 'a' : 'b'} ${state}`)
          },
        },
      )
      wire.run(5)
      const { up } = SessionState
      assert.deepEqual(log.filter(line => line.endsWith(String(up))).sort(), [`a ${up}`, `b ${up}`])
      const count = log.length
      wire.run(30_000)
      assert.equal(log.length, count)
    })
  }

  it('neither passive end ever speaks', () => {
    const { wire } = pair({ a: { role: 'passive' }, b: { role: 'passive' } })
    wire.run(10_000)
    assert.equal(wire.packets, 0)
  })

  it('changes intervals by Poll Sequences without going down', () => {
    const log: unknown[] = []
    const { a, b, wire } = pair({}, { onAction: (_, action) => log.push(action) })
    wire.run(1000)
    log.length = 0
    for (const intervalMs of [10, 500, 50, 300]) {
      const changed = {
        ...singleHop,
        addresses: [there],
        desiredMinTxIntervalMs: intervalMs,
        requiredMinRxIntervalMs: intervalMs,
      }
      wire.take(a, a.set.setPeers(new Map([['peer', changed]]), wire.nowMs))
      wire.run(wire.nowMs + 5_000)
      const before = wire.packets
      wire.run(wire.nowMs + 10_000)
      // each end sends at 75 to 100 % of the slower of its own interval and what the other bears
      const perEnd = 10_000 / Math.max(100, intervalMs)
      const packets = wire.packets - before
      assert.ok(packets > 2 * perEnd && packets < 2.7 * perEnd, `${packets} packets at ${intervalMs} ms`)
    }
    assert.deepEqual(log, [])
    assert.equal(b.state, SessionState.up)
  })

  describe('on a lossy network', () => {
    it('comes up, and stays up while no three packets in a row are lost', function () {
      this.timeout(20_000)
      fc.assert(
        fc.property(fc.integer(), fc.integer({ min: 0, max: 60 }), fc.boolean(), (seed, lossPercent, keyed) => {
          const random = seededRandom(seed)
          const lost = new Map<NetworkEnd, number>()
          const downs: number[] = []
          const authentication = keyed ? key('k') : undefined
          const { a, b, wire } = pair(
            { a: { authentication }, b: { authentication }, seed },
            {
              delayMs: 1,
              // A silence of three intervals is a loss of two packets and the wait for the third.
              loses: from => {
                const inRow = lost.get(from) ?? 0
                const loses = inRow < 1 && random() * 100 < lossPercent
                lost.set(from, loses ? inRow + 1 : 0)
                return loses
              },
              onAction: (_, action) => {
                if ((action as Extract<SessionSetAction, { type: 'state' }>).state === SessionState.down) downs.push(1)
              },
            },
          )
          wire.run(6_000)
          assert.deepEqual([a.state, b.state], [SessionState.up, SessionState.up])
          downs.length = 0
          wire.run(16_000)
          assert.deepEqual(downs, [])
        }),
        { numRuns: 100 },
      )
    })

    it('notices a cut within the detection time, at both ends', function () {
      this.timeout(20_000)
      fc.assert(
        fc.property(
          fc.integer(),
          fc.integer({ min: 10, max: 500 }),
          fc.integer({ min: 2, max: 10 }),
          fc.integer({ min: 0, max: 500 }),
          (seed, intervalMs, multiplier, offsetMs) => {
            let cut = false
            const intervals = { desiredMinTxIntervalMs: intervalMs, requiredMinRxIntervalMs: intervalMs }
            const config = { ...intervals, detectMultiplier: multiplier }
            const { a, b, wire } = pair({ a: config, b: config, seed }, { loses: () => cut })
            wire.run(3_000 + offsetMs)
            assert.deepEqual([a.state, b.state], [SessionState.up, SessionState.up])
            cut = true
            wire.run(3_000 + offsetMs + multiplier * intervalMs + 1)
            assert.deepEqual([a.state, b.state], [SessionState.down, SessionState.down])
            const cutMs = 3_000 + offsetMs
            for (const end of [a, b]) {
              const { sinceMs, lastHeardMs } = end.set.session('peer')!
              assert.ok(sinceMs > cutMs, 'not before the cut')
              assert.ok(Math.abs(sinceMs - lastHeardMs! - multiplier * intervalMs) < 0.01)
            }
            cut = false
            wire.run(wire.nowMs + 2_000)
            assert.deepEqual([a.state, b.state], [SessionState.up, SessionState.up])
          },
        ),
        { numRuns: 100 },
      )
    })
  })
})
