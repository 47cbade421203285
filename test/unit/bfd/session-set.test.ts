import assert from 'node:assert/strict'
import { SessionState } from '../../../src/bfd/packet.ts'
import type { SessionSetAction } from '../../../src/bfd/session-set.ts'
import {
  discriminatorOf,
  elsewhere,
  fromPeer,
  here,
  key,
  makeSet,
  pair,
  singleHop,
  there,
} from './session-set-scene.ts'

describe('BFD session set', () => {
  it('takes the TTL that the profile allows', () => {
    const set = makeSet()
    set.setPeers(new Map([['peer', { ...singleHop, minimumTtl: 200 }]]), 0)
    assert.equal(set.receive(fromPeer(0, SessionState.down), { source: there, ttl: 200 }, 1).length, 2)
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
})
