import assert from 'node:assert/strict'
import { type RequestOptions, request } from 'node:https'
import sinon from 'sinon'
import type { AdmissionRequest, Verdict } from '../../../../src/admission/admission-review.ts'
import { renewCertificates } from '../../../../src/bin/common/certificates.ts'
import { WebhookServer } from '../../../../src/bin/controller/webhook-server.ts'

const HOST = '127.0.0.1'
const certificates = renewCertificates(undefined, [HOST], Date.now())
const review = {
  ...{ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
  request: {
    ...{ uid: 'u', operation: 'CREATE', kind: { kind: 'IPAddressPool' }, namespace: 'h', name: 'web' },
    object: { metadata: { name: 'web' } },
  },
}

describe('the webhook’s server', () => {
  const decide = sinon.stub<[AdmissionRequest], Verdict>()
  const log = sinon.stub()
  const logger = { debug: log, info: log, warn: log, error: log }
  const delays: number[] = []
  const clock = {
    setTimer: (callback: () => void, delayMs: number) => {
      delays.push(delayMs)
      queueMicrotask(callback)
      return () => {}
    },
  }
  let server: WebhookServer

  const ask = (path: string, body?: string, { ca = certificates.authorities, method }: RequestOptions = {}) =>
    new Promise<{ status?: number; body: string }>((resolve, reject) => {
      const options = {
        host: HOST,
        port: server.port,
        path,
        ca,
        method: method ?? (body ? 'POST' : 'GET'),
        agent: false,
      }
      const sent = request(options, response => {
        let text = ''
        response.setEncoding('utf8').on('data', chunk => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode, body: text }))
      })
      sent.on('error', reject)
      sent.end(body)
    })
  const verdictOf = async () => JSON.parse((await ask('/validate', JSON.stringify(review))).body).response

  beforeEach(async () => {
    decide.reset()
    delays.length = 0
    server = new WebhookServer({ decide, clock, logger }, { host: HOST, port: 0 })
    await server.present(certificates)
  })

  afterEach(() => server.stop())

  it('answers what is allowed at once', async () => {
    decide.returns({ warnings: ['w'] })
    assert.deepEqual(await verdictOf(), { uid: 'u', allowed: true, warnings: ['w'] })
    assert.deepEqual(delays, [])
  })

  it('looks a second time before it refuses: its stores may be a moment behind', async () => {
    decide.onFirstCall().returns({ refusal: 'in use', warnings: [] })
    decide.onSecondCall().returns({ warnings: [] })
    assert.deepEqual(await verdictOf(), { uid: 'u', allowed: true, warnings: [] })
    assert.deepEqual(delays, [250])
  })

  it('refuses what is wrong at the second look too', async () => {
    decide.returns({ refusal: 'in use', warnings: [] })
    const { allowed, status } = await verdictOf()
    assert.equal(allowed, false)
    assert.deepEqual(status, { code: 403, reason: 'Forbidden', message: 'in use' })
  })

  it('presents other certificates from the next connection on', async () => {
    const others = renewCertificates(undefined, [HOST], Date.now())
    await server.present(others)
    assert.equal(server.presented, others)
    await assert.rejects(ask('/readyz'), /certificate/)
    assert.equal((await ask('/readyz', undefined, { ca: others.authorities })).status, 200)
  })

  const rows: [what: string, path: string, body: string | undefined, method: string, status: number][] = [
    ['another path', '/metrics', undefined, 'GET', 404],
    ['a path that objects have', '/constructor', '{}', 'POST', 404],
    ['a GET of a review', '/validate', undefined, 'GET', 405],
    ['no JSON', '/validate', '{', 'POST', 400],
    ['another review', '/validate', '{"kind":"Pod"}', 'POST', 400],
    ['a conversion of nothing', '/convert', '[]', 'POST', 400],
    ['more than any review', '/validate', ' '.repeat(16 * 1024 * 1024 + 1), 'POST', 400],
  ]
  for (const [what, path, body, method, status] of rows) {
    it(`answers ${what} with ${status}`, async () => assert.equal((await ask(path, body, { method })).status, status))
  }

  it('tells whoever asks that a mistake of its own is none of theirs', async () => {
    decide.throws(new Error('secret detail'))
    assert.deepEqual(await ask('/validate', JSON.stringify(review)), { status: 500, body: 'internal error' })
  })

  it('listens no more after its end', async () => {
    await server.stop()
    assert.equal(server.presented, undefined)
    await assert.rejects(ask('/readyz'))
  })
})
