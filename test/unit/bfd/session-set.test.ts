import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Authentication, AuthenticationType } from '../../../src/bfd/authentication.ts'
import { decodeControlPacket, encodeControlPacket, SessionState } from '../../../src/bfd/packet.ts'
import {
  type BfdDropReason,
  type PeerConfig,
  SessionSet,
  type SessionSetAction,
  type SessionSetInit,
} from '../../../src/bfd/session-set.ts'
import { type Address, parseAddress } from '../../../src/ip/address.ts'
import { FakeNetwork, type NetworkEnd, seededRandom } from '../../support/bfd/network.ts'

const here = parseAddress('192.0.2.1')!
const there = parseAddress('192.0.2.2')!
const elsewhere = parseAddress('192.0.2.99')!

const singleHop: PeerConfig = {
  addresses: [there],
  role: 'active',
  desiredMinTxIntervalMs: 100,
  requiredMinRxIntervalMs: 100,
  detectMultiplier: 3,
  minimumTtl: 255,
}

const key = (text: string) =>
  new Authentication({
    type: AuthenticationType.meticulousKeyedSha1,
    keyId: 1,
    key: new TextEncoder().encode(text),
  })

function makeSet(init: Partial<SessionSetInit> = {}, seed = 1): SessionSet {
  return new SessionSet(
    { random: seededRandom(seed) },
    { peerOf: ({ source }) => (source.value === there.value ? 'peer' : undefined), ...init },
  )
}

class End implements NetworkEnd {
  readonly address: Address
  readonly set: SessionSet
  readonly ttl = 255

  constructor(address: Address, peer: PeerConfig, seed: number) {
    this.address = address
    this.set = new SessionSet({ random: seededRandom(seed) }, { peerOf: () => 'peer' })
    this.peer = peer
  }

  readonly peer: PeerConfig

  get dueMs(): number | undefined {
    return this.set.dueMs
  }

  get state(): SessionState | undefined {
    return this.set.session('peer')?.state
  }

  start(nowMs: number): readonly SessionSetAction[] {
    return this.set.setPeers(new Map([['peer', this.peer]]), nowMs)
  }

  receive(payload: Uint8Array, source: Address, nowMs: number): readonly SessionSetAction[] {
    return this.set.receive(payload, { source, ttl: this.ttl }, nowMs)
  }

  timer(nowMs: number): readonly SessionSetAction[] {
    return this.set.timer(nowMs)
  }
}

/** Two ends that keep one session with each other. */
function pair(
  init: { a?: Partial<PeerConfig>; b?: Partial<PeerConfig>; seed?: number },
  network: Omit<ConstructorParameters<typeof FakeNetwork>[0], 'ends'> = {},
) {
  const seed = init.seed ?? 1
  const a = new End(here, { ...singleHop, addresses: [there], ...init.a }, seed)
  const b = new End(there, { ...singleHop, addresses: [here], ...init.b }, seed + 1)
  const wire = new FakeNetwork({ ends: [a, b], ...network })
  wire.take(a, a.start(0))
  wire.take(b, b.start(0))
  return { a, b, wire }
}

/** What a peer might send: to our discriminator, or to none. */
function fromPeer(yourDiscriminator: number, state: SessionState, authentication?: Authentication): Uint8Array {
  const bytes = encodeControlPacket(
    {
      diagnostic: 0,
      state,
      poll: false,
      final: false,
      controlPlaneIndependent: false,
      authenticationPresent: authentication !== undefined,
      demand: false,
      detectMultiplier: 3,
      myDiscriminator: 5,
      yourDiscriminator,
      desiredMinTxIntervalUs: 100_000,
      requiredMinRxIntervalUs: 100_000,
      requiredMinEchoRxIntervalUs: 0,
    },
    28,
  )
  authentication?.sign(bytes, { transmitted: 0, received: undefined })
  return bytes
}

