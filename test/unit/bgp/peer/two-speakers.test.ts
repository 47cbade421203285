import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { PeerConfig } from '../../../../src/bgp/peer-config.ts'
import { seededRandom } from '../../../support/bfd/network.ts'
import { peerSettings } from '../session/samples.ts'
import { SpeakerPair } from './speaker-pair.ts'

interface Course {
  readonly seed: number
  /** the second speaker starts so much later */
  readonly lateMs: number
  readonly latencyMs: number
  readonly routerIds: readonly [number, number]
  readonly modes: readonly [PeerConfig['mode'], PeerConfig['mode']]
}

const oneCalls = [
  ['active', 'passive'],
  ['active', 'both'],
  ['both', 'passive'],
] as const

function pairOf({ seed, routerIds, modes, latencyMs, lateMs }: Course): SpeakerPair {
  const common = { gracefulRestart: true, holdTimeSeconds: 9, connectRetrySeconds: 10 }
  const first = peerSettings({ ...common, mode: modes[0] }, routerIds[0])
  const second = peerSettings({ ...common, mode: modes[1], localAs: 64513, peerAs: 64512 }, routerIds[1])
  const pair = new SpeakerPair([first, second], seededRandom(seed), latencyMs)
  pair.after(0, 0, { type: 'start' })
  pair.after(lateMs, 1, { type: 'start' })
  return pair
}

function courses(modes: readonly Course['modes'][]): fc.Arbitrary<Course> {
  return fc.record({
    seed: fc.nat(),
    lateMs: fc.oneof(fc.nat(20), fc.nat(2000)),
    latencyMs: fc.constantFrom(1, 20, 400),
    routerIds: fc.constantFrom([10, 20], [20, 10], [10, 10]) as fc.Arbitrary<Course['routerIds']>,
    modes: fc.constantFrom(...modes),
  })
}

describe('two speakers that are each other’s peer', function () {
  this.timeout(20_000)

  it('come to one session, whoever calls', () => {
    fc.assert(
      fc.property(courses(oneCalls), course => {
        const pair = pairOf(course)
        pair.run(30_000, () => pair.session !== undefined)
        assert.ok(pair.session)
      }),
      { numRuns: 100 },
    )
  })

  it('come to one session when both call, however their calls cross', () => {
    let collisions = 0
    fc.assert(
      fc.property(courses([['both', 'both']]), course => {
        const pair = pairOf(course)
        pair.run(30_000, () => {
          if (pair.speakers.some(speaker => speaker.connections.size === 2)) collisions++
          return false
        })
        assert.ok(pair.session, `after ${pair.nowMs} ms`)
        const before = pair.speakers.map(speaker => speaker.established)
        pair.run(120_000)
        assert.deepEqual(
          pair.speakers.map(speaker => speaker.established),
          before,
        )
      }),
      { numRuns: 100 },
    )
    assert.ok(collisions > 50, `${collisions}`)
  })

  it('find each other again after a stop, a change and a failure', () => {
    const pair = pairOf({ seed: 1, lateMs: 0, latencyMs: 20, routerIds: [10, 20], modes: ['both', 'both'] })
    const [first, second] = pair.speakers
    const again = () => {
      pair.run(10_000)
      assert.ok(pair.session)
    }
    again()
    first.step({ type: 'stop', reason: { type: 'shutdown', communication: 'moved' } })
    pair.run(100)
    assert.equal(
      second.peer.lastError?.text,
      'the peer said: cease, hard reset (cease, administrative shutdown: "moved")',
    )
    first.step({ type: 'start' })
    again()
    const { config } = second.peer.settings
    second.step({ type: 'configure', config: { ...config, password: 'new' }, routerId: 20 })
    assert.equal(second.established, undefined)
    again()
    first.step({ type: 'bfd', state: 'up' })
    first.step({ type: 'bfd', state: 'down' })
    assert.equal(pair.session, undefined)
    again()
  })
})
