import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Message } from '../../../../src/bgp/message.ts'
import type { ConnectionId, TimerName } from '../../../../src/bgp/peer/actions.ts'
import type { PeerEvent } from '../../../../src/bgp/peer/events.ts'
import type { PeerConfig } from '../../../../src/bgp/peer-config.ts'
import { peerConfig, peerOpen, peerSettings, restartCapability } from '../session/samples.ts'
import { PeerScene } from './peer-scene.ts'

/** What may happen next; where it is about a connection or a timer, `pick` chooses among those there are, and those that are over. */
type Happening =
  | { readonly what: 'event'; readonly event: PeerEvent }
  | {
      readonly what: 'connected' | 'failed' | 'closed' | 'timer' | 'accepted' | 'stuck' | 'error'
      readonly pick: number
    }
  | { readonly what: 'message'; readonly pick: number; readonly message: Message }

const none = new Uint8Array(0)
const modes = fc.constantFrom<PeerConfig['mode']>('active', 'passive', 'both')
const changes = fc.record({
  mode: modes,
  gracefulRestart: fc.boolean(),
  holdTimeSeconds: fc.constantFrom(0, 3, 90),
  connectRetrySeconds: fc.constantFrom(1, 120),
})
const routerIds = fc.constantFrom(10, 20, 30)
const stops = fc.constantFrom('shutdown', 'deconfigured', 'reset', 'gracefulRestart')

const messages = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Message>(peerOpen()) },
  { weight: 2, arbitrary: fc.constant<Message>(peerOpen({ capabilities: [restartCapability], holdTimeSeconds: 0 })) },
  { weight: 1, arbitrary: fc.constant<Message>(peerOpen({ asNumber: 64999 })) },
  { weight: 8, arbitrary: fc.constant<Message>({ type: 'keepalive' }) },
  { weight: 1, arbitrary: fc.constant<Message>({ type: 'update', withdrawn: [], attributes: {}, announced: [] }) },
  { weight: 1, arbitrary: fc.constant<Message>({ type: 'routeRefresh', afi: 1, safi: 1, subtype: 0 }) },
  { weight: 1, arbitrary: fc.constant<Message>({ type: 'notification', code: 6, subcode: 7, data: none }) },
)

const pick = fc.nat(99)
const happenings: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ what: fc.constant('connected' as const), pick }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('accepted' as const), pick }) },
  { weight: 16, arbitrary: fc.record({ what: fc.constant('message' as const), pick, message: messages }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('timer' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constantFrom('failed' as const, 'closed', 'stuck', 'error'), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('event' as const),
      event: fc.oneof(
        fc.record({ type: fc.constant('start' as const), restarting: fc.boolean() }),
        stops.map(type => ({ type: 'stop', reason: { type } }) as const),
        fc.record({ type: fc.constant('bfd' as const), state: fc.constantFrom('up' as const, 'down', 'adminDown') }),
        fc.tuple(changes, routerIds).map(([change, routerId]) => {
          return { type: 'configure', config: peerConfig(change), routerId } as const
        }),
      ),
    }),
  },
)

/** A scene that also remembers what is over, so that late events come. */
class RandomScene extends PeerScene {
  readonly #known: ConnectionId[] = ['outgoing-1']
  readonly #timers: TimerName[] = ['idleHold', 'stable', 'connectRetry']
  #accepted = 0
  establishments = 0

  happen(happening: Happening): void {
    const before = this.established
    this.#happen(happening)
    if (this.established && this.established !== before) this.establishments++
    for (const id of this.connections.keys()) if (!this.#known.includes(id)) this.#known.push(id)
    for (const name of this.timers.keys()) if (!this.#timers.includes(name)) this.#timers.push(name)
  }

  #happen(happening: Happening): void {
    if (happening.what === 'event') {
      this.step(happening.event)
      return
    }
    if (happening.what === 'accepted') {
      this.accept(`accepted-${++this.#accepted}`)
      return
    }
    if (happening.what === 'timer') {
      this.step({ type: 'timer', timer: chosen(happening.pick, [...this.timers.keys()], this.#timers) })
      return
    }
    const connection = chosen(happening.pick, [...this.connections.keys()], this.#known)
    const state = this.connections.get(connection)
    const cause = 'by chance'
    // A driver tells of a connection in this order: made or failed, then used, then gone; of one that is closed it may tell late.
    switch (happening.what) {
      case 'connected':
        if (state !== 'open') this.connect(connection)
        break
      case 'failed':
        if (state !== 'open') this.step({ type: 'tcpFailed', connection, cause })
        break
      case 'closed':
        if (state !== 'dialling') this.step({ type: 'tcpClosed', connection, cause })
        break
      case 'stuck':
        if (state !== 'dialling') this.step({ type: 'sendHoldTimer', connection })
        break
      case 'error':
        if (state !== 'dialling') this.error(connection, { code: 1, subcode: 3, data: none, reason: cause })
        break
      case 'message':
        if (state !== 'dialling') this.message(connection, happening.message)
    }
  }
}

/** Mostly one of those there are. */
function chosen<T>(pick: number, present: readonly T[], known: readonly T[]): T {
  const from = present.length > 0 && pick < 90 ? present : known
  return from[pick % from.length]!
}

describe('a BGP peer in the course of chance', () => {
  it('leaves nothing behind, sends nothing after a close, and never has two sessions', function () {
    this.timeout(20_000)
    const seen = { establishments: 0, holds: 0, twoConnections: 0 }
    fc.assert(
      fc.property(
        changes,
        routerIds,
        fc.array(happenings, { maxLength: 120, size: 'max' }),
        (change, routerId, course) => {
          const scene = new RandomScene(peerSettings(change, routerId))
          scene.step({ type: 'start' })
          for (const happening of course) {
            scene.happen(happening)
            if (scene.peer.holding) seen.holds++
            if (scene.connections.size === 2) seen.twoConnections++
          }
          seen.establishments += scene.establishments
          scene.step({ type: 'stop', reason: { type: 'shutdown' } })
          assert.deepEqual([...scene.timers.keys(), ...scene.connections.keys(), scene.established], [undefined])
        },
      ),
      { numRuns: 400 },
    )
    // Chance has been where it matters.
    for (const [what, count] of Object.entries(seen)) assert.ok(count > 50, `${what}: ${count}`)
  })
})
