import { decideAdmission } from '../../admission/decide-admission.ts'
import type { Clock } from '../../io/clock.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { Reconciler } from '../../kubernetes/reconciler.ts'
import { Reflector } from '../../kubernetes/reflector.ts'
import { secrets } from '../../kubernetes/resources.ts'
import { Store } from '../../kubernetes/store.ts'
import { isUsable } from '../common/certificates.ts'
import { admissionSnapshot } from './admission-snapshot.ts'
import { BY_SERVICE } from './announced-world.ts'
import type { ControllerStores } from './controller-stores.ts'
import type { OwnerLookup } from './own-deployment.ts'
import type { WebhookSettings } from './webhook-flags.ts'
import { WebhookPublisher } from './webhook-publisher.ts'
import { viewWebhookSecret, type WebhookSecretView } from './webhook-secret.ts'
import { WebhookServer } from './webhook-server.ts'

export interface AdmissionComponents {
  client: Pick<ApiClient, 'get' | 'list' | 'stream' | 'reachability'>
  /** writes while this replica leads */
  leading: Pick<ApiClient, 'create' | 'patch'>
  /** what the Secret goes with */
  owner: OwnerLookup
  stores: ControllerStores
  clock: Clock
  random: () => number
  logger: Logger
  /** called with what must end the process */
  fail: (error: unknown) => void
}

/**
 * The admission and conversion webhook. Every replica serves, with the certificates from one Secret; the leader makes these, renews them, and
 * tells the API server. Allocation waits for none of it.
 */
export class Admission {
  readonly #components: AdmissionComponents
  readonly #secret = new Store<WebhookSecretView>()
  readonly #reflector: Reflector<WebhookSecretView>
  readonly #server: WebhookServer
  readonly #reconciler: Reconciler
  readonly #secretKey: string
  readonly #enabled: boolean
  #presenting: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(components: AdmissionComponents, init: WebhookSettings & { namespace: string }) {
    const { client, leading, owner, stores, clock, random, logger } = components
    const { namespace, name, host, port, url, conversion } = init
    this.#components = components
    this.#enabled = port !== 0
    this.#secretKey = `${namespace}/${name}`
    this.#reflector = new Reflector(
      { client, store: this.#secret, clock, random, logger },
      { resource: secrets, namespace, fieldSelector: `metadata.name=${name}`, view: viewWebhookSecret },
    )
    this.#server = new WebhookServer(
      { decide: request => decideAdmission(request, admissionSnapshot(stores, namespace)), clock, logger },
      { host, port },
    )
    const hasEndpoint = () =>
      [...stores.endpointSlices.byIndex(BY_SERVICE, this.#secretKey)].some(({ readyNodes }) => readyNodes.length > 0)
    const publisher = new WebhookPublisher(
      {
        client: { get: client.get.bind(client), create: leading.create, patch: leading.patch },
        secret: () => this.#secret.get(this.#secretKey),
        isServed: ({ certificate }) =>
          this.#server.presented?.certificate === certificate && (url !== undefined || hasEndpoint()),
        owner,
        clock,
        logger,
      },
      { namespace, name, url, conversion, enabled: this.#enabled },
    )
    this.#reconciler = new Reconciler(
      { clock, random, logger, sources: this.#enabled ? [this.#reflector, ...stores.reflectors] : [] },
      { name: 'webhook', reconcile: (_key, signal) => publisher.reconcile(signal), keys: () => [this.#secretKey] },
    )
  }

  /** Serves as soon as there are certificates, and knows the configuration that it judges by. */
  start(): void {
    if (!this.#enabled) return
    const { stores } = this.#components
    this.#secret.subscribe(() => {
      this.#present()
      this.#reconciler.enqueue(this.#secretKey)
    })
    this.#reflector.start()
    void stores.whenSynced().then(
      () => this.#present(),
      () => {}, // stopped before
    )
  }

  /** From here on this replica looks after the certificates. */
  lead(): void {
    this.#reconciler.start()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all([this.#reconciler.stop(), this.#reflector.stop(), this.#presenting])
    await this.#server.stop()
  }

  #present(): void {
    const { stores, fail } = this.#components
    const present = async () => {
      const held = this.#secret.get(this.#secretKey)
      if (this.#stopped || !stores.synced || !held || !isUsable(held.certificates)) return
      await this.#server.present(held.certificates)
      this.#reconciler.enqueue(this.#secretKey)
    }
    this.#presenting = this.#presenting.then(present).catch(fail)
  }
}
