import assert from 'node:assert/strict'
import { type CertificateSet, renewCertificates } from '../../../../src/bin/common/certificates.ts'
import { WebhookPublisher, type WebhookPublisherInit } from '../../../../src/bin/controller/webhook-publisher.ts'
import type { WebhookSecretView } from '../../../../src/bin/controller/webhook-secret.ts'
import { ApiError } from '../../../../src/kubernetes/api-error.ts'
import type { ApiClient } from '../../../../src/kubernetes/client.ts'
import type { Resource } from '../../../../src/kubernetes/resources.ts'

const NOW_MS = Date.UTC(2026, 10, 21, 9)
const HOST = 'herald-webhook.herald-system.svc'
const service = { namespace: 'herald-system', name: 'herald-webhook', path: '/convert', port: 443 }
const bundleOf = ({ authorities }: CertificateSet) => Buffer.from(authorities).toString('base64')

/** An API server with a webhook configuration and the definition of BGPPeers, and what is written to it, in order. */
const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'herald-controller', uid: 'u' }

function scene(init: Partial<WebhookPublisherInit> = {}, { served = true, days = 0 } = {}) {
  const writes: { what: string; body: Record<string, unknown> }[] = []
  const objects: Record<string, object | undefined> = {
    validatingwebhookconfigurations: { webhooks: [{ name: 'configuration.herald.io', clientConfig: { service } }] },
    customresourcedefinitions: { spec: { conversion: { strategy: 'None' } }, status: { storedVersions: ['v1beta2'] } },
  }
  const held = { current: undefined as WebhookSecretView | undefined }
  const client = {
    get: async ({ plural }: Resource) => {
      const found = objects[plural]
      if (!found) throw new ApiError('notFound', plural, { status: 404 })
      return found
    },
    create: async ({ plural }: Resource, body: Record<string, unknown>) =>
      void writes.push({ what: `create ${plural}`, body }),
    patch: async ({ plural }: Resource, _ref: object, body: Record<string, unknown>) =>
      void writes.push({ what: `patch ${plural}`, body }),
  } as unknown as Pick<ApiClient, 'get' | 'create' | 'patch'>
  const log = () => {}
  const publisher = new WebhookPublisher(
    {
      ...{
        client,
        secret: () => held.current,
        isServed: () => served,
        clock: { now: () => NOW_MS + days * 86_400_000 },
        owner: async () => owner,
      },
      logger: { debug: log, info: log, warn: log, error: log },
    },
    { namespace: 'herald-system', name: 'herald-webhook', enabled: true, conversion: true, ...init },
  )
  const run = () => publisher.reconcile(new AbortController().signal)
  return { writes, objects, held, run }
}

const certificates = renewCertificates(undefined, [HOST], NOW_MS)
const fresh: WebhookSecretView = { resourceVersion: '7', certificates }
const trusted = { webhooks: [{ name: 'configuration.herald.io', clientConfig: { caBundle: bundleOf(certificates) } }] }
const conversion = {
  strategy: 'Webhook',
  webhook: { clientConfig: { caBundle: bundleOf(certificates), service }, conversionReviewVersions: ['v1'] },
}

describe('the webhook’s publisher', () => {
  it('has a new authority trusted before it is used', async () => {
    const { writes, run } = scene({}, { served: false })
    assert.deepEqual(await run(), { kind: 'retryAfter', delayMs: 2_000 })
    assert.deepEqual(
      writes.map(({ what }) => what),
      ['patch validatingwebhookconfigurations', 'create secrets'],
    )
    const { data, metadata } = writes[1]!.body as { data: Record<string, string>; metadata: object }
    // So that it goes with an uninstall.
    assert.deepEqual(metadata, { ...metadata, ownerReferences: [owner] })
    assert.deepEqual(writes[0]!.body, {
      webhooks: [{ name: 'configuration.herald.io', clientConfig: { caBundle: data['ca.crt'] } }],
    })
  })

  it('writes nothing while all is as it should be, and looks again in a minute', async () => {
    const { writes, objects, held, run } = scene()
    held.current = fresh
    objects.validatingwebhookconfigurations = trusted
    objects.customresourcedefinitions = { spec: { conversion }, status: { storedVersions: ['v1beta2'] } }
    assert.deepEqual(await run(), { kind: 'retryAfter', delayMs: 60_000 })
    assert.deepEqual(writes, [])
  })

  it('renews a certificate in the version of the Secret that it has seen', async () => {
    const { writes, objects, held, run } = scene({}, { served: false, days: 300 })
    held.current = fresh
    objects.validatingwebhookconfigurations = trusted
    await run()
    assert.deepEqual(
      writes.map(({ what }) => what),
      ['patch secrets'],
    )
    assert.deepEqual(writes[0]!.body.metadata, { resourceVersion: '7' })
  })

  it('does without a webhook configuration, and without definitions', async () => {
    const { writes, objects, held, run } = scene()
    Object.assign(objects, { validatingwebhookconfigurations: undefined, customresourcedefinitions: undefined })
    held.current = fresh
    await run()
    assert.deepEqual(writes, [])
  })

  const none = { strategy: 'None' }
  const foreign = { ...conversion, webhook: { clientConfig: { service: { ...service, namespace: 'other' } } } }
  const stale = { ...conversion, webhook: { clientConfig: { service, caBundle: 'b2xk' } } }
  const back = { strategy: 'None', webhook: null }
  const rows: [string, Partial<WebhookPublisherInit>, object, string[], object | undefined][] = [
    ['takes it over', {}, none, ['v1beta2'], conversion],
    ['brings it up to date', {}, stale, ['v1beta2'], conversion],
    ['leaves another’s alone', {}, foreign, ['v1beta2'], undefined],
    ['leaves it where older versions are stored', {}, none, ['v1beta1', 'v1beta2'], undefined],
    ['hands it back where older versions are stored', {}, conversion, ['v1beta1', 'v1beta2'], back],
    ['hands it back when it is not wanted', { conversion: false }, conversion, ['v1beta2'], back],
    ['hands it back when there is no webhook', { enabled: false }, conversion, ['v1beta2'], back],
    ['leaves another’s alone when there is no webhook', { enabled: false }, foreign, ['v1beta2'], undefined],
    ['leaves it when it is not wanted', { conversion: false }, none, ['v1beta2'], undefined],
  ]
  for (const [what, init, before, storedVersions, after] of rows) {
    it(`of the conversion: ${what}`, async () => {
      const { writes, objects, held, run } = scene(init)
      held.current = fresh
      objects.validatingwebhookconfigurations = trusted
      const metadata = { resourceVersion: '9' }
      objects.customresourcedefinitions = { metadata, spec: { conversion: before }, status: { storedVersions } }
      await run()
      const patch = { what: 'patch customresourcedefinitions', body: { metadata, spec: { conversion: after } } }
      assert.deepEqual(writes, after ? [patch] : [])
    })
  }
})
