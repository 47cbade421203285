import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isUsable } from '../../../../src/bin/common/certificates.ts'
import { WebhookPublisher } from '../../../../src/bin/controller/webhook-publisher.ts'
import { viewWebhookSecret, type WebhookSecretView } from '../../../../src/bin/controller/webhook-secret.ts'
import { isApiError } from '../../../../src/kubernetes/api-error.ts'
import type { ApiClient } from '../../../../src/kubernetes/client.ts'
import {
  customResourceDefinitions,
  type KubernetesObject,
  validatingWebhookConfigurations,
} from '../../../../src/kubernetes/resources.ts'
import { FakeClock } from '../../../support/io/fake-clock.ts'
import { MemoryApi } from '../../../support/kubernetes/memory-api.ts'

const [namespace, name] = ['herald-system', 'herald-webhook']
const DEFINITION = 'bgppeers.metallb.io'
/** More than two replicas ever need to agree. */
const MOST_PASSES = 20

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

interface Trusting extends KubernetesObject {
  webhooks: { clientConfig: { caBundle: string } }[]
}
interface Converting extends KubernetesObject {
  spec: { conversion: { strategy: string; webhook?: { clientConfig: { caBundle: string } } } }
}

/** A cluster as a first install leaves it: no Secret yet, and nobody trusted. */
async function freshCluster(clock: FakeClock): Promise<MemoryApi> {
  const api = new MemoryApi({ clock })
  const install = api.client({ delayMs: 0, cut: false, losesAnswers: false })
  const webhooks = [{ name: 'configuration.herald.io', clientConfig: { service: { namespace, name } } }]
  await install.create(validatingWebhookConfigurations, { metadata: { name }, webhooks } as KubernetesObject)
  const definition = { spec: { conversion: { strategy: 'None' } }, status: { storedVersions: ['v1beta2'] } }
  await install.create(customResourceDefinitions, { metadata: { name: DEFINITION }, ...definition } as KubernetesObject)
  return api
}

describe('two replicas that both make the webhook’s certificates', () => {
  it('end with the same ones, which the API server trusts, in whatever order their requests arrive', async () => {
    const interleaving = fc.asyncProperty(fc.scheduler(), async scheduler => {
      const clock = new FakeClock()
      const api = await freshCluster(clock)
      const held = () => {
        const object = api.object(`${namespace}/${name}`)
        return object && viewWebhookSecret(object)
      }
      const replicas = [0, 1].map(() => runReplica({ api, clock, scheduler, held }))
      await scheduler.waitFor(Promise.all(replicas))

      const certificates = held()?.certificates
      assert.ok(certificates && isUsable(certificates))
      const caBundle = Buffer.from(certificates.authorities).toString('base64')
      assert.equal(api.object<Trusting>(name)?.webhooks[0]?.clientConfig.caBundle, caBundle)
      const { conversion } = api.object<Converting>(DEFINITION)!.spec
      assert.equal(conversion.webhook?.clientConfig.caBundle, caBundle)
      for (const seen of await Promise.all(replicas)) assert.deepEqual(seen?.certificates, certificates)
    })
    await fc.assert(interleaving, { numRuns: 40 })
  })
})

interface Cluster {
  readonly api: MemoryApi
  readonly clock: FakeClock
  readonly scheduler: fc.Scheduler
  readonly held: () => WebhookSecretView | undefined
}

/**
 * Lets a replica do what it does until it says that there is nothing left to do.
 * @returns the Secret that it serves from in the end
 */
async function runReplica({ api, clock, scheduler, held }: Cluster): Promise<WebhookSecretView | undefined> {
  const direct = api.client({ delayMs: 0, cut: false, losesAnswers: false })
  /** Requests arrive in any order, and so do their answers. */
  const late = <Args extends unknown[], T>(request: (...args: Args) => Promise<T>) => {
    const arriving = scheduler.scheduleFunction(request)
    return async (...args: Args) => await scheduler.schedule(Promise.resolve(await arriving(...args)))
  }
  const client = {
    get: late(direct.get),
    create: late(direct.create),
    patch: late(direct.patch),
  } as Pick<ApiClient, 'get' | 'create' | 'patch'>
  // The watch: what others write in the course of a pass is seen in the next one.
  let seen: WebhookSecretView | undefined
  const publisher = new WebhookPublisher(
    {
      client,
      clock,
      logger: silent,
      owner: async () => undefined,
      secret: () => seen,
      isServed: ({ key }) => key === seen?.certificates.key,
    },
    { namespace, name, enabled: true, conversion: true },
  )
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    seen = held()
    try {
      const outcome = await publisher.reconcile(new AbortController().signal)
      if (outcome.kind === 'retryAfter' && outcome.delayMs >= 60_000) return held()
    } catch (error) {
      // The other one was faster: the reconciler comes back.
      if (!isApiError(error, 'conflict')) throw error
    }
  }
  throw new Error(`not settled after ${MOST_PASSES} passes`)
}
