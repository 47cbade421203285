import assert from 'node:assert/strict'
import type { Driven } from '../../support/kubernetes/driven.ts'
import { ReflectorScene, row, viewRow } from './reflector-scene.ts'

describe('Reflector', () => {
  let scene: ReflectorScene
  let world: Driven

  beforeEach(async () => {
    scene = await ReflectorScene.begin()
    world = scene.world
  })

  afterEach(() => scene.end())

  it('streams the state and then the changes over one connection', async () => {
    await scene.synced()
    world.server.put('services', row('c', 'c1'))
    world.server.put('services', row('a', 'a2'))
    world.server.remove('services', { namespace: 'web', name: 'b' })
    await world.until(scene.equal, 'store equals server')
    assert.deepEqual(
      [...scene.store.list()],
      [
        { name: 'a', value: 'a2' },
        { name: 'c', value: 'c1' },
      ],
    )
    assert.equal(world.server.requests.length, 0, 'nothing asked but the first stream')
  })

  it('asks for the streaming list as the API documents it', async () => {
    scene.start({ namespace: 'web', labelSelector: 'a=b' })
    await scene.reflector.whenSynced()
    assert.equal(world.server.requests.length, 1)
    assert.equal(world.server.requests[0]?.path, '/api/v1/namespaces/web/services')
    assert.equal(
      scene.lastQuery(),
      'labelSelector=a%3Db&allowWatchBookmarks=true&timeoutSeconds=450&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&watch=true',
    )
  })

  it('does not sync before the state is complete', async () => {
    world.server.streamingLists = 'ignored'
    world.server.put('services', row('a', 'a1'))
    scene.start()
    await world.until(() => world.server.watchers === 1, 'watching')
    assert.equal(scene.reflector.synced, false)
    assert.equal(scene.store.size, 0)
  })

  for (const mode of ['refused', 'ignored'] as const) {
    it(`lists in pages where the server has the streaming list ${mode}`, async () => {
      world.server.streamingLists = mode
      for (let i = 0; i < 7; i++) world.server.put('services', row(`s${i}`, 'x'))
      scene.start({ pageSize: 3 })
      await world.eventually(() => scene.reflector.synced && scene.reflector.connected, 'synced')
      assert.ok(scene.equal())
      const lists = world.server.requests.filter(({ query }) => !query.has('watch'))
      assert.deepEqual(
        lists.map(({ query }) => query.get('limit')),
        ['3', '3', '3'],
      )
      assert.match(scene.lastQuery(), /resourceVersion=107&watch=true/)
      world.server.put('services', row('new', 'x'))
      await world.until(scene.equal, 'changes come after the pages')
    })
  }

  it('lists all at once when pages expire while it reads them', async () => {
    world.server.streamingLists = 'refused'
    for (let i = 0; i < 5; i++) world.server.put('services', row(`s${i}`, 'x'))
    world.server.faults.push({ kind: 'slow' }, { kind: 'slow' }, { kind: 'slow' })
    scene.start({ pageSize: 2 })
    for (const what of ['stream refused', 'first page']) {
      const { length } = world.server.requests
      await world.until(() => world.server.requests.length > 0 && world.server.requests.length >= length, what)
      await world.until(() => world.server.heldRequests === 1, `${what} is held`)
      world.server.release()
    }
    await world.until(() => world.server.heldRequests === 1, 'second page is held')
    world.server.expireContinueTokens()
    world.server.release()
    await world.eventually(() => scene.reflector.synced, 'synced')
    assert.ok(scene.equal())
    assert.equal(
      world.server.requests
        .filter(({ query }) => !query.has('watch'))
        .at(-1)
        ?.query.get('limit'),
      null,
    )
  })

  it('lists anew when the server sends nonsense again and again', async () => {
    await scene.synced()
    for (let time = 0; time < 3; time++) {
      await world.eventually(() => world.server.watchers === 1, 'watching')
      world.server.sendRaw('{"type":"ADDED"}\n')
      await world.until(() => world.server.watchers === 0, 'gave up')
    }
    await world.eventually(() => scene.lastQuery().includes('sendInitialEvents'), 'listed anew')
    await world.eventually(scene.equal, 'equal')
  })

  it('leaves out an object that cannot be viewed, and names it', async () => {
    scene.start({
      view: object => {
        if (object.metadata?.name === 'bad') throw new Error('no good')
        return viewRow(object)
      },
    })
    world.server.put('services', row('bad', 'x'))
    world.server.put('services', row('good', 'x'))
    await world.until(() => scene.store.size === 1, 'the good one')
    assert.deepEqual(
      world.logger.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields.key),
      ['web/bad'],
    )
  })

  it('names a missing permission once, however often it tries', async () => {
    world.server.forbidden.add('watch services')
    scene.start()
    for (let time = 1; time <= 4; time++) await world.eventually(() => world.server.requests.length === time, 'tries')
    world.server.forbidden.clear()
    await world.eventually(() => scene.reflector.synced, 'synced')
    const errors = world.logger.lines.filter(({ level }) => level === 'error' || level === 'warn')
    assert.deepEqual(
      errors.map(({ fields }) => fields.permission),
      ['watch services'],
    )
    assert.equal(world.logger.count('info', 'permission granted'), 1)
  })

  it('makes no view anew of what did not change', async () => {
    let views = 0
    await scene.synced({
      view: object => {
        views++
        return viewRow(object)
      },
    })
    const held = scene.store.get('web/a')
    world.server.put('services', row('b', 'b2'))
    await world.until(scene.equal, 'equal')
    world.server.errorEvent(410)
    await world.eventually(
      () => scene.reflector.connected && scene.lastQuery().includes('sendInitialEvents'),
      'listed anew',
    )
    assert.equal(views, 3)
    assert.equal(scene.store.get('web/a'), held)
  })

  it('rejects whenSynced() when it is stopped before', async () => {
    world.server.faults.push({ kind: 'silent' })
    scene.start()
    const rejected = assert.rejects(scene.reflector.whenSynced(), /stopped before it had synced/)
    await world.until(() => world.server.requests.length === 1, 'asked')
    await scene.reflector.stop()
    await rejected
  })
})
