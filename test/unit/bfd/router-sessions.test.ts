import assert from 'node:assert/strict'
import { decodeControlPacket, encodeControlPacket, SessionState } from '../../../src/bfd/packet.ts'
import { pathKey, type RouterPath, receiverName } from '../../../src/bfd/router-path.ts'
import type { RouterSessionConfig } from '../../../src/bfd/router-session.ts'
import { RouterSessions, type RouterSessionsAction } from '../../../src/bfd/router-sessions.ts'
import type { Arrival } from '../../../src/bfd/session-set.ts'
import { type Address, formatAddress } from '../../../src/ip/address.ts'
import { address } from '../../support/addresses.ts'
import { FakeNetwork, type NetworkEnd, seededRandom } from '../../support/bfd/network.ts'
import { routerSession } from '../../support/bfd/router-session.ts'

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

  describe('which session a packet belongs to', () => {
    const eth0 = new Map([
      ['eth0', 2],
      ['eth1', 3],
    ])
    const near = { source: there, ttl: 255, socket: 'singleHop 4', interfaceIndex: 2 }
    const far = { source: there, ttl: 254, socket: 'multihop 4', interfaceIndex: 2 }
    const cases: { name: string; config: Partial<RouterSessionConfig>; arrival: Arrival; reason?: string }[] = [
      { name: 'single hop', config: {}, arrival: near },
      {
        name: 'single hop through a router (RFC 5881 §5)',
        config: {},
        arrival: { ...near, ttl: 254 },
        reason: 'ttlTooLow',
      },
      { name: 'TTL not known', config: {}, arrival: { ...near, ttl: -1 }, reason: 'ttlTooLow' },
      { name: 'multihop', config: { multihop: true }, arrival: far },
      {
        name: 'multihop, too far (RFC 5883 §5)',
        config: { multihop: true, minimumTtl: 255 },
        arrival: far,
        reason: 'ttlTooLow',
      },
      { name: 'another address', config: {}, arrival: { ...near, source: here }, reason: 'unknownSource' },
      { name: 'multihop for single hop', config: {}, arrival: far, reason: 'unknownSource' },
      { name: 'single hop for multihop', config: { multihop: true }, arrival: near, reason: 'unknownSource' },
      { name: 'the interface', config: { interface: 'eth0' }, arrival: near },
      { name: 'another interface', config: { interface: 'eth1' }, arrival: near, reason: 'unknownSource' },
      { name: 'an interface that is not there', config: { interface: 'eth9' }, arrival: near, reason: 'unknownSource' },
      { name: 'to the address', config: { localAddress: here }, arrival: { ...near, destination: here } },
      {
        name: 'to another address',
        config: { localAddress: here },
        arrival: { ...near, destination: there },
        reason: 'unknownSource',
      },
      { name: 'the VRF', config: { vrf: 'blue' }, arrival: { ...near, socket: 'singleHop 4 blue' } },
      { name: 'another VRF', config: { vrf: 'blue' }, arrival: near, reason: 'unknownSource' },
    ]
    for (const { name, config, arrival, reason } of cases) {
      it(`${name}: ${reason ?? 'taken'}`, () => {
        const sessions = new RouterSessions({ random: seededRandom(3) })
        sessions.setInterfaces(eth0)
        sessions.setSessions([routerSession('192.0.2.254', config)], 0)
        sessions.receive(fromRouter(0, down), arrival, 1)
        assert.deepEqual(sessions.dropped, reason === undefined ? {} : { [reason]: 1 })
        assert.equal([...sessions.sessions()][0]?.state, reason === undefined ? 'Init' : 'Down')
      })
    }

    it('takes for a session only what comes its way, whatever it names', () => {
      const sessions = new RouterSessions({ random: seededRandom(3) })
      sessions.setInterfaces(eth0)
      const mine = discriminatorOf(sessions.setSessions([routerSession('192.0.2.254', { interface: 'eth0' })], 0))
      for (const wrong of [
        { ...near, interfaceIndex: 3 },
        { ...near, socket: 'multihop 4' },
      ]) {
        sessions.receive(fromRouter(mine, init), wrong, 1)
      }
      assert.deepEqual(sessions.dropped, { wrongPath: 2 })
      sessions.receive(fromRouter(mine, init), near, 1)
      assert.equal([...sessions.sessions()][0]?.state, 'Up')
    })

    it('prefers the session that is bound to the interface', () => {
      const sessions = new RouterSessions({ random: seededRandom(3) })
      sessions.setInterfaces(eth0)
      const configs = [{ id: 'any' }, { id: 'bound', interface: 'eth0' }, { id: 'elsewhere', interface: 'eth1' }]
      sessions.setSessions(
        configs.map(parts => routerSession('192.0.2.254', parts)),
        0,
      )
      sessions.receive(fromRouter(0, down), near, 1)
      assert.deepEqual(statesOf(sessions), ['any Down', 'bound Init', 'elsewhere Down'])
    })
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

  it('names paths and sockets so that different ones have different names', () => {
    const paths: RouterPath[] = [
      { address: there, multihop: false },
      { address: there, multihop: true },
      { address: there, multihop: false, interface: 'eth0' },
      { address: there, multihop: false, vrf: 'eth0' },
      { address: address('fe80::1'), multihop: false, vrf: 'eth0' },
    ]
    assert.equal(new Set(paths.map(pathKey)).size, paths.length)
    assert.deepEqual(paths.map(receiverName), [
      'singleHop 4',
      'multihop 4',
      'singleHop 4',
      'singleHop 4 eth0',
      'singleHop 6 eth0',
    ])
  })
})

function fast(intervalMs: number): Partial<RouterSessionConfig> {
  return { transmitIntervalMs: intervalMs, receiveIntervalMs: intervalMs }
}

function statesOf(sessions: RouterSessions): string[] {
  return [...sessions.sessions()].map(({ id, state }) => `${id} ${state}`)
}

function sends(actions: readonly RouterSessionsAction[]) {
  return actions.filter(action => action.type === 'send')
}

function decoded(payload: Uint8Array) {
  const result = decodeControlPacket(payload)
  assert.ok('packet' in result)
  return result.packet
}

function discriminatorOf(actions: readonly RouterSessionsAction[]): number {
  return decoded(sends(actions)[0]!.payload).myDiscriminator
}

/** What a router says, 100 ms × 3. */
function fromRouter(
  yourDiscriminator: number,
  state: SessionState,
  flags: { demand?: boolean; poll?: boolean; final?: boolean } = {},
): Uint8Array {
  return encodeControlPacket({
    diagnostic: 0,
    state,
    poll: false,
    final: false,
    demand: false,
    ...flags,
    controlPlaneIndependent: false,
    authenticationPresent: false,
    detectMultiplier: 3,
    myDiscriminator: 77,
    yourDiscriminator,
    desiredMinTxIntervalUs: 100_000,
    requiredMinRxIntervalUs: 100_000,
    requiredMinEchoRxIntervalUs: 0,
  })
}
