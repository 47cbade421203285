import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../io/clock.ts'
import { isApiError } from '../../kubernetes/api-error.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { type Outcome, retryAfter } from '../../kubernetes/outcome.ts'
import {
  customResourceDefinitions,
  type KubernetesObject,
  secrets,
  validatingWebhookConfigurations,
} from '../../kubernetes/resources.ts'
import { type CertificateSet, renewCertificates } from '../common/certificates.ts'
import { type OwnerLookup, withOwner } from './own-deployment.ts'
import { type WebhookSecretView, webhookSecret, webhookSecretData } from './webhook-secret.ts'

export interface WebhookPublisherComponents {
  /** reads at any time; writes while this replica leads */
  client: Pick<ApiClient, 'get' | 'create' | 'patch'>
  secret: () => WebhookSecretView | undefined
  /** whether the API server finds somebody behind the Service who presents these certificates */
  isServed: (certificates: CertificateSet) => boolean
  /** what a Secret that is created goes with; undefined: nothing */
  owner: OwnerLookup
  clock: Pick<Clock, 'now'>
  logger: Logger
}

export interface WebhookPublisherInit {
  readonly namespace: string
  /** of the Secret, the Service and the ValidatingWebhookConfiguration */
  readonly name: string
  /** in the place of the Service, for a controller outside of the cluster: `https://192.0.2.1:9443` */
  readonly url?: string
  /** false: there is no webhook, and what points to it is undone */
  readonly enabled: boolean
  /** whether BGPPeers are converted by the webhook */
  readonly conversion: boolean
}

const CHECK_INTERVAL_MS = 60_000
const CONFLICT_RETRY_MS = 1_000
/** while nobody serves yet */
const SERVED_RETRY_MS = 2_000

const DEFINITION = { name: 'bgppeers.metallb.io' }
const STORED_VERSION = 'v1beta2'

interface Definition extends KubernetesObject {
  spec?: { conversion?: Conversion }
  status?: { storedVersions?: string[] }
}

interface Conversion {
  strategy?: string
  webhook?: { clientConfig?: { caBundle?: string; url?: string; service?: ServiceReference } } | null
}

interface ServiceReference {
  namespace?: string
  name?: string
  path?: string
  port?: number
}

interface WebhookConfiguration extends KubernetesObject {
  webhooks?: { name: string; clientConfig?: { caBundle?: string } }[]
}

/**
 * What the leader does for the webhook: keeps its certificates fresh in the Secret that all replicas serve from, and sees to it that the API
 * server trusts them. Looks again each minute: whatever somebody took away comes back.
 */
export class WebhookPublisher {
  readonly #components: WebhookPublisherComponents
  readonly #init: WebhookPublisherInit

  constructor(components: WebhookPublisherComponents, init: WebhookPublisherInit) {
    this.#components = components
    this.#init = init
  }

  /** the hosts that a certificate must be for */
  get hosts(): string[] {
    const { namespace, name, url } = this.#init
    return url ? [new URL(url).hostname.replaceAll(/[[\]]/g, '')] : [`${name}.${namespace}.svc`]
  }

