import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { renewCertificates } from '../../../../src/bin/common/certificates.ts'
import { type HttpServer, startHttp } from '../../../../src/bin/common/health-server.ts'
import { LoopWatch } from '../../../../src/bin/common/loop-watch.ts'
import type { MetricsSettings } from '../../../../src/bin/common/metrics-flags.ts'
import { startMetricsServer } from '../../../../src/bin/common/metrics-server.ts'
import { ApiError } from '../../../../src/kubernetes/api-error.ts'
import type { ApiClient } from '../../../../src/kubernetes/client.ts'
import { silentLogger } from '../../../../src/kubernetes/logger.ts'
import { FakeClock } from '../../../support/io/fake-clock.ts'

/** Knows three tokens: of one that may read, of one that may not, and of one that makes it slow. */
class Reviewer {
  away = false
  readonly asked: string[] = []
  readonly reviews: object[] = []
  release = () => {}

  readonly create = (async (resource: { kind: string }, object: { spec: { token?: string; user?: string } }) => {
    this.asked.push(resource.kind)
    this.reviews.push(object.spec)
    if (this.away) throw new ApiError('unreachable', 'no answer')
    const { token, user } = object.spec
    if (resource.kind === 'SubjectAccessReview') return { status: { allowed: user === 'prometheus' } }
    if (token?.startsWith('slow')) await new Promise<void>(resolve => (this.release = resolve))
    if (token !== 'good' && token !== 'poor') return { status: { authenticated: false } }
    const username = token === 'good' ? 'prometheus' : 'nobody'
    return { status: { authenticated: true, user: { username, groups: ['system:authenticated'], uid: '1' } } }
  }) as unknown as ApiClient['create']
}

const settings: MetricsSettings & { name: string } = {
  ...{ port: 0, host: '127.0.0.1', protocol: 'https', prefix: 'herald', certificateFolder: '', name: 'herald-x' },
  tls: { minVersion: 'TLSv1.3' },
}