function discriminatorOf(actions: readonly SessionSetAction[]): number {
  for (const action of actions) {
    if (action.type !== 'send') continue
    const decoded = decodeControlPacket(action.payload)
    if ('packet' in decoded) return decoded.packet.myDiscriminator
  }
  throw new Error('nothing was sent')
}

describe('BFD session set', () => {
  describe('drops, counts and names (RFC 5880 §6.8.6)', () => {
    const { down, up, adminDown } = SessionState
    const secret = key('one')
    const cases: {
      reason: BfdDropReason
      what: string
      peer?: Partial<PeerConfig>
      source?: Address
      ttl?: number
      payload(discriminator: number): Uint8Array
    }[] = [
      { reason: 'truncated', what: 'nothing', payload: () => new Uint8Array(0) },
      { reason: 'unknownDiscriminator', what: "another's session", payload: mine => fromPeer(mine ^ 1, up) },
      { reason: 'unknownSource', what: 'a stranger', source: elsewhere, payload: () => fromPeer(0, down) },
      { reason: 'ttlTooLow', what: 'one hop too many (RFC 5881 §5)', ttl: 254, payload: mine => fromPeer(mine, up) },
      { reason: 'ttlTooLow', what: 'an unknown TTL', ttl: -1, payload: mine => fromPeer(mine, up) },
      {
        reason: 'ttlTooLow',
        what: 'several hops too many (RFC 5883 §5)',
        peer: { minimumTtl: 200 },
        ttl: 199,
        payload: mine => fromPeer(mine, up),
      },
      {
        reason: 'unexpectedAuthentication',
        what: 'a key where there is none',
        payload: mine => fromPeer(mine, up, secret),
      },
      {
        reason: 'missingAuthentication',
        what: 'no key where there is one',
        peer: { authentication: secret },
        payload: mine => fromPeer(mine, up),
      },
      {
        reason: 'wrongDigest',
        what: 'another key',
        peer: { authentication: secret },
        payload: mine => fromPeer(mine, up, key('other')),
      },
      {
        reason: 'noSession',
        what: 'a goodbye without a session',
        peer: { role: 'passive' },
        payload: () => fromPeer(0, adminDown),
      },
    ]
    for (const { reason, what, peer, source, ttl, payload } of cases) {
      it(`${what}: ${reason}`, () => {
        const set = makeSet()
        const actions = set.setPeers(new Map([['peer', { ...singleHop, ...peer }]]), 0)
        const mine = actions.length > 0 ? discriminatorOf(actions) : 0
        const before = set.session('peer')
        assert.deepEqual(set.receive(payload(mine), { source: source ?? there, ttl: ttl ?? 255 }, 1), [])
        assert.deepEqual(set.dropped, { [reason]: 1 })
        assert.deepEqual(set.session('peer'), before)
      })
    }

    it('keeps no session for a stranger who merely pretends to be a passive peer', () => {
      const set = makeSet()
      set.setPeers(new Map([['peer', { ...singleHop, role: 'passive', authentication: secret }]]), 0)
      set.receive(fromPeer(0, SessionState.down, key('other')), { source: there, ttl: 255 }, 1)
      assert.equal(set.size, 0)
    })

    it('makes no more sessions than allowed', () => {
      const set = makeSet({ maxSessions: 1, peerOf: ({ source }) => String(source.value) })
      const addresses = [here, there]
      const config = (address: Address): PeerConfig => ({ ...singleHop, role: 'passive', addresses: [address] })
      set.setPeers(new Map(addresses.map(address => [String(address.value), config(address)])), 0)
      for (const source of addresses) set.receive(fromPeer(0, SessionState.down), { source, ttl: 255 }, 1)
      assert.equal(set.size, 1)
      assert.deepEqual(set.dropped, { tooManySessions: 1 })
    })
  })

  it('takes the TTL that the profile allows', () => {
    const set = makeSet()
    set.setPeers(new Map([['peer', { ...singleHop, minimumTtl: 200 }]]), 0)
    assert.equal(set.receive(fromPeer(0, SessionState.down), { source: there, ttl: 200 }, 1).length, 2)
  })

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

  it('restarts a session when its key changes, and says so', () => {
    const set = makeSet()
    const first = set.setPeers(new Map([['peer', singleHop]]), 0)
    set.receive(fromPeer(discriminatorOf(first), SessionState.init), { source: there, ttl: 255 }, 1)
    assert.equal(set.session('peer')?.state, SessionState.up)
    const actions = set.setPeers(new Map([['peer', { ...singleHop, authentication: key('new') }]]), 2)
    assert.deepEqual(
      actions.map(({ type }) => type),
      ['state', 'send'],
    )
    assert.notEqual(discriminatorOf(actions), discriminatorOf(first))
  })

  it('tells a peer that is given up, and forgets it', () => {
    const { a, b, wire } = pair({ b: { role: 'passive' } })
    wire.run(1000)
    wire.take(a, a.set.setPeers(new Map(), 1000))
    wire.run(1001)
    assert.equal(b.state, SessionState.down)
    wire.run(3000)
    assert.equal(a.set.size, 0)
    assert.equal(a.set.dueMs, undefined)
    wire.run(32_000)
    assert.equal(b.set.size, 0)
  })

  it('sends to where the peer speaks from, if that is one of its addresses', () => {
    const set = makeSet({ peerOf: () => 'peer' })
    const config = { ...singleHop, addresses: [here, there] }
    const mine = discriminatorOf(set.setPeers(new Map([['peer', config]]), 0))
    const sentTo = (actions: readonly SessionSetAction[]) =>
      actions.flatMap(action => (action.type === 'send' ? [action.address] : []))
    const { down, init } = SessionState
    assert.deepEqual(sentTo(set.receive(fromPeer(mine, down), { source: there, ttl: 255 }, 1)), [there])
    assert.deepEqual(sentTo(set.receive(fromPeer(mine, init), { source: elsewhere, ttl: 255 }, 2)), [there])
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

  it('survives any bytes: no exception, no session for a stranger, no answer to what is malformed', function () {
    this.timeout(600_000)
    const authentication = key('fuzz')
    const plain = makeSet()
    const keyed = makeSet({}, 2)
    const mine = discriminatorOf(plain.setPeers(new Map([['peer', singleHop]]), 0))
    const keyedMine = discriminatorOf(keyed.setPeers(new Map([['peer', { ...singleHop, authentication }]]), 0))
    const seeds = [
      fromPeer(0, SessionState.down),
      fromPeer(mine, SessionState.init),
      fromPeer(mine, SessionState.up),
      fromPeer(keyedMine, SessionState.up, authentication),
    ]
    const mutated = fc
      .tuple(fc.nat(seeds.length - 1), fc.array(fc.tuple(fc.nat(55), fc.nat(255)), { maxLength: 4 }))
      .map(([index, changes]) => {
        const bytes = seeds[index]!.slice()
        for (const [offset, value] of changes) if (offset < bytes.length) bytes[offset] = value
        return bytes
      })
    let nowMs = 0
    let taken = 0
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 60 }), mutated),
        fc.integer({ min: -1, max: 255 }),
        (bytes, ttl) => {
          nowMs += 1
          for (const set of [plain, keyed]) {
            const before = total(set)
            const actions = set.receive(bytes, { source: there, ttl: ttl > 250 ? 255 : ttl }, nowMs)
            const dropped = total(set) > before
            if (!dropped) taken++
            if (dropped) assert.equal(actions.length, 0)
            if ('problem' in decodeControlPacket(bytes)) assert.ok(dropped)
            assert.equal(set.size, 1)
            set.timer(nowMs)
          }
        },
      ),
      { numRuns: Number(process.env.HERALD_RUNS ?? 50_000) },
    )
    assert.ok(taken > 0)
  })
})

function total(set: SessionSet): number {
  let sum = 0
  for (const count of Object.values(set.dropped)) sum += count
  return sum
}
