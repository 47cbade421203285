import assert from 'node:assert/strict'
import { idleHoldMs } from '../../../../src/bgp/peer/damping.ts'
import { peerSettings } from '../session/samples.ts'
import { PeerScene } from './peer-scene.ts'

const refusal = { type: 'notification', code: 2, subcode: 2, data: new Uint8Array(0) } as const

function started(random = () => 1): PeerScene {
  const scene = new PeerScene(peerSettings(), { random })
  scene.step({ type: 'start' })
  return scene
}

type Course = (scene: PeerScene, connection: `outgoing-${number}`) => void

const refuse: Course = (scene, connection) => {
  scene.connect(connection)
  scene.message(connection, refusal)
}

/** What the peer does to the connection that is just being made; the time in Idle that it earns. */
function holdAfter(scene: PeerScene, course: Course): number {
  if (scene.timers.has('idleHold')) scene.expire('idleHold')
  course(scene, `outgoing-${scene.peer.dials}`)
  assert.ok(scene.peer.holding)
  return scene.timers.get('idleHold')!
}

const doubling = [1, 2, 4, 8, 16, 32, 64, 120, 120].map(seconds => seconds * 1000)

describe('damping of flaps', () => {
  const courses: readonly { readonly name: string; readonly course: Course }[] = [
    {
      name: 'answers every OPEN with a NOTIFICATION',
      course: refuse,
    },
    {
      name: 'agrees first, and sends a NOTIFICATION then',
      course: (scene, connection) => {
        scene.connect(connection)
        scene.open(connection)
        scene.message(connection, refusal)
      },
    },
    {
      name: 'closes every session as soon as it is up',
      course: (scene, connection) => {
        scene.establish(connection)
        scene.step({ type: 'tcpClosed', connection, cause: 'reset by peer' })
      },
    },
    {
      name: 'is of the wrong AS',
      course: (scene, connection) => {
        scene.connect(connection)
        scene.open(connection, { asNumber: 64999 })
      },
    },
  ]
  for (const { name, course } of courses) {
    it(`waits longer each time for a peer that ${name}`, () => {
      const scene = started()
      const holds = doubling.map(() => holdAfter(scene, course))
      assert.deepEqual(holds, doubling)
    })
  }

  it('never turns the peer away, and does not wait longer for its calls', () => {
    const scene = new PeerScene(peerSettings({ mode: 'both' }))
    scene.step({ type: 'start' })
    refuse(scene, 'outgoing-1')
    for (const connection of ['accepted-1', 'accepted-2', 'accepted-3'] as const) {
      scene.accept(connection)
      scene.message(connection, refusal)
    }
    assert.deepEqual([...scene.timers], [['idleHold', 1000]])
    scene.establish('accepted-4')
    assert.equal(scene.peer.holding, false)
  })

  it('waits longer each time for a peer that takes connections and closes them', () => {
    const scene = started()
    const delays = doubling.map(() => {
      const connection = `outgoing-${scene.peer.dials}` as const
      scene.connect(connection)
      scene.step({ type: 'tcpClosed', connection, cause: 'closed by peer' })
      const delay = scene.timers.get('connectRetry')!
      scene.expire('connectRetry')
      return delay
    })
    assert.deepEqual(delays, doubling)
  })

  it('forgets flaps when a session has been up for a minute', () => {
    const scene = started()
    for (const _ of doubling) holdAfter(scene, refuse)
    scene.expire('idleHold')
    const connection = `outgoing-${scene.peer.dials}` as const
    scene.establish(connection)
    assert.equal(scene.timers.get('stable'), 60_000)
    scene.expire('stable')
    scene.expire(`hold ${connection}`)
    assert.equal(scene.timers.get('idleHold'), 1000)
  })

  it('forgets them when it is started anew', () => {
    const scene = started()
    holdAfter(scene, refuse)
    scene.step({ type: 'stop', reason: { type: 'shutdown' } })
    scene.step({ type: 'start' })
    assert.equal(scene.peer.flaps, 0)
  })

  it('has jitter', () => {
    assert.deepEqual(
      [0, 0.5].map(random => idleHoldMs(3, () => random)),
      [3000, 3500],
    )
    const scene = started(() => 0)
    assert.equal(holdAfter(scene, refuse), 750)
  })

  it('keeps the reason in words', () => {
    const scene = started()
    holdAfter(scene, refuse)
    assert.deepEqual(scene.peer.lastError, {
      code: 'notificationReceived',
      text: 'the peer said: open, bad peer as',
    })
  })
})
