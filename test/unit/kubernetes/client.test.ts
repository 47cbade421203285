import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApiError, type ApiErrorCode } from '../../../src/kubernetes/api-error.ts'
import { ApiClient } from '../../../src/kubernetes/client.ts'
import { inClusterCredentials, kubeconfigCredentials, loadCredentials } from '../../../src/kubernetes/credentials.ts'
import { type KubernetesObject, leases, nodes, services } from '../../../src/kubernetes/resources.ts'
import { FakeClock } from '../../support/io/fake-clock.ts'
import { Driven } from '../../support/kubernetes/driven.ts'

const shop = { namespace: 'web', name: 'shop' }

describe('ApiClient', () => {
  let world: Driven
  let client: ApiClient

  beforeEach(async () => {
    world = await Driven.start()
    client = world.client
  })

  afterEach(async () => {
    assert.equal(world.clock.pendingTimers, 0, 'no time limit outlives its request')
    await world.stop()
  })

  async function errorOf(request: Promise<unknown>): Promise<ApiError> {
    const error = await request.then(
      () => assert.fail('no error'),
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof ApiError, String(error))
    return error
  }

  it('gets, lists, creates, patches and deletes, over one connection', async () => {
    await client.create(services, { metadata: shop })
    const patched = await client.patch<KubernetesObject>(
      services,
      shop,
      { metadata: { labels: { a: 'b' } } },
      { kind: 'merge' },
    )
    assert.deepEqual(patched.metadata?.labels, { a: 'b' })
    assert.deepEqual((await client.get<KubernetesObject>(services, shop)).metadata, patched.metadata)
    assert.equal((await client.list(services, { namespace: 'web', query: { limit: 5 } })).items?.length, 1)
    await client.delete(services, shop, { uid: 'u' })
    assert.equal(world.server.state('services').size, 0)
    assert.equal(world.server.connections, 1)
    assert.deepEqual(
      world.server.requests.map(({ method, path, query }) => `${method} ${path}?${query}`),
      [
        'POST /api/v1/namespaces/web/services?',
        'PATCH /api/v1/namespaces/web/services/shop?',
        'GET /api/v1/namespaces/web/services/shop?',
        'GET /api/v1/namespaces/web/services?limit=5',
        'DELETE /api/v1/namespaces/web/services/shop?',
      ],
    )
  })

  const answers: [status: number, reason: string, code: ApiErrorCode][] = [
    [400, 'BadRequest', 'rejected'],
    [401, 'Unauthorized', 'unauthorized'],
    [403, 'Forbidden', 'forbidden'],
    [404, 'NotFound', 'notFound'],
    [409, 'Conflict', 'conflict'],
    [409, 'AlreadyExists', 'alreadyExists'],
    [410, 'Expired', 'gone'],
    [422, 'Invalid', 'invalid'],
    [429, 'TooManyRequests', 'throttled'],
    [500, 'InternalError', 'serverError'],
    [503, '', 'serverError'],
  ]
  for (const [status, reason, code] of answers) {
    it(`makes of ${status} ${reason} the error ${code}, which names verb and object`, async () => {
      const fault = { kind: 'status', status, reason } as const
      world.server.faults.push(fault, fault)
      const error = await errorOf(client.patch(services, { ...shop, subresource: 'status' }, {}, { kind: 'strategic' }))
      assert.deepEqual({ code: error.code, status: error.status, reason: error.reason }, { code, status, reason })
      const text = reason ? `${status} ${reason}` : `${status}`
      assert.equal(error.message, `patch services/status "web/shop": ${text}: scripted ${status}`)
    })
  }

  it('takes Retry-After over', async () => {
    world.server.faults.push({ kind: 'status', status: 429, retryAfterSeconds: 3 })
    assert.equal((await errorOf(client.list(nodes))).retryAfterMs, 3_000)
    world.server.faults.push({ kind: 'status', status: 503 })
    assert.equal((await errorOf(client.list(nodes))).retryAfterMs, undefined)
  })

  it('says what came that is no JSON, and to which request', async () => {
    world.server.faults.push({ kind: 'garbage' })
    const error = await errorOf(client.list(services, { namespace: 'web' }))
    assert.equal(error.code, 'badResponse')
    assert.equal(error.message, 'list services in "web": the answer is not JSON: "<html>\\n"')
  })

  it('takes no answer that is too long', async () => {
    const { credentials, clock, logger } = world
    const small = new ApiClient({ credentials, clock, logger }, { maxResponseBytes: 100 })
    world.server.put('services', { metadata: { ...shop, labels: { long: 'x'.repeat(200) } } })
    const error = await errorOf(small.get(services, shop))
    assert.match(error.message, /get services "web\/shop": the answer is longer than 100 bytes/)
    small.close()
  })

  it('gives up after its time, wherever the answer hangs', async () => {
    world.server.faults.push({ kind: 'silent' })
    const request = errorOf(client.get(services, shop, { timeoutMs: 5_000 }))
    await world.until(() => world.server.requests.length === 1, 'asked')
    world.clock.advance(4_999)
    world.clock.advance(1)
    const error = await request
    assert.equal(error.code, 'timeout')
    assert.equal(error.message, 'get services "web/shop": no answer within 5000 ms')
  })

  it('ends with the reason of its signal', async () => {
    const abort = new AbortController()
    world.server.faults.push({ kind: 'silent' })
    const request = client.get(services, shop, { signal: abort.signal })
    await world.until(() => world.server.requests.length === 1, 'asked')
    abort.abort(new Error('stopping'))
    await assert.rejects(request, /^Error: stopping$/)
    await assert.rejects(client.get(services, shop, { signal: abort.signal }), /^Error: stopping$/)
    assert.equal(world.server.requests.length, 1)
  })

  it('names the server that cannot be reached', async () => {
    await world.server.stop()
    const error = await errorOf(client.list(nodes))
    assert.equal(error.code, 'unreachable')
    assert.match(error.message, /^list nodes: no answer from 127\.0\.0\.1:\d+: .*ECONNREFUSED/)
  })

  it('does not fail because the server closed a kept connection', async () => {
    await client.list(nodes)
    world.server.faults.push({ kind: 'reset' })
    await client.list(nodes)
    assert.equal(world.server.requests.length, 3)
  })

  it('does not send a creation twice', async () => {
    await client.list(nodes)
    world.server.faults.push({ kind: 'reset' })
    assert.equal((await errorOf(client.create(services, { metadata: shop }))).code, 'unreachable')
    assert.equal(world.server.requests.length, 2)
  })

  it('tells a missing permission once for each verb and resource', async () => {
    world.server.forbidden.add('get services').add('patch leases')
    for (let time = 0; time < 3; time++) {
      await errorOf(client.get(services, shop))
      await errorOf(client.patch(leases, { namespace: 'herald', name: 'l' }, {}, { kind: 'merge' }))
    }
    assert.deepEqual(
      world.logger.lines.map(({ level, fields }) => `${level} ${fields.permission}`),
      ['error get services in "web"', 'error patch leases.coordination.k8s.io in "herald"'],
    )
  })
})

