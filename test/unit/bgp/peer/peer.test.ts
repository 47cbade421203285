import assert from 'node:assert/strict'
import type { PeerConfig } from '../../../../src/bgp/peer-config.ts'
import { peerConfig, peerSettings, restartCapability } from '../session/samples.ts'
import { PeerScene } from './peer-scene.ts'

const dial = ['set connectRetry 10000', 'connect outgoing-1']
const rejected = ['send 6/5 accepted-1', 'close accepted-1']

function started(changes: Partial<PeerConfig> = {}): PeerScene {
  const scene = new PeerScene(peerSettings(changes))
  scene.step({ type: 'start' })
  return scene
}

function established(changes: Partial<PeerConfig> = {}): PeerScene {
  const scene = started(changes)
  scene.establish(changes.mode === 'passive' ? 'accepted-1' : 'outgoing-1')
  return scene
}

describe('a BGP peer', () => {
  it('calls, listens, or does both, as configured', () => {
    const actions = (mode: PeerConfig['mode']) => {
      const scene = new PeerScene(peerSettings({ mode }))
      return [scene.step({ type: 'start' }), scene.state, scene.peer.incoming.name]
    }
    assert.deepEqual(actions('active'), [dial, 'Connect', 'Idle'])
    assert.deepEqual(actions('passive'), [[], 'Active', 'Active'])
    assert.deepEqual(actions('both'), [dial, 'Active', 'Active'])
  })

  it('comes up by calling', () => {
    const scene = started()
    assert.deepEqual(scene.connect('outgoing-1'), [
      'clear connectRetry',
      'send open outgoing-1',
      'set hold outgoing-1 240000',
    ])
    assert.equal(scene.state, 'OpenSent')
    scene.open('outgoing-1')
    assert.equal(scene.state, 'OpenConfirm')
    assert.deepEqual(scene.keepalive('outgoing-1'), [
      'set hold outgoing-1 90000',
      'established outgoing-1',
      'set stable 60000',
    ])
    assert.equal(scene.state, 'Established')
  })

  it('comes up by being called, and goes on listening', () => {
    const scene = established({ mode: 'passive' })
    assert.equal(scene.state, 'Established')
    assert.equal(scene.peer.incoming.name, 'Active')
  })

  it('gives up its own call when the peer has called', () => {
    const scene = started({ mode: 'both' })
    scene.accept('accepted-1')
    scene.open('accepted-1')
    assert.deepEqual(scene.keepalive('accepted-1').slice(-3), [
      'set stable 60000',
      'clear connectRetry',
      'close outgoing-1',
    ])
  })

  for (const { when, scene } of [
    { when: 'it calls itself', scene: () => started({ mode: 'active' }) },
    { when: 'it is not started', scene: () => new PeerScene(peerSettings({ mode: 'both' })) },
  ]) {
    it(`rejects the peer's call when ${when}`, () => {
      assert.deepEqual(scene().accept('accepted-1'), rejected)
    })
  }

  it('takes a second call for the end of the first, where that has not come to a session', () => {
    const scene = started({ mode: 'passive' })
    scene.accept('accepted-1')
    assert.deepEqual(scene.accept('accepted-2'), [
      'clear hold accepted-1',
      'send 6/7 accepted-1',
      'close accepted-1',
      'send open accepted-2',
      'set hold accepted-2 240000',
    ])
    assert.equal(scene.peer.flaps, 0)
  })

  it('may be called at once after a failure, and does not call itself for a second', () => {
    const scene = established({ mode: 'both' })
    scene.step({ type: 'tcpClosed', connection: 'outgoing-1', cause: 'reset by peer' })
    assert.deepEqual([...scene.timers], [['idleHold', 1000]])
    scene.accept('accepted-1')
    scene.open('accepted-1')
    assert.deepEqual(scene.keepalive('accepted-1').slice(1), [
      'established accepted-1',
      'clear idleHold',
      'set stable 60000',
    ])
  })

  it('calls too when that call has come to nothing yet', () => {
    const scene = established({ mode: 'both' })
    scene.step({ type: 'tcpClosed', connection: 'outgoing-1', cause: 'reset by peer' })
    scene.accept('accepted-1')
    assert.deepEqual(scene.expire('idleHold'), ['set connectRetry 10000', 'connect outgoing-2'])
    assert.equal(scene.state, 'OpenSent')
  })

  it('tries again when nobody listens, and when nobody answers', () => {
    const scene = started()
    const cause = 'connection refused'
    assert.deepEqual(scene.step({ type: 'tcpFailed', connection: 'outgoing-1', cause }), ['set connectRetry 1000'])
    assert.equal(scene.state, 'Active')
    assert.equal(scene.peer.lastError?.text, 'no connection: connection refused')
    assert.deepEqual(scene.expire('connectRetry'), ['set connectRetry 10000', 'connect outgoing-2'])
    assert.deepEqual(scene.expire('connectRetry'), ['close outgoing-2', 'set connectRetry 10000', 'connect outgoing-3'])
    assert.equal(scene.peer.lastError?.text, 'no connection: the peer does not answer')
    assert.deepEqual(scene.step({ type: 'tcpFailed', connection: 'outgoing-3', cause }), ['set connectRetry 4000'])
  })

  it('ignores what comes of connections and timers that are over', () => {
    const scene = established()
    scene.step({ type: 'stop', reason: { type: 'shutdown' } })
    scene.step({ type: 'start' })
    const before = scene.peer
    for (const event of [
      { type: 'tcpConnected' },
      { type: 'tcpClosed', cause: 'late' },
      { type: 'tcpFailed', cause: 'late' },
      { type: 'message', message: { type: 'keepalive' } },
      { type: 'protocolError', error: { code: 1, subcode: 1, data: new Uint8Array(0), reason: 'late' } },
      { type: 'sendHoldTimer' },
    ] as const) {
      assert.deepEqual(scene.step({ ...event, connection: 'outgoing-1' }), [], event.type)
    }
    assert.deepEqual(scene.step({ type: 'timer', timer: 'hold outgoing-1' }), [])
    assert.deepEqual(scene.step({ type: 'timer', timer: 'keepalive outgoing-1' }), [])
    assert.deepEqual(scene.step({ type: 'timer', timer: 'idleHold' }), [])
    assert.deepEqual(scene.peer, before)
  })

  it('stops from wherever it is, and says why', () => {
    const reason = { type: 'shutdown', communication: 'hi' } as const
    const stop = { type: 'stop', reason } as const
    assert.deepEqual(started().step(stop), ['clear connectRetry', 'close outgoing-1'])
    const scene = established()
    assert.deepEqual(scene.step(stop), [
      'down shutdown outgoing-1',
      'clear hold outgoing-1',
      'clear keepalive outgoing-1',
      'send 6/2 026869 outgoing-1',
      'close outgoing-1',
      'clear stable',
    ])
    assert.equal(scene.peer.lastError, undefined)
    assert.deepEqual(scene.step(stop), [])
    const waiting = established()
    waiting.step({ type: 'tcpClosed', connection: 'outgoing-1', cause: 'reset by peer' })
    assert.deepEqual(waiting.step(stop), ['clear idleHold'])
  })

  it('says that it restarts until it has been up once', () => {
    const scene = new PeerScene(peerSettings({ gracefulRestart: true }))
    scene.step({ type: 'start', restarting: true })
    assert.equal(scene.peer.restarting, true)
    scene.establish('outgoing-1', { capabilities: [restartCapability] })
    assert.equal(scene.peer.restarting, false)
  })

  it('tells of routes and of the wish to hear ours again', () => {
    const scene = established()
    const update = { type: 'update', withdrawn: [], attributes: {}, announced: [] } as const
    assert.deepEqual(scene.message('outgoing-1', update), ['set hold outgoing-1 90000', 'update outgoing-1'])
    const refresh = { type: 'routeRefresh', afi: 1, safi: 1, subtype: 0 } as const
    assert.deepEqual(scene.message('outgoing-1', refresh), ['refresh IPv4 outgoing-1'])
  })

  it('does not wait for a peer that takes nothing to take the reason', () => {
    const scene = established()
    const actions = scene.step({ type: 'sendHoldTimer', connection: 'outgoing-1' })
    assert.deepEqual(actions.slice(0, 5), [
      'down sendHoldTimerExpired outgoing-1',
      'clear hold outgoing-1',
      'clear keepalive outgoing-1',
      'abort outgoing-1',
      'clear stable',
    ])
  })
})

