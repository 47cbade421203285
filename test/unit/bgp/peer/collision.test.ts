import assert from 'node:assert/strict'
import type { PeerConfig } from '../../../../src/bgp/peer-config.ts'
import { peerSettings, restartCapability } from '../session/samples.ts'
import { PeerScene } from './peer-scene.ts'

/** Both ends have called: this one is of identifier 10, the peer of 20. */
function collision(changes: Partial<PeerConfig> = {}, routerId = 10): PeerScene {
  const scene = new PeerScene(peerSettings({ mode: 'both', ...changes }, routerId))
  scene.step({ type: 'start' })
  scene.connect('outgoing-1')
  scene.accept('accepted-1')
  return scene
}

/** What a dump of a connection looks like, from the state it is in. */
function dumped(connection: string, state: 'OpenSent' | 'OpenConfirm'): string[] {
  const keepalive = state === 'OpenConfirm' ? [`clear keepalive ${connection}`] : []
  return [`clear hold ${connection}`, ...keepalive, `send 6/7 ${connection}`, `close ${connection}`]
}

const confirmed = (connection: string) => [
  `send keepalive ${connection}`,
  `set hold ${connection} 90000`,
  `set keepalive ${connection} 30000`,
]

describe('a collision of connections (RFC 4271 §6.8)', () => {
  for (const { first, routerId, asNumber, kept, why } of [
    { first: 'outgoing-1', routerId: 10, kept: 'accepted-1', why: 'the peer has the higher identifier' },
    { first: 'accepted-1', routerId: 10, kept: 'accepted-1', why: 'the peer has the higher identifier' },
    { first: 'outgoing-1', routerId: 30, kept: 'outgoing-1', why: 'this end has the higher identifier' },
    { first: 'accepted-1', routerId: 30, kept: 'outgoing-1', why: 'this end has the higher identifier' },
    // As numbers without a sign: 192.0.2.1 is higher than 10.0.0.1.
    { first: 'accepted-1', routerId: 0xc0000201, kept: 'outgoing-1', why: 'this end has an identifier above 127' },
    {
      first: 'outgoing-1',
      routerId: 20,
      kept: 'accepted-1',
      why: 'identifiers are equal, and the peer has the higher AS',
    },
    {
      first: 'accepted-1',
      routerId: 20,
      asNumber: 64000,
      kept: 'outgoing-1',
      why: 'identifiers are equal, and we have the higher AS',
    },
  ] as const) {
    it(`keeps ${kept} when ${first} hears the OPEN first, because ${why}`, () => {
      const scene = collision({ peerAs: 'external' }, routerId)
      const second = first === 'outgoing-1' ? 'accepted-1' : 'outgoing-1'
      const actions = scene.open(first, { asNumber: asNumber ?? 64513 })
      const dump = kept === first ? dumped(second, 'OpenSent') : dumped(first, 'OpenConfirm')
      assert.deepEqual(actions, [...confirmed(first), ...dump])
      if (kept !== first) scene.open(kept, { asNumber: asNumber ?? 64513 })
      scene.keepalive(kept)
      assert.equal(scene.established, kept)
      assert.deepEqual([scene.peer.flaps, scene.peer.lastError], [0, undefined])
    })
  }

  for (const { routerId, kept, lost } of [
    { routerId: 10, kept: 'accepted-1', lost: 'outgoing-1' },
    { routerId: 30, kept: 'outgoing-1', lost: 'accepted-1' },
  ] as const) {
    it(`keeps ${kept} when the peer calls after both ends have heard an OPEN`, () => {
      const scene = new PeerScene(peerSettings({ mode: 'both' }, routerId))
      scene.step({ type: 'start' })
      scene.connect('outgoing-1')
      scene.open('outgoing-1')
      scene.accept('accepted-1')
      assert.deepEqual(scene.open('accepted-1'), [...confirmed('accepted-1'), ...dumped(lost, 'OpenConfirm')])
      scene.keepalive(kept)
      assert.equal(scene.established, kept)
    })
  }

  it('does not count the peer resolving it against the peer', () => {
    const scene = collision()
    const collided = { type: 'notification', code: 6, subcode: 7, data: new Uint8Array(0) } as const
    scene.message('outgoing-1', collided)
    scene.open('accepted-1')
    scene.keepalive('accepted-1')
    assert.deepEqual([scene.peer.flaps, scene.peer.lastError], [0, undefined])
  })

  it('begins again when the connection that was kept fails too', () => {
    const scene = collision()
    scene.open('accepted-1')
    assert.equal(scene.peer.outgoing.name, 'Idle')
    assert.deepEqual(scene.step({ type: 'tcpClosed', connection: 'accepted-1', cause: 'reset by peer' }), [
      'clear hold accepted-1',
      'clear keepalive accepted-1',
      'set idleHold 1000',
    ])
  })

  it('keeps the session that is established', () => {
    const scene = new PeerScene(peerSettings({ mode: 'both' }))
    scene.step({ type: 'start' })
    scene.establish('outgoing-1')
    scene.accept('accepted-1')
    assert.deepEqual(scene.open('accepted-1'), [...confirmed('accepted-1'), ...dumped('accepted-1', 'OpenConfirm')])
    assert.equal(scene.established, 'outgoing-1')
    // The next call is heard as well.
    assert.deepEqual(scene.accept('accepted-2'), ['send open accepted-2', 'set hold accepted-2 240000'])
  })

  it('lets a peer that has restarted replace its old session, without a NOTIFICATION', () => {
    const scene = new PeerScene(peerSettings({ mode: 'passive', gracefulRestart: true }))
    const capabilities = [restartCapability]
    scene.step({ type: 'start' })
    scene.establish('accepted-1', { capabilities })
    scene.accept('accepted-2')
    assert.equal(scene.established, 'accepted-1')
    assert.deepEqual(scene.open('accepted-2', { capabilities }), [
      ...confirmed('accepted-2'),
      'down replaced accepted-1',
      'clear hold accepted-1',
      'clear keepalive accepted-1',
      'close accepted-1',
      'clear stable',
    ])
    scene.keepalive('accepted-2')
    assert.equal(scene.established, 'accepted-2')
    assert.equal(scene.peer.flaps, 0)
  })

  it('does not let one replace it that only helps others to restart', () => {
    const scene = new PeerScene(peerSettings({ mode: 'passive', gracefulRestart: true }))
    const capabilities = [{ ...restartCapability, families: [] }]
    scene.step({ type: 'start' })
    scene.establish('accepted-1', { capabilities })
    scene.accept('accepted-2')
    assert.deepEqual(scene.open('accepted-2', { capabilities }).slice(3), dumped('accepted-2', 'OpenConfirm'))
    assert.equal(scene.established, 'accepted-1')
  })

  it('lets a new call that is on its way have its turn when the established session fails', () => {
    const scene = new PeerScene(peerSettings({ mode: 'both' }))
    scene.step({ type: 'start' })
    scene.establish('outgoing-1')
    scene.accept('accepted-1')
    scene.expire('hold outgoing-1')
    assert.equal(scene.state, 'OpenSent')
    assert.equal(scene.peer.lastError?.code, 'holdTimerExpired')
    scene.open('accepted-1')
    scene.keepalive('accepted-1')
    assert.equal(scene.established, 'accepted-1')
  })
})
