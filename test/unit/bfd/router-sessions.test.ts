import assert from 'node:assert/strict'
import { SessionState } from '../../../src/bfd/packet.ts'
import { receiverName } from '../../../src/bfd/router-path.ts'
import type { RouterSessionConfig } from '../../../src/bfd/router-session.ts'
import { RouterSessions, type RouterSessionsAction } from '../../../src/bfd/router-sessions.ts'
import { type Address, formatAddress } from '../../../src/ip/address.ts'
import { address } from '../../support/addresses.ts'
import { FakeNetwork, type NetworkEnd, seededRandom } from '../../support/bfd/network.ts'
import {
  decoded,
  discriminatorOf,
  fromRouter,
  routerSession,
  sends,
  statesOf,
} from '../../support/bfd/router-session.ts'

const here = address('192.0.2.1')
const there = address('192.0.2.254')
const { down, init, up, adminDown } = SessionState

/** One end of a session with the other, on the simulated network. */
class End implements NetworkEnd {
  readonly address: Address
  readonly sessions: RouterSessions
  readonly config: RouterSessionConfig
  ttl = 255

  constructor(own: Address, peer: Address, parts: Partial<RouterSessionConfig>, seed: number) {
    this.address = own
    this.sessions = new RouterSessions({ random: seededRandom(seed) })
    this.config = routerSession(formatAddress(peer), parts)
  }

  get dueMs(): number | undefined {
    return this.sessions.dueMs
  }

  get state(): string | undefined {
    return [...this.sessions.sessions()][0]?.state
  }

  receive(payload: Uint8Array, source: Address, nowMs: number): readonly unknown[] {
    const arrival = { source, ttl: this.ttl, socket: receiverName(this.config) }
    return asSent(this.sessions.receive(payload, arrival, nowMs))
  }

  timer(nowMs: number): readonly unknown[] {
    return asSent(this.sessions.timer(nowMs))
  }

  set(configs: readonly RouterSessionConfig[], nowMs: number): readonly unknown[] {
    return asSent(this.sessions.setSessions(configs, nowMs))
  }
}

function asSent(actions: readonly RouterSessionsAction[]): unknown[] {
  return actions.map(action => (action.type === 'send' ? { ...action, address: action.path.address } : action))
}

function pair(a: Partial<RouterSessionConfig> = {}, b: Partial<RouterSessionConfig> = {}, network = {}) {
  const log: string[] = []
  const ends = { a: new End(here, there, a, 1), b: new End(there, here, b, 2) }
  const wire = new FakeNetwork({
    ends: Object.values(ends),
    onAction: (end, _, nowMs) => log.push(`${Math.round(nowMs)} ${end === ends.a ? 'a' : 'b'} ${(end as End).state}`),
    ...network,
  })
  for (const end of Object.values(ends)) wire.take(end, end.set([end.config], 0))
  return { ...ends, wire, log }
}