describe('BFD of a BGP peer', () => {
  const up = { type: 'bfd', state: 'up' } as const
  const down = { type: 'bfd', state: 'down' } as const

  it('ends the session at once when it has lost the peer', () => {
    const scene = established()
    assert.deepEqual(scene.step(up), [])
    assert.deepEqual(scene.step(down), [
      'down bfdDown outgoing-1',
      'clear hold outgoing-1',
      'clear keepalive outgoing-1',
      'send 6/10 outgoing-1',
      'close outgoing-1',
      'clear stable',
      'set idleHold 1000',
    ])
    assert.deepEqual(scene.peer.lastError, { code: 'bfdDown', text: 'BFD has lost the peer' })
  })

  it('does not hold the session back when it never came up', () => {
    const scene = started()
    scene.step(down)
    scene.establish('outgoing-1')
    assert.deepEqual(scene.step(down), [])
  })

  it('does not end the session when the peer has switched it off', () => {
    const scene = established()
    scene.step(up)
    assert.deepEqual(scene.step({ type: 'bfd', state: 'adminDown' }), [])
    assert.deepEqual(scene.step(down), [])
    assert.equal(scene.state, 'Established')
  })

  it('leaves a session alone that is not up yet', () => {
    const scene = started()
    scene.connect('outgoing-1')
    scene.step(up)
    assert.deepEqual(scene.step(down), [])
  })
})