  async reconcile(signal: AbortSignal): Promise<Outcome> {
    if (!this.#init.enabled) {
      await this.#convert(undefined, signal)
      return retryAfter(CHECK_INTERVAL_MS)
    }
    const { secret, clock } = this.#components
    const held = secret()
    const certificates = renewCertificates(held?.certificates, this.hosts, clock.now())
    // The API server must trust a new authority before anybody presents a certificate of it.
    await this.#trust(certificates, signal)
    if (certificates !== held?.certificates && !(await this.#keep(held, certificates, signal))) {
      return retryAfter(CONFLICT_RETRY_MS)
    }
    if (!this.#init.conversion) await this.#convert(undefined, signal)
    else if (this.#components.isServed(certificates)) await this.#convert(certificates, signal)
    else return retryAfter(SERVED_RETRY_MS)
    return retryAfter(CHECK_INTERVAL_MS)
  }

  /** @returns false when somebody else has changed the Secret meanwhile */
  async #keep(
    held: WebhookSecretView | undefined,
    certificates: CertificateSet,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { client, logger, owner } = this.#components
    const { namespace, name } = this.#init
    const { resourceVersion } = held ?? {}
    try {
      if (held) {
        const patch = { metadata: { resourceVersion }, data: webhookSecretData(certificates) }
        await client.patch(secrets, { namespace, name }, patch, { kind: 'merge', signal })
      } else {
        const secret = withOwner(webhookSecret({ namespace, name }, certificates), await owner(signal))
        await client.create(secrets, secret, { signal })
      }
    } catch (error) {
      if (isApiError(error, 'conflict', 'alreadyExists', 'notFound')) return false
      throw error
    }
    logger.info({ secret: name, hosts: this.hosts }, 'webhook certificate issued')
    return true
  }

  /** Puts the authorities into the ValidatingWebhookConfiguration, if there is one. */
  async #trust(certificates: CertificateSet, signal: AbortSignal): Promise<void> {
    const { client, logger } = this.#components
    const { name } = this.#init
    const caBundle = bundleOf(certificates)
    const configuration = await this.#find<WebhookConfiguration>(validatingWebhookConfigurations, { name }, signal)
    const stale = (configuration?.webhooks ?? []).filter(webhook => webhook.clientConfig?.caBundle !== caBundle)
    if (stale.length === 0) return
    const webhooks = stale.map(webhook => ({ name: webhook.name, clientConfig: { caBundle } }))
    await client.patch(validatingWebhookConfigurations, { name }, { webhooks }, { kind: 'strategic', signal })
    logger.info({ configuration: name }, 'webhook certificate published')
  }

  /** Has the API server convert BGPPeers by the webhook with these certificates; undefined: by nobody, as before. */
  async #convert(certificates: CertificateSet | undefined, signal: AbortSignal): Promise<void> {
    const { client, logger } = this.#components
    const definition = await this.#find<Definition>(customResourceDefinitions, DEFINITION, signal)
    if (!definition) return
    const { strategy = 'None', webhook } = definition.spec?.conversion ?? {}
    // Another implementation's webhook, as long as it is there: two that take turns would break both.
    if (strategy !== 'None' && !this.#isOurs(webhook?.clientConfig)) return
    // Every read of an object that is stored in the older version would need the webhook.
    const stored = definition.status?.storedVersions ?? []
    const wanted = certificates && stored.every(version => version === STORED_VERSION) ? certificates : undefined
    if (!wanted && strategy === 'None') return
    const conversion = wanted ? this.#conversion(wanted) : { strategy: 'None', webhook: null }
    if (isDeepStrictEqual(definition.spec?.conversion, conversion)) return
    const { resourceVersion } = definition.metadata ?? {}
    const patch = { metadata: { resourceVersion }, spec: { conversion } }
    await client.patch(customResourceDefinitions, DEFINITION, patch, { kind: 'merge', signal })
    logger.info({ definition: DEFINITION.name, strategy: conversion.strategy }, 'conversion of BGPPeers changed')
  }

  #conversion(certificates: CertificateSet) {
    const { namespace, name, url } = this.#init
    const where = url ? { url: `${url}/convert` } : { service: { namespace, name, path: '/convert', port: 443 } }
    const clientConfig = { caBundle: bundleOf(certificates), ...where }
    return { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } }
  }

  #isOurs(clientConfig: NonNullable<NonNullable<Conversion['webhook']>['clientConfig']> = {}): boolean {
    const { namespace, name, url } = this.#init
    const { service } = clientConfig
    return url ? clientConfig.url === `${url}/convert` : service?.namespace === namespace && service.name === name
  }

  async #find<T extends KubernetesObject>(
    resource: typeof customResourceDefinitions,
    ref: { name: string },
    signal: AbortSignal,
  ): Promise<T | undefined> {
    try {
      return await this.#components.client.get<T>(resource, ref, { signal })
    } catch (error) {
      if (isApiError(error, 'notFound')) return undefined
      throw error
    }
  }
}

function bundleOf({ authorities }: CertificateSet): string {
  return Buffer.from(authorities).toString('base64')
}
