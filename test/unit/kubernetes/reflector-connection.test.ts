import assert from 'node:assert/strict'
import { services } from '../../../src/kubernetes/resources.ts'
import type { Driven } from '../../support/kubernetes/driven.ts'
import { ReflectorScene, row } from './reflector-scene.ts'

describe('Reflector', () => {
  let scene: ReflectorScene
  let world: Driven

  beforeEach(async () => {
    scene = await ReflectorScene.begin()
    world = scene.world
  })

  afterEach(() => scene.end())

  it('resumes where the last bookmark was', async () => {
    await scene.synced()
    world.server.put('nodes', { metadata: { name: 'n' } })
    world.server.bookmark()
    world.clock.advance(5_000)
    await world.until(() => scene.reflector.resourceVersion === world.server.version, 'the bookmark has arrived')
    world.server.compact()
    world.server.endWatches()
    await world.until(() => world.server.watchers === 1, 'watching again')
    assert.match(scene.lastQuery(), new RegExp(`resourceVersion=${world.server.version}&`))
    assert.equal(world.server.requests.length, 1)
    assert.equal(scene.reflector.connected, true)
  })

  it('goes on at once when the server ends a watch that has worked', async () => {
    await scene.synced()
    world.clock.advance(2_000)
    world.server.endWatches()
    world.server.put('services', row('c', 'c1'))
    await world.until(scene.equal, 'store equals server, without time passing')
    assert.doesNotMatch(scene.lastQuery(), /sendInitialEvents/)
  })

  it('waits before it opens again a watch that ended at once', async () => {
    await scene.synced()
    world.server.endWatches()
    await world.until(() => world.clock.nextTimerInMs === 75, 'a delay of 100 ms, shortened by a quarter')
    assert.equal(world.server.requests.length, 0)
    await world.eventually(() => world.server.watchers === 1, 'watching again')
  })

  for (const goneAs of ['status', 'event'] as const) {
    it(`lists anew when the server has forgotten the version, told by ${goneAs}`, async () => {
      await scene.synced()
      world.server.goneAs = goneAs
      world.server.silenceWatches()
      world.server.put('services', row('c', 'c1'))
      world.server.remove('services', { namespace: 'web', name: 'a' })
      world.server.compact()
      world.server.cutWatches()
      const changes: string[] = []
      scene.store.subscribe((key, before, after) => changes.push(`${key} ${before?.value}→${after?.value}`))
      await world.eventually(scene.equal, 'store equals server')
      assert.deepEqual(changes, ['web/a a1→undefined', 'web/c undefined→c1'], 'deletions are found by difference')
      assert.equal(world.logger.count('warn', 'watch interrupted'), 1)
    })
  }

  it('lists anew after an ERROR event 410', async () => {
    await scene.synced()
    world.server.errorEvent(410, 'Expired')
    await world.eventually(() => scene.lastQuery().includes('sendInitialEvents'), 'listed anew')
    await world.eventually(() => world.server.watchers === 1 && scene.equal(), 'equal')
  })

  it('throws half a line away when the connection is cut within it', async () => {
    await scene.synced()
    world.server.cutWatches({ withinLine: true })
    world.server.put('services', row('a', 'a2'))
    await world.eventually(scene.equal, 'store equals server')
    assert.equal(world.logger.count('error'), 0)
  })

  it('finds a half-open connection by its silence, and tells that it was lost', async () => {
    await scene.synced({ idleTimeoutMs: 90_000 })
    const states: boolean[] = []
    scene.reflector.onConnection(connected => states.push(connected))
    world.server.silenceWatches()
    world.server.put('services', row('c', 'c1'))
    world.clock.advance(89_000)
    await world.until(() => world.server.requests.length === 0, 'still waiting')
    assert.equal(scene.store.size, 2)
    world.clock.advance(1_000)
    await world.until(scene.equal, 'store equals server')
    assert.deepEqual(states, [false, true])
  })

  it('counts the silence from the last word, also where less is allowed than before the state was complete', async () => {
    await scene.synced({ idleTimeoutMs: 3_000, initialIdleTimeoutMs: 10_000 })
    assert.equal(world.clock.nextTimerInMs, 3_000)
    world.server.silenceWatches()
    world.server.put('services', row('c', 'c1'))
    world.clock.advance(3_000)
    await world.until(scene.equal, 'store equals server')
  })

  it('does not take a connection for idle that brings bookmarks', async () => {
    await scene.synced({ idleTimeoutMs: 90_000 })
    for (let minute = 0; minute < 5; minute++) {
      world.server.put('nodes', { metadata: { name: 'n' } })
      world.server.bookmark()
      await world.until(() => scene.reflector.resourceVersion === world.server.version, 'bookmark read')
      world.clock.advance(60_000)
    }
    assert.equal(world.server.requests.length, 0)
  })

  it('waits as long as Retry-After says', async () => {
    await scene.synced()
    world.clock.advance(2_000)
    world.server.faults.push({ kind: 'status', status: 429, reason: 'TooManyRequests', retryAfterSeconds: 7 })
    world.server.endWatches()
    await world.until(() => world.clock.nextTimerInMs === 7_000, 'waits 7 s')
    await world.eventually(() => world.server.watchers === 1, 'watching again')
  })

  it('waits longer after each failure, and no longer than 10 s, until a connection works', async () => {
    await scene.synced()
    world.server.faults.push(...Array.from({ length: 10 }, () => ({ kind: 'status', status: 503 }) as const))
    const delays: number[] = []
    // a request's time limit is longer than any delay
    const delayMs = (): number => world.clock.nextTimerInMs ?? Number.POSITIVE_INFINITY
    world.server.cutWatches()
    for (let failure = 0; failure < 11; failure++) {
      await world.until(() => !scene.reflector.connected && world.server.idle && delayMs() < 11_000, 'a delay')
      delays.push(delayMs())
      world.clock.advance(delayMs())
      await world.until(() => world.server.requests.length === failure + 1, 'asks again')
    }
    assert.deepEqual(delays, [75, 150, 300, 600, 1200, 2400, 4800, 7500, 7500, 7500, 7500])
    assert.equal(world.logger.count('warn'), 1, 'one warning for the whole time')
    await world.until(() => scene.reflector.connected, 'connected')
    assert.equal(world.logger.count('info', 'watching again'), 1)
    world.clock.advance(2_000)
    world.server.cutWatches()
    await world.until(() => world.server.watchers === 1, 'reconnects at once after one that worked')
  })

  it('comes back as soon as any request of the client is answered after an outage', async () => {
    await scene.synced()
    world.server.faults.push(...Array.from({ length: 8 }, () => ({ kind: 'reset' }) as const))
    world.server.cutWatches()
    await world.eventually(() => world.server.faults.length === 0, 'eight attempts in vain')
    await world.until(() => world.server.idle && world.clock.nextTimerInMs === 7_500, 'the longest delay')
    world.server.put('services', row('c', 'c1'))
    await world.client.get(services, { namespace: 'web', name: 'c' })
    await world.until(() => world.clock.nextTimerInMs === 250, 'half of the 500 ms over which all reflectors spread')
    world.clock.advance(250)
    await world.until(scene.equal, 'store equals server')
  })

  it('lists anew at once when its version is too old after an outage, but does not hurry a server that never serves one', async () => {
    await scene.synced()
    world.server.faults.push(...Array.from({ length: 8 }, () => ({ kind: 'reset' }) as const))
    world.server.cutWatches()
    await world.eventually(() => world.server.faults.length === 0, 'eight attempts in vain')
    await world.until(() => world.server.idle && world.clock.nextTimerInMs === 7_500, 'the longest delay')
    const gone = { kind: 'status', status: 410, reason: 'Expired' } as const
    world.server.faults.push(gone)
    world.clock.advance(7_500)
    await world.until(() => scene.reflector.connected, 'connected, without any more time passing')
    world.server.faults.push(gone, gone)
    world.server.cutWatches()
    await world.until(() => world.server.idle && world.clock.nextTimerInMs !== undefined, 'a delay')
    assert.ok((world.clock.nextTimerInMs ?? 0) > 0)
    await world.eventually(() => scene.reflector.connected, 'connected in the end')
  })

  it('gives up a request that nobody answers', async () => {
    world.server.faults.push({ kind: 'silent' })
    scene.start()
    await world.until(() => world.server.requests.length === 1, 'asked')
    world.clock.advance(15_000)
    await world.eventually(() => scene.reflector.synced, 'synced')
  })
})