describe('RouterSessions', () => {
  const pairs: { name: string; a?: Partial<RouterSessionConfig>; b?: Partial<RouterSessionConfig> }[] = [
    { name: 'single hop' },
    { name: 'multihop', a: { multihop: true }, b: { multihop: true } },
    { name: 'one end passive', a: { passive: true } },
    { name: '10 ms × 3', a: fast(10), b: fast(10) },
    {
      name: '10 ms × 2 with 300 ms × 255',
      a: { ...fast(10), detectMultiplier: 2 },
      b: { ...fast(300), detectMultiplier: 255 },
    },
    { name: 'a minute', a: fast(60_000), b: fast(60_000) },
  ]
  for (const { name, a, b } of pairs) {
    it(`comes up and stays up: ${name}`, () => {
      const { a: one, b: other, wire, log } = pair(a, b)
      wire.run(200_000)
      assert.deepEqual([one.state, other.state], ['Up', 'Up'])
      assert.deepEqual(log.filter(line => line.endsWith('Up')).length, 2, log.join(', '))
      assert.deepEqual([one.sessions.dropped, other.sessions.dropped], [{}, {}])
    })
  }

  it('neither of two passive ends speaks', () => {
    const { wire } = pair({ passive: true }, { passive: true })
    wire.run(10_000)
    assert.equal(wire.packets, 0)
  })

  it('sends as often as both agreed, and says so in the packets', () => {
    const { wire, b } = pair(fast(10), { transmitIntervalMs: 50, receiveIntervalMs: 20 })
    wire.run(5_000)
    const before = [...b.sessions.counters()][0]!
    wire.run(15_000)
    const after = [...b.sessions.counters()][0]!
    // 75 to 100 % of 20 ms, of 50 ms
    const received = after.packetsReceived - before.packetsReceived
    const sent = after.packetsSent - before.packetsSent
    assert.ok(received >= 500 && received <= 667, `${received} received`)
    assert.ok(sent >= 200 && sent <= 267, `${sent} sent`)
  })

  it('notices in 30 ms and the grace that a peer of 10 ms × 3 is silent', () => {
    let cutAtMs = Number.POSITIVE_INFINITY
    const { wire, log } = pair(fast(10), fast(10), {
      loses: (_: unknown, __: unknown, nowMs: number) => nowMs >= cutAtMs,
    })
    wire.run(10_000)
    cutAtMs = 10_000
    log.length = 0
    wire.run(10_040)
    assert.deepEqual(log.map(line => line.replace(/^\d+ /, '')).sort(), ['a Down', 'b Down'])
    assert.ok(
      log.every(line => Number.parseInt(line, 10) >= 10_020),
      log.join(', '),
    )
  })

  it('tells new intervals by a Poll Sequence, without going down', () => {
    const { a, b, wire, log } = pair()
    wire.run(10_000)
    log.length = 0
    wire.take(a, a.set([{ ...a.config, ...fast(10), detectMultiplier: 5 }], 10_000))
    wire.run(20_000)
    wire.take(b, b.set([{ ...b.config, ...fast(400) }], 20_000))
    wire.run(40_000)
    assert.deepEqual(log, [])
    assert.deepEqual([a.state, b.state], ['Up', 'Up'])
  })

  it('becomes passive or active without going down', () => {
    const { a, wire, log } = pair()
    wire.run(10_000)
    log.length = 0
    wire.take(a, a.set([{ ...a.config, passive: true }], 10_000))
    wire.run(20_000)
    wire.take(a, a.set([a.config], 20_000))
    wire.run(30_000)
    assert.deepEqual(log, [])
  })

  it('changes the address that it sends from without going down', () => {
    const { a, wire, log } = pair({ multihop: true }, { multihop: true })
    wire.run(10_000)
    log.length = 0
    a.sessions.setSessions([{ ...a.config, localAddress: here }], 10_000)
    const [sent] = sends(a.sessions.timer(a.dueMs!))
    assert.deepEqual(sent?.path.localAddress, here)
    wire.run(20_000)
    assert.deepEqual(log, [])
  })

  it('says AdminDown when it is wanted no more: no failure to the other end, now or later', () => {
    const { a, b, wire } = pair()
    wire.run(10_000)
    wire.take(a, a.set([], 10_000))
    assert.deepEqual([...a.sessions.sessions()], [])
    wire.run(10_001)
    assert.equal(b.state, 'AdminDown')
    wire.run(60_000)
    assert.equal(b.state, 'AdminDown', 'its silence is no failure either')
    assert.equal(a.sessions.paths.size, 0)
    wire.take(a, a.set([a.config], 60_000))
    wire.run(70_000)
    assert.deepEqual([a.state, b.state], ['Up', 'Up'])
    assert.deepEqual(
      [...b.sessions.counters()],
      [{ ...[...b.sessions.counters()][0]!, up: true, upEvents: 2, downEvents: 1 }],
    )
  })

  it('comes back at once when it is wanted again while it says goodbye', () => {
    const { a, b, wire } = pair()
    wire.run(10_000)
    wire.take(a, a.set([], 10_000))
    wire.run(10_100)
    wire.take(a, a.set([a.config], 10_100))
    assert.deepEqual(
      [...a.sessions.sessions()].map(({ state, diagnostic }) => `${state}: ${diagnostic}`),
      ['Down: administratively down'],
    )
    wire.run(14_000)
    assert.deepEqual([a.state, b.state], ['Up', 'Up'])
  })

  it('says AdminDown to all at the end', () => {
    const { a, b, wire } = pair()
    wire.run(10_000)
    wire.take(a, asSent(a.sessions.adminDown(10_000)))
    wire.run(10_001)
    assert.equal(b.state, 'AdminDown')
  })

  it('is silent in Demand mode while both are up, but for Polls', () => {
    const sessions = new RouterSessions({ random: seededRandom(3) })
    const mine = discriminatorOf(sessions.setSessions([routerSession('192.0.2.254')], 0))
    const arrival = { source: there, ttl: 255, socket: 'singleHop 4' }
    sessions.receive(fromRouter(mine, init), arrival, 0)
    sessions.receive(fromRouter(mine, up, { demand: true, final: true }), arrival, 1)
    assert.equal([...sessions.sessions()][0]?.state, 'Up')
    assert.deepEqual(sends(sessions.timer(250)), [])
    const [answer, ...more] = sends(sessions.receive(fromRouter(mine, up, { demand: true, poll: true }), arrival, 260))
    assert.deepEqual(more, [])
    assert.equal(decoded(answer!.payload).final, true)
  })

  it('refuses Echo, and asks for no Demand mode', () => {
    const [first] = sends(
      new RouterSessions({ random: seededRandom(3) }).setSessions([routerSession('192.0.2.254')], 0),
    )
    const { requiredMinEchoRxIntervalUs, demand, authenticationPresent } = decoded(first!.payload)
    assert.deepEqual([requiredMinEchoRxIntervalUs, demand, authenticationPresent], [0, false, false])
  })

  it('sends on the interface that it is bound to, and nothing while there is none', () => {
    const sessions = new RouterSessions({ random: seededRandom(3) })
    const config = routerSession('fe80::1', { interface: 'eth0' })
    assert.deepEqual(sends(sessions.setSessions([config], 0)), [])
    sessions.setInterfaces(new Map([['eth0', 7]]))
    const [sent] = sends(sessions.timer(1_000))
    assert.deepEqual([sent?.interfaceIndex, sent?.path.address], [7, address('fe80::1')])
  })

  it('keeps one session for peers at the same place, as the router does, and tells all of it', () => {
    const sessions = new RouterSessions({ random: seededRandom(3) })
    const configs = ['a', 'b'].map(id => routerSession('192.0.2.254', { id }))
    const first = sessions.setSessions(configs, 0)
    assert.equal(sends(first).length, 1)
    assert.equal(sessions.paths.size, 1)
    const arrival = { source: there, ttl: 255, socket: 'singleHop 4' }
    sessions.receive(fromRouter(discriminatorOf(first), init), arrival, 1)
    assert.deepEqual(statesOf(sessions), ['a Up', 'b Up'])
    sessions.setSessions(configs.slice(1), 2)
    assert.deepEqual(statesOf(sessions), ['b Up'])
    assert.deepEqual(
      [...sessions.counters()].map(({ id, upEvents, packetsReceived }) => [id, upEvents, packetsReceived]),
      [['b', 1, 1]],
    )
  })

  it('says that something changed, and only then', () => {
    const sessions = new RouterSessions({ random: seededRandom(3) })
    const changes = (actions: readonly RouterSessionsAction[]) =>
      actions.filter(({ type }) => type === 'changed').length
    const one = routerSession('192.0.2.254')
    const first = sessions.setSessions([one], 0)
    assert.equal(changes(first), 1)
    assert.equal(changes(sessions.setSessions([one], 1)), 0)
    assert.equal(changes(sessions.setSessions([{ ...one, transmitIntervalMs: 50 }], 1)), 0)
    const arrival = { source: there, ttl: 255, socket: 'singleHop 4' }
    const mine = discriminatorOf(first)
    assert.equal(changes(sessions.receive(fromRouter(mine, down), arrival, 1)), 1)
    assert.equal(changes(sessions.receive(fromRouter(mine, init), arrival, 2)), 1)
    assert.equal(changes(sessions.receive(fromRouter(mine, up), arrival, 3)), 0)
    assert.equal(changes(sessions.receive(fromRouter(mine, adminDown), arrival, 4)), 1)
    assert.equal(changes(sessions.setSessions([], 5)), 1)
  })
})

function fast(intervalMs: number): Partial<RouterSessionConfig> {
  return { transmitIntervalMs: intervalMs, receiveIntervalMs: intervalMs }
}