describe('credentials', () => {
  let folder: string
  let clock: FakeClock

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'herald-credentials-'))
    clock = new FakeClock()
  })

  afterEach(() => rm(folder, { recursive: true }))

  const write = (name: string, content: string): Promise<void> => writeFile(join(folder, name), content)

  const kubeconfig = (user: object, cluster: object): string =>
    JSON.stringify({
      'current-context': 'here',
      contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', namespace: 'team' } }],
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user }],
    })

  it('reads those of the pod, and the token again when it rotates', async () => {
    await Promise.all([write('token', 'one\n'), write('ca.crt', 'CA'), write('namespace', 'herald\n')])
    const env = { KUBERNETES_SERVICE_HOST: '2001:db8::1', KUBERNETES_SERVICE_PORT: '6443' }
    const credentials = await inClusterCredentials({ clock }, { env, folder })
    assert.equal(credentials.server.href, 'https://[2001:db8::1]:6443/')
    assert.equal(credentials.namespace, 'herald')
    const tls = await credentials.tls()
    assert.deepEqual(tls, { ca: 'CA' })
    await write('token', 'two')
    assert.equal(await credentials.authorization(), 'Bearer one')
    clock.advance(60_000)
    assert.equal(await credentials.authorization(), 'Bearer two')
    await write('token', 'three')
    credentials.expire()
    assert.equal(await credentials.authorization(), 'Bearer three')
    assert.equal(await credentials.tls(), tls, 'the same object as long as nothing in it changed')
    await write('ca.crt', 'CA 2')
    credentials.expire()
    assert.deepEqual(await credentials.tls(), { ca: 'CA 2' })
  })

  it('goes on with the old token when the file is missing for a moment', async () => {
    await Promise.all([write('token', 'one'), write('ca.crt', 'CA')])
    const credentials = await inClusterCredentials({ clock }, { env: { KUBERNETES_SERVICE_HOST: '192.0.2.1' }, folder })
    await rm(join(folder, 'token'))
    credentials.expire()
    assert.equal(await credentials.authorization(), 'Bearer one')
  })

  it('tells how to run outside a pod', async () => {
    await assert.rejects(inClusterCredentials({ clock }, { env: {} }), /not in a pod .* --kubeconfig/)
  })

  it('reads a kubeconfig: certificates inline and beside it', async () => {
    await Promise.all([write('client.key', 'KEY'), write('client.crt', 'CERT')])
    const cluster = {
      server: 'https://192.0.2.1:6443',
      'certificate-authority-data': Buffer.from('CA').toString('base64'),
    }
    await write('config', kubeconfig({ 'client-certificate': 'client.crt', 'client-key': 'client.key' }, cluster))
    const credentials = await loadCredentials({ clock }, { kubeconfig: join(folder, 'config') })
    assert.deepEqual(await credentials.tls(), { ca: 'CA', cert: 'CERT', key: 'KEY' })
    assert.equal(await credentials.authorization(), undefined)
    assert.equal(credentials.namespace, 'team')
  })

  const server = 'https://192.0.2.1'
  const refused: [text: string, problem: RegExp][] = [
    ['', /config: current-context is not set/],
    ['{current-context: x}', /no context "x"/],
    [kubeconfig({}, { server: 'nonsense' }), /cluster "c": server is not a URL: nonsense/],
    [kubeconfig({}, { server: 'ftp://192.0.2.1' }), /cluster "c": server must begin with https/],
    [kubeconfig({ exec: { command: 'login' } }, { server }), /user "u" logs in by exec, which is not supported/],
  ]
  for (const [text, problem] of refused) {
    it(`refuses a kubeconfig: ${problem.source}`, async () => {
      await write('config', text)
      await assert.rejects(kubeconfigCredentials({ clock }, { path: join(folder, 'config') }), problem)
    })
  }

  it('asks once more with a fresh token when the server refuses one that has expired', async () => {
    const world = await Driven.start()
    try {
      await write('token', 'old')
      await write('config', kubeconfig({ tokenFile: 'token' }, { server: world.server.url }))
      const credentials = await kubeconfigCredentials({ clock }, { path: join(folder, 'config') })
      const client = new ApiClient({ credentials, clock, logger: world.logger })
      world.server.token = 'old'
      await client.list(nodes)
      world.server.token = 'new'
      await write('token', 'new')
      await client.list(nodes)
      assert.deepEqual(
        world.server.requests.map(({ authorization }) => authorization),
        ['Bearer old', 'Bearer old', 'Bearer new'],
      )
      world.server.token = 'unknown'
      await assert.rejects(client.list(nodes), { code: 'unauthorized' })
      assert.equal(world.server.requests.length, 5, 'once more, not for ever')
      client.close()
    } finally {
      await world.stop()
    }
  })
})
