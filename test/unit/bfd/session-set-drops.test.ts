import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodeControlPacket, SessionState } from '../../../src/bfd/packet.ts'
import type { BfdDropReason, PeerConfig, SessionSet } from '../../../src/bfd/session-set.ts'
import type { Address } from '../../../src/ip/address.ts'
import { discriminatorOf, elsewhere, fromPeer, here, key, makeSet, singleHop, there } from './session-set-scene.ts'

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