describe('a change of configuration of a BGP peer', () => {
  const configure = (scene: PeerScene, changes: Partial<PeerConfig>, routerId = 10) =>
    scene.step({ type: 'configure', config: peerConfig(changes), routerId })

  it('does nothing when it is none', () => {
    assert.deepEqual(configure(established(), {}), [])
    assert.deepEqual(configure(started(), {}), [])
  })

  it('holds from the next start while the peer is stopped', () => {
    const scene = new PeerScene(peerSettings())
    assert.deepEqual(configure(scene, { mode: 'passive' }), [])
    assert.deepEqual(scene.step({ type: 'start' }), [])
    assert.equal(scene.state, 'Active')
  })

  it('leaves an established session up where it does not matter to it', () => {
    const scene = established()
    assert.deepEqual(configure(scene, { connectRetrySeconds: 5 }), [])
    assert.deepEqual(configure(scene, { connectRetrySeconds: 5, mode: 'both' }), [])
    assert.equal(scene.peer.incoming.name, 'Active')
    assert.deepEqual(configure(scene, { connectRetrySeconds: 5, mode: 'active' }), [])
    assert.equal(scene.peer.incoming.name, 'Idle')
    assert.equal(scene.peer.settings.config.connectRetrySeconds, 5)
  })

  it('ends an established session otherwise, and begins again at once', () => {
    const scene = established()
    assert.deepEqual(configure(scene, { password: 'new' }), [
      'down configurationChanged outgoing-1',
      'clear hold outgoing-1',
      'clear keepalive outgoing-1',
      'send 6/6 outgoing-1',
      'close outgoing-1',
      'clear stable',
      'set connectRetry 10000',
      'connect outgoing-2',
    ])
  })

  it('takes hold at once where there is no session, even of a peer that is kept waiting', () => {
    const scene = established()
    scene.step({ type: 'tcpClosed', connection: 'outgoing-1', cause: 'reset by peer' })
    assert.ok(scene.peer.holding)
    assert.deepEqual(configure(scene, { password: 'new' }), [
      'clear idleHold',
      'set connectRetry 10000',
      'connect outgoing-2',
    ])
    assert.equal(scene.peer.flaps, 0)
    assert.deepEqual(configure(scene, { connectRetrySeconds: 3 }), [
      'clear connectRetry',
      'close outgoing-2',
      'set connectRetry 3000',
      'connect outgoing-3',
    ])
  })

  it('keeps the routes over another password, and not over another AS, where graceful restart is agreed upon', () => {
    const scene = started({ gracefulRestart: true })
    const capabilities = [restartCapability]
    scene.establish('outgoing-1', { capabilities })
    assert.equal(configure(scene, { gracefulRestart: true, password: 'new' })[3], 'send 6/6 outgoing-1')
    scene.establish('outgoing-2', { capabilities })
    const other = { gracefulRestart: true, password: 'new', localAs: 64600 }
    assert.equal(configure(scene, other)[3], 'send 6/9 0606 outgoing-2')
    scene.establish('outgoing-3', { capabilities: [{ ...restartCapability, notification: false }] })
    assert.equal(configure(scene, { ...other, password: 'third' })[3], 'close outgoing-3')
  })

  it('ends the session of a speaker that is another one', () => {
    assert.equal(configure(established(), {}, 11)[3], 'send 6/6 outgoing-1')
  })
})