describe('metrics server', () => {
  let clock: FakeClock
  let reviewer: Reviewer
  let server: HttpServer | undefined
  let folder: string

  const start = async (more: Partial<MetricsSettings> = {}) => {
    const metrics = { render: async () => 'herald_x 1\n', contentType: 'text/plain; version=0.0.4' }
    const components = { client: reviewer, clock, logger: silentLogger, metrics }
    server = await startMetricsServer(components, { ...settings, ...more, port: await freePort() })
  }
  // 0, with which the kernel chooses, means none here.
  const freePort = async () => {
    const probe = await startHttp({ host: '127.0.0.1', port: 0, routes: {} })
    await probe.stop()
    return probe.port
  }
  const get = (token?: string, options: { path?: string; maxVersion?: 'TLSv1.2' } = {}) =>
    new Promise<{ status: number; body: string; certificate: string; headers: NodeJS.Dict<string | string[]> }>(
      (resolve, reject) => {
        const { path = '/metrics', maxVersion } = options
        const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
        const target = {
          host: '127.0.0.1',
          port: server?.port,
          path,
          headers,
          rejectUnauthorized: false,
          agent: false,
          maxVersion,
        }
        const request = httpsRequest(target, async response => {
          const certificate = (response.socket as TLSSocket).getPeerX509Certificate()?.fingerprint256 ?? ''
          const chunks: Buffer[] = []
          for await (const chunk of response) chunks.push(chunk as Buffer)
          const body = Buffer.concat(chunks).toString()
          resolve({ status: response.statusCode ?? 0, body, certificate, headers: response.headers })
        })
        request.on('error', reject).end()
      },
    )

  beforeEach(() => {
    clock = new FakeClock()
    reviewer = new Reviewer()
    folder = mkdtempSync(join(tmpdir(), 'herald-metrics-'))
  })
  afterEach(async () => {
    await server?.stop()
    server = undefined
    rmSync(folder, { recursive: true })
    assert.equal(clock.pendingTimers, 0)
  })

  it('answers a token that the API server knows and lets get /metrics', async () => {
    await start()
    const { status, body, headers } = await get('good')
    assert.deepEqual([status, body], [200, 'herald_x 1\n'])
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4')
    assert.deepEqual(reviewer.reviews[1], {
      ...{ user: 'prometheus', uid: '1', groups: ['system:authenticated'], extra: undefined },
      nonResourceAttributes: { path: '/metrics', verb: 'get' },
    })
  })

  const refusals: [what: string, token: string | undefined, status: number, body: RegExp][] = [
    ['no token', undefined, 401, /bearer token is needed/],
    ['an unknown token', 'stranger', 401, /bearer token is needed/],
    ['what is no token', 'a b', 401, /bearer token is needed/],
    ['a user without the right', 'poor', 403, /^nobody has no right to get the nonResourceURL \/metrics$/m],
  ]
  for (const [what, token, status, body] of refusals) {
    it(`turns ${what} away with ${status}, on every path`, async () => {
      await start()
      for (const path of ['/metrics', '/elsewhere']) {
        const answer = await get(token, { path })
        assert.equal(answer.status, status)
        assert.match(answer.body, body)
      }
    })
  }

  it('asks the API server once a minute, and sooner about who was refused', async () => {
    await start()
    for (let count = 0; count < 3; count++) await get('good')
    assert.equal(reviewer.asked.length, 2)
    clock.advance(60_000)
    await get('good')
    assert.equal(reviewer.asked.length, 4)
    await get('stranger')
    clock.advance(10_000)
    await get('stranger')
    assert.equal(reviewer.asked.length, 6)
  })

  it('lets who was allowed go on reading for ten minutes while the API server is away, and nobody else', async () => {
    await start()
    await get('good')
    reviewer.away = true
    clock.advance(599_000)
    assert.equal((await get('good')).status, 200)
    assert.equal((await get('poor')).status, 503)
    clock.advance(2_000)
    assert.equal((await get('good')).status, 503)
  })

  it('asks about few tokens at once, and about each of them once', async () => {
    await start()
    const slow = Array.from({ length: 4 }, (_, index) => get(`slow${index}`))
    while (reviewer.asked.length < 4) await new Promise(resolve => setImmediate(resolve))
    assert.equal((await get('good')).status, 503)
    assert.equal(reviewer.asked.length, 4)
    await server?.stop()
    await Promise.all(slow.map(answer => assert.rejects(answer)))
  })

  it('speaks no older TLS than it was told', async () => {
    await start()
    await assert.rejects(get('good', { maxVersion: 'TLSv1.2' }))
  })

  it('presents the certificate of a folder, and the next one a minute after it came', async () => {
    const write = () => {
      const { certificate, key } = renewCertificates(undefined, ['metrics.example'], clock.now())
      writeFileSync(join(folder, 'tls.crt'), certificate)
      writeFileSync(join(folder, 'tls.key'), key)
    }
    write()
    await start({ certificateFolder: folder })
    const first = (await get('good')).certificate
    write()
    writeFileSync(join(folder, 'tls.key'), 'half a file')
    const settle = () => new Promise(resolve => setTimeout(resolve, 50))
    clock.advance(60_000)
    await settle()
    assert.equal((await get('good')).certificate, first)
    write()
    clock.advance(60_000)
    await settle()
    assert.notEqual((await get('good')).certificate, first)
  })

  it('says what is wrong with a folder', async () => {
    writeFileSync(join(folder, 'tls.crt'), 'none')
    writeFileSync(join(folder, 'tls.key'), 'none')
    await assert.rejects(
      start({ certificateFolder: folder }),
      /tls\.crt holds no certificate, or tls\.key is not its key/,
    )
    await assert.rejects(start({ certificateFolder: join(folder, 'none') }), /ENOENT.*tls\.(crt|key)/)
  })

  it('speaks plain HTTP when told so, and asks nobody', async () => {
    await start({ protocol: 'http' })
    const answer = await fetch(`http://127.0.0.1:${server?.port}/metrics`)
    assert.equal(await answer.text(), 'herald_x 1\n')
    assert.deepEqual(reviewer.asked, [])
  })
})

describe('loop watch', () => {
  it('tells the longest delay once, and that the loop is stuck after ten late ticks', () => {
    const clock = new FakeClock()
    const watch = new LoopWatch({
      clock: {
        ...{ now: () => 0 },
        monotonicMs: () => clock.monotonicMs() + lateMs,
        setTimer: (callback, delayMs) => clock.setTimer(callback, delayMs),
      },
    })
    let lateMs = 0
    watch.start()
    clock.advance(1_000)
    assert.equal(watch.takeLongestDelayMs(), 0)
    for (let tick = 1; tick <= 10; tick++) {
      assert.equal(watch.healthy, true)
      lateMs += 1_500
      clock.advance(1_000)
    }
    assert.equal(watch.healthy, false)
    assert.equal(watch.takeLongestDelayMs(), 1_500)
    assert.equal(watch.takeLongestDelayMs(), 0)
    clock.advance(1_000)
    assert.equal(watch.healthy, true)
    watch.stop()
    assert.equal(clock.pendingTimers, 0)
  })
})
