import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { LivenessSecret } from '../../../../src/bin/controller/liveness-secret.ts'
import { LivenessKey } from '../../../../src/bin/speaker/liveness-key.ts'
import { ApiError } from '../../../../src/kubernetes/api-error.ts'
import type { ApiClient } from '../../../../src/kubernetes/client.ts'
import { type KubernetesObject, secrets } from '../../../../src/kubernetes/resources.ts'
import { StatusWriter } from '../../../../src/kubernetes/status-writer.ts'
import { FakeClock } from '../../../support/io/fake-clock.ts'
import { MemoryLogger } from '../../../support/kubernetes/driven.ts'
import { type Link, MemoryApi } from '../../../support/kubernetes/memory-api.ts'

const name = 'herald-liveness'
const namespace = 'herald'

describe('the liveness key', () => {
  let clock: FakeClock
  let api: MemoryApi
  let link: Link
  let logger: MemoryLogger
  let key: LivenessKey
  let secret: LivenessSecret
  let keys: string[]
  let reads: number
  let client: Pick<ApiClient, 'get' | 'create' | 'patch'>

  beforeEach(() => {
    clock = new FakeClock()
    api = new MemoryApi({ clock })
    link = { delayMs: 0, cut: false, losesAnswers: false }
    logger = new MemoryLogger()
    keys = []
    reads = 0
    client = api.client(link)
    const get: typeof client.get = (...request) => {
      reads++
      return client.get(...request)
    }
    key = new LivenessKey(
      { client: { get }, clock, random: () => 0, logger },
      { namespace, secretName: name, onChange: bytes => keys.push(Buffer.from(bytes).toString('latin1')) },
    )
    secret = new LivenessSecret(
      { statusWriter: new StatusWriter({ client }), clock, random: () => 0, logger, owner: async () => owner },
      { namespace, name },
    )
  })

  afterEach(async () => {
    link.cut = false
    await Promise.all([key.stop(), secret.stop()])
    assert.equal(clock.pendingTimers, 0)
  })

  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'herald-controller', uid: 'u' }
  const put = async (data: Record<string, string>) => {
    api.remove(`${namespace}/${name}`)
    const object = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, data }
    await client.create(secrets, object as KubernetesObject)
  }
  const base64 = (text: string) => Buffer.from(text, 'latin1').toString('base64')

  it('is created by the controller, 256 random bits as text, and found by the speaker that waits for it', async () => {
    key.start()
    await clock.advanceAsync(10_000)
    assert.equal(key.key, undefined)
    assert.equal(logger.count('warn', 'no liveness key, will be tried again'), 1)
    secret.start()
    await clock.advanceAsync(30_000)
    assert.equal(keys.length, 1)
    assert.match(keys[0]!, /^[A-Za-z0-9+/]{43}=$/)
    assert.equal(Buffer.from(key.key!).toString('latin1'), keys[0])
    const { metadata } = api.object(`${namespace}/${name}`)!
    // So that it goes with an uninstall.
    assert.deepEqual(metadata?.ownerReferences, [owner])
    assert.deepEqual(metadata?.labels, {
      'app.kubernetes.io/name': 'herald',
      'app.kubernetes.io/managed-by': 'herald-controller',
    })
  })

  it('is left alone when there is one, and made anew when it was deleted', async () => {
    await put({ key: base64('a key of my own making') })
    secret.start()
    await clock.advanceAsync(1_000_000)
    key.start()
    await clock.advanceAsync(0)
    assert.deepEqual(keys, ['a key of my own making'])
    api.remove(`${namespace}/${name}`)
    await clock.advanceAsync(700_000)
    assert.equal(keys.length, 2)
  })

  it('is read again every five minutes, and at once when asked to', async () => {
    await put({ key: base64('0123456789abcdef') })
    key.start()
    await clock.advanceAsync(0)
    reads = 0
    await clock.advanceAsync(3_000_000)
    assert.ok(reads >= 10 && reads <= 13, String(reads))
    assert.equal(keys.length, 1, 'nobody is told when it is the same')
    await put({ key: base64('another key, 0123') })
    key.refresh()
    key.refresh()
    await clock.advanceAsync(0)
    assert.deepEqual(keys.slice(1), ['another key, 0123'])
  })

  it('stays what it was while the Secret is gone, unusable or out of reach', async () => {
    await put({ key: base64('0123456789abcdef') })
    key.start()
    await clock.advanceAsync(0)
    for (const data of [{}, { key: base64('short') }, { other: base64('0123456789abcdef') }]) {
      await put(data as Record<string, string>)
      key.refresh()
      await clock.advanceAsync(0)
    }
    api.remove(`${namespace}/${name}`)
    key.refresh()
    await clock.advanceAsync(0)
    link.cut = true
    key.refresh()
    await clock.advanceAsync(60_000)
    assert.equal(Buffer.from(key.key!).toString(), '0123456789abcdef')
    assert.equal(keys.length, 1)
  })

  it('stands in no log, not even with an answer that cannot be read', async () => {
    const text = 'this-must-not-be-told'
    await put({ key: base64(text) })
    key.start()
    await clock.advanceAsync(0)
    const answer = new ApiError('badResponse', `the answer is not JSON: "${base64(text)}`)
    const unlucky = new LivenessKey(
      { client: { get: () => Promise.reject(answer) }, clock, random: () => 0, logger },
      { namespace, secretName: name, onChange: () => assert.fail() },
    )
    unlucky.start()
    await clock.advanceAsync(10_000)
    await unlucky.stop()
    const told = inspect(logger.lines, { depth: 10 })
    assert.ok(told.includes('liveness key read') && told.includes('cannot be read'), told)
    for (const secret of [text, base64(text)]) assert.ok(!told.includes(secret))
  })
})
