import assert from 'node:assert/strict'
import { Reflector, type ReflectorInit } from '../../../src/kubernetes/reflector.ts'
import { type KubernetesObject, services } from '../../../src/kubernetes/resources.ts'
import { Store } from '../../../src/kubernetes/store.ts'
import { Driven } from '../../support/kubernetes/driven.ts'

interface Row {
  name: string
  value: string
}

const row = (name: string, value: string): KubernetesObject & { spec: { value: string } } => ({
  metadata: { namespace: 'web', name },
  spec: { value },
})

const viewRow = (object: KubernetesObject): Row => ({
  name: object.metadata?.name ?? '',
  value: (object as { spec?: { value?: string } }).spec?.value ?? '',
})

describe('Reflector', () => {
  let world: Driven
  let store: Store<Row>
  let reflector: Reflector<Row>

  beforeEach(async () => {
    world = await Driven.start()
    store = new Store<Row>()
  })

  afterEach(async () => {
    await reflector.stop()
    assert.equal(world.clock.pendingTimers, 0, 'timers left after stop()')
    await world.until(() => world.server.watchers === 0, 'the watch is closed')
    await world.stop()
  })

  function start(init: Partial<ReflectorInit<Row>> = {}): void {
    const { client, clock, logger, random } = world
    reflector = new Reflector({ client, store, clock, random, logger }, { resource: services, view: viewRow, ...init })
    reflector.start()
  }

  /** the store holds what the server holds, in the same versions */
  function equal(): boolean {
    const state = world.server.state('services')
    if (state.size !== store.size) return false
    for (const [key, { metadata }] of state) if (store.resourceVersion(key) !== metadata.resourceVersion) return false
    return true
  }

  async function synced(init: Partial<ReflectorInit<Row>> = {}): Promise<void> {
    world.server.put('services', row('a', 'a1'))
    world.server.put('services', row('b', 'b1'))
    start(init)
    await reflector.whenSynced()
    await world.until(() => reflector.connected, 'connected')
    world.server.requests.length = 0
  }

  const lastQuery = (): string => world.server.requests.at(-1)?.query.toString() ?? ''

  it('streams the state and then the changes over one connection', async () => {
    await synced()
    world.server.put('services', row('c', 'c1'))
    world.server.put('services', row('a', 'a2'))
    world.server.remove('services', { namespace: 'web', name: 'b' })
    await world.until(equal, 'store equals server')
    assert.deepEqual(
      [...store.list()],
      [
        { name: 'a', value: 'a2' },
        { name: 'c', value: 'c1' },
      ],
    )
    assert.equal(world.server.requests.length, 0, 'nothing asked but the first stream')
  })

  it('asks for the streaming list as the API documents it', async () => {
    start({ namespace: 'web', labelSelector: 'a=b' })
    await reflector.whenSynced()
    assert.equal(world.server.requests.length, 1)
    assert.equal(world.server.requests[0]?.path, '/api/v1/namespaces/web/services')
    assert.equal(
      lastQuery(),
      'labelSelector=a%3Db&allowWatchBookmarks=true&timeoutSeconds=450&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&watch=true',
    )
  })

  it('does not sync before the state is complete', async () => {
    world.server.streamingLists = 'ignored'
    world.server.put('services', row('a', 'a1'))
    start()
    await world.until(() => world.server.watchers === 1, 'watching')
    assert.equal(reflector.synced, false)
    assert.equal(store.size, 0)
  })

  for (const mode of ['refused', 'ignored'] as const) {
    it(`lists in pages where the server has the streaming list ${mode}`, async () => {
      world.server.streamingLists = mode
      for (let i = 0; i < 7; i++) world.server.put('services', row(`s${i}`, 'x'))
      start({ pageSize: 3 })
      await world.eventually(() => reflector.synced && reflector.connected, 'synced')
      assert.ok(equal())
      const lists = world.server.requests.filter(({ query }) => !query.has('watch'))
      assert.deepEqual(
        lists.map(({ query }) => query.get('limit')),
        ['3', '3', '3'],
      )
      assert.match(lastQuery(), /resourceVersion=107&watch=true/)
      world.server.put('services', row('new', 'x'))
      await world.until(equal, 'changes come after the pages')
    })
  }

  it('lists all at once when pages expire while it reads them', async () => {
    world.server.streamingLists = 'refused'
    for (let i = 0; i < 5; i++) world.server.put('services', row(`s${i}`, 'x'))
    world.server.faults.push({ kind: 'slow' }, { kind: 'slow' }, { kind: 'slow' })
    start({ pageSize: 2 })
    for (const what of ['stream refused', 'first page']) {
      const { length } = world.server.requests
      await world.until(() => world.server.requests.length > 0 && world.server.requests.length >= length, what)
      await world.until(() => world.server.heldRequests === 1, `${what} is held`)
      world.server.release()
    }
    await world.until(() => world.server.heldRequests === 1, 'second page is held')
    world.server.expireContinueTokens()
    world.server.release()
    await world.eventually(() => reflector.synced, 'synced')
    assert.ok(equal())
    assert.equal(
      world.server.requests
        .filter(({ query }) => !query.has('watch'))
        .at(-1)
        ?.query.get('limit'),
      null,
    )
  })

  it('resumes where the last bookmark was', async () => {
    await synced()
    world.server.put('nodes', { metadata: { name: 'n' } })
    world.server.bookmark()
    world.clock.advance(5_000)
    await world.until(() => reflector.resourceVersion === world.server.version, 'the bookmark has arrived')
    world.server.compact()
    world.server.endWatches()
    await world.until(() => world.server.watchers === 1, 'watching again')
    assert.match(lastQuery(), new RegExp(`resourceVersion=${world.server.version}&`))
    assert.equal(world.server.requests.length, 1)
    assert.equal(reflector.connected, true)
  })

  it('goes on at once when the server ends a watch that has worked', async () => {
    await synced()
    world.clock.advance(2_000)
    world.server.endWatches()
    world.server.put('services', row('c', 'c1'))
    await world.until(equal, 'store equals server, without time passing')
    assert.doesNotMatch(lastQuery(), /sendInitialEvents/)
  })

  it('waits before it opens again a watch that ended at once', async () => {
    await synced()
    world.server.endWatches()
    await world.until(() => world.clock.nextTimerInMs === 75, 'a delay of 100 ms, shortened by a quarter')
    assert.equal(world.server.requests.length, 0)
    await world.eventually(() => world.server.watchers === 1, 'watching again')
  })

  for (const goneAs of ['status', 'event'] as const) {
    it(`lists anew when the server has forgotten the version, told by ${goneAs}`, async () => {
      await synced()
      world.server.goneAs = goneAs
      world.server.silenceWatches()
      world.server.put('services', row('c', 'c1'))
      world.server.remove('services', { namespace: 'web', name: 'a' })
      world.server.compact()
      world.server.cutWatches()
      const changes: string[] = []
      store.subscribe((key, before, after) => changes.push(`${key} ${before?.value}→${after?.value}`))
      await world.eventually(equal, 'store equals server')
      assert.deepEqual(changes, ['web/a a1→undefined', 'web/c undefined→c1'], 'deletions are found by difference')
      assert.equal(world.logger.count('warn', 'watch interrupted'), 1)
    })
  }

  it('lists anew after an ERROR event 410', async () => {
    await synced()
    world.server.errorEvent(410, 'Expired')
    await world.eventually(() => lastQuery().includes('sendInitialEvents'), 'listed anew')
    await world.eventually(() => world.server.watchers === 1 && equal(), 'equal')
  })

  it('throws half a line away when the connection is cut within it', async () => {
    await synced()
    world.server.cutWatches({ withinLine: true })
    world.server.put('services', row('a', 'a2'))
    await world.eventually(equal, 'store equals server')
    assert.equal(world.logger.count('error'), 0)
  })

  it('finds a half-open connection by its silence, and tells that it was lost', async () => {
    await synced({ idleTimeoutMs: 90_000 })
    const states: boolean[] = []
    reflector.onConnection(connected => states.push(connected))
    world.server.silenceWatches()
    world.server.put('services', row('c', 'c1'))
    world.clock.advance(89_000)
    await world.until(() => world.server.requests.length === 0, 'still waiting')
    assert.equal(store.size, 2)
    world.clock.advance(1_000)
    await world.until(equal, 'store equals server')
    assert.deepEqual(states, [false, true])
  })

  it('counts the silence from the last word, also where less is allowed than before the state was complete', async () => {
    await synced({ idleTimeoutMs: 3_000, initialIdleTimeoutMs: 10_000 })
    assert.equal(world.clock.nextTimerInMs, 3_000)
    world.server.silenceWatches()
    world.server.put('services', row('c', 'c1'))
    world.clock.advance(3_000)
    await world.until(equal, 'store equals server')
  })

  it('does not take a connection for idle that brings bookmarks', async () => {
    await synced({ idleTimeoutMs: 90_000 })
    for (let minute = 0; minute < 5; minute++) {
      world.server.put('nodes', { metadata: { name: 'n' } })
      world.server.bookmark()
      await world.until(() => reflector.resourceVersion === world.server.version, 'bookmark read')
      world.clock.advance(60_000)
    }
    assert.equal(world.server.requests.length, 0)
  })

  it('waits as long as Retry-After says', async () => {
    await synced()
    world.clock.advance(2_000)
    world.server.faults.push({ kind: 'status', status: 429, reason: 'TooManyRequests', retryAfterSeconds: 7 })
    world.server.endWatches()
    await world.until(() => world.clock.nextTimerInMs === 7_000, 'waits 7 s')
    await world.eventually(() => world.server.watchers === 1, 'watching again')
  })

  it('waits longer after each failure, and no longer than 10 s, until a connection works', async () => {
    await synced()
    world.server.faults.push(...Array.from({ length: 10 }, () => ({ kind: 'status', status: 503 }) as const))
    const delays: number[] = []
    // a request's time limit is longer than any delay
    const delayMs = (): number => world.clock.nextTimerInMs ?? Number.POSITIVE_INFINITY
    world.server.cutWatches()
    for (let failure = 0; failure < 11; failure++) {
      await world.until(() => !reflector.connected && world.server.idle && delayMs() < 11_000, 'a delay')
      delays.push(delayMs())
      world.clock.advance(delayMs())
      await world.until(() => world.server.requests.length === failure + 1, 'asks again')
    }
    assert.deepEqual(delays, [75, 150, 300, 600, 1200, 2400, 4800, 7500, 7500, 7500, 7500])
    assert.equal(world.logger.count('warn'), 1, 'one warning for the whole time')
    await world.until(() => reflector.connected, 'connected')
    assert.equal(world.logger.count('info', 'watching again'), 1)
    world.clock.advance(2_000)
    world.server.cutWatches()
    await world.until(() => world.server.watchers === 1, 'reconnects at once after one that worked')
  })

  it('comes back as soon as any request of the client is answered after an outage', async () => {
    await synced()
    world.server.faults.push(...Array.from({ length: 8 }, () => ({ kind: 'reset' }) as const))
    world.server.cutWatches()
    await world.eventually(() => world.server.faults.length === 0, 'eight attempts in vain')
    await world.until(() => world.server.idle && world.clock.nextTimerInMs === 7_500, 'the longest delay')
    world.server.put('services', row('c', 'c1'))
    await world.client.get(services, { namespace: 'web', name: 'c' })
    await world.until(() => world.clock.nextTimerInMs === 250, 'half of the 500 ms over which all reflectors spread')
    world.clock.advance(250)
    await world.until(equal, 'store equals server')
  })

  it('lists anew at once when its version is too old after an outage, but does not hurry a server that never serves one', async () => {
    await synced()
    world.server.faults.push(...Array.from({ length: 8 }, () => ({ kind: 'reset' }) as const))
    world.server.cutWatches()
    await world.eventually(() => world.server.faults.length === 0, 'eight attempts in vain')
    await world.until(() => world.server.idle && world.clock.nextTimerInMs === 7_500, 'the longest delay')
    const gone = { kind: 'status', status: 410, reason: 'Expired' } as const
    world.server.faults.push(gone)
    world.clock.advance(7_500)
    await world.until(() => reflector.connected, 'connected, without any more time passing')
    world.server.faults.push(gone, gone)
    world.server.cutWatches()
    await world.until(() => world.server.idle && world.clock.nextTimerInMs !== undefined, 'a delay')
    assert.ok((world.clock.nextTimerInMs ?? 0) > 0)
    await world.eventually(() => reflector.connected, 'connected in the end')
  })

  it('gives up a request that nobody answers', async () => {
    world.server.faults.push({ kind: 'silent' })
    start()
    await world.until(() => world.server.requests.length === 1, 'asked')
    world.clock.advance(15_000)
    await world.eventually(() => reflector.synced, 'synced')
  })

  it('lists anew when the server sends nonsense again and again', async () => {
    await synced()
    for (let time = 0; time < 3; time++) {
      await world.eventually(() => world.server.watchers === 1, 'watching')
      world.server.sendRaw('{"type":"ADDED"}\n')
      await world.until(() => world.server.watchers === 0, 'gave up')
    }
    await world.eventually(() => lastQuery().includes('sendInitialEvents'), 'listed anew')
    await world.eventually(equal, 'equal')
  })

  it('leaves out an object that cannot be viewed, and names it', async () => {
    start({
      view: object => {
        if (object.metadata?.name === 'bad') throw new Error('no good')
        return viewRow(object)
      },
    })
    world.server.put('services', row('bad', 'x'))
    world.server.put('services', row('good', 'x'))
    await world.until(() => store.size === 1, 'the good one')
    assert.deepEqual(
      world.logger.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields.key),
      ['web/bad'],
    )
  })

  it('names a missing permission once, however often it tries', async () => {
    world.server.forbidden.add('watch services')
    start()
    for (let time = 1; time <= 4; time++) await world.eventually(() => world.server.requests.length === time, 'tries')
    world.server.forbidden.clear()
    await world.eventually(() => reflector.synced, 'synced')
    const errors = world.logger.lines.filter(({ level }) => level === 'error' || level === 'warn')
    assert.deepEqual(
      errors.map(({ fields }) => fields.permission),
      ['watch services'],
    )
    assert.equal(world.logger.count('info', 'permission granted'), 1)
  })

  it('makes no view anew of what did not change', async () => {
    let views = 0
    await synced({
      view: object => {
        views++
        return viewRow(object)
      },
    })
    const held = store.get('web/a')
    world.server.put('services', row('b', 'b2'))
    await world.until(equal, 'equal')
    world.server.errorEvent(410)
    await world.eventually(() => reflector.connected && lastQuery().includes('sendInitialEvents'), 'listed anew')
    assert.equal(views, 3)
    assert.equal(store.get('web/a'), held)
  })

  it('rejects whenSynced() when it is stopped before', async () => {
    world.server.faults.push({ kind: 'silent' })
    start()
    const rejected = assert.rejects(reflector.whenSynced(), /stopped before it had synced/)
    await world.until(() => world.server.requests.length === 1, 'asked')
    await reflector.stop()
    await rejected
  })
})
