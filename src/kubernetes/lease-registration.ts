import type { CancelTimer, Clock } from '../io/clock.ts'
import { isApiError } from './api-error.ts'
import type { ApiClient, RequestOptions } from './client.ts'
import { type Lease, type LeaseSpec, microTime, releaseLease } from './lease-record.ts'
import type { Logger } from './logger.ts'
import { leases, type OwnerReference } from './resources.ts'
import { sleep } from './sleep.ts'

/** `renewed`: the others know that we live; `lost`: it has run out, and they may think that we do not. */
export type RegistrationState = 'renewed' | 'lost'

export interface LeaseRegistrationComponents {
  client: Pick<ApiClient, 'create' | 'patch'>
  clock: Clock
  random: () => number
  logger: Logger
}

export interface LeaseRegistrationInit {
  namespace: string
  /** name of the Lease, ours alone: `herald-speaker-<node>` */
  name: string
  /** which process renews it: the pod's name */
  identity: string
  labels?: Record<string, string>
  /** what the Lease goes with: the Pod, or the Node */
  ownerReferences?: readonly OwnerReference[]
  leaseDurationSeconds?: number
  renewIntervalMs?: number
  /** called when the state changes, first with `renewed` */
  onChange: (state: RegistrationState) => void
}

/** after a failure the next attempt comes sooner than the next renewal */
const retryPeriodMs = 2_000

/** Says that this process lives, by renewing a Lease of its own. */
export class LeaseRegistration {
  readonly #client: Pick<ApiClient, 'create' | 'patch'>
  readonly #clock: Clock
  readonly #random: () => number
  readonly #logger: Logger
  readonly #init: LeaseRegistrationInit
  readonly #durationSeconds: number
  readonly #renewIntervalMs: number
  readonly #abort = new AbortController()
  #state: RegistrationState | undefined
  #heldUntilMs = Number.NEGATIVE_INFINITY
  #cancelExpiry: CancelTimer = () => {}
  #failing = false
  #running: Promise<void> | undefined

  constructor({ client, clock, random, logger }: LeaseRegistrationComponents, init: LeaseRegistrationInit) {
    const { leaseDurationSeconds = 30, renewIntervalMs = 10_000 } = init
    if (renewIntervalMs >= leaseDurationSeconds * 1000)
      throw new Error('renewIntervalMs must be shorter than the lease')
    this.#client = client
    this.#clock = clock
    this.#random = random
    this.#logger = logger
    this.#init = init
    this.#durationSeconds = leaseDurationSeconds
    this.#renewIntervalMs = renewIntervalMs
  }

  /** The Lease was renewed and has not run out since, by our own clock. */
  get held(): boolean {
    return this.#clock.monotonicMs() < this.#heldUntilMs
  }

  start(signal?: AbortSignal): void {
    if (signal?.aborted) this.#abort.abort()
    signal?.addEventListener('abort', () => this.#abort.abort(), { once: true, signal: this.#abort.signal })
    this.#running ??= this.#run()
  }

  /** Ends the renewing; with `release` the Lease is given back, so that the others know at once. */
  async stop({ release = true }: { release?: boolean } = {}): Promise<void> {
    this.#abort.abort()
    await this.#running
    this.#cancelExpiry()
    // A newer process on this node may have it already: then it stays.
    if (release && this.held) await releaseLease(this.#client, this.#init, 1_000).catch(error => this.#report(error))
    this.#heldUntilMs = Number.NEGATIVE_INFINITY
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      const startedMs = this.#clock.monotonicMs()
      const renewed = await this.#renew(startedMs, signal).then(
        () => true,
        error => this.#report(error),
      )
      const intervalMs = renewed ? this.#renewIntervalMs : retryPeriodMs
      // Up to a fifth earlier: speakers that started together drift apart.
      const dueMs = startedMs + intervalMs * (1 - this.#random() / 5)
      await sleep(this.#clock, Math.max(0, dueMs - this.#clock.monotonicMs()), signal)
    }
  }

  async #renew(startedMs: number, signal: AbortSignal): Promise<void> {
    const { namespace, name, identity, labels, ownerReferences } = this.#init
    const options: RequestOptions = { signal, timeoutMs: this.#renewIntervalMs }
    const metadata = { ...(labels && { labels }), ...(ownerReferences && { ownerReferences: [...ownerReferences] }) }
    const spec: LeaseSpec = {
      holderIdentity: identity,
      leaseDurationSeconds: this.#durationSeconds,
      renewTime: microTime(this.#clock),
    }
    // No precondition: the Lease is this node's, and the newest process on it is the one that counts.
    const write = (body: object) =>
      this.#client.patch<Lease>(leases, { namespace, name }, body, { kind: 'merge', ...options })
    const isFirst = this.#state === undefined
    const written = isFirst
      ? write({ metadata, spec }).catch(error => {
          // Some clusters let only those change owners who may delete the object (OwnerReferencesPermissionEnforcement). The former owner's
          // end takes this Lease away, and the next one is ours.
          if (isApiError(error, 'forbidden') && ownerReferences) return write({ spec })
          throw error
        })
      : write({ spec })
    await written.catch(error => {
      if (!isApiError(error, 'notFound')) throw error
      const object = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { ...metadata, namespace, name },
        spec,
      }
      return this.#client.create<Lease>(leases, object, options)
    })
    this.#hold(startedMs)
  }

  #hold(startedMs: number): void {
    this.#heldUntilMs = startedMs + this.#durationSeconds * 1000
    if (this.#abort.signal.aborted) return
    this.#cancelExpiry()
    this.#cancelExpiry = this.#clock.setTimer(
      () => this.#setState('lost'),
      this.#heldUntilMs - this.#clock.monotonicMs(),
    )
    this.#setState('renewed')
    if (this.#failing) this.#logger.info({ lease: this.#init.name }, 'lease renewed again')
    this.#failing = false
  }

  #setState(state: RegistrationState): void {
    if (this.#state === state) return
    this.#state = state
    if (state === 'lost') this.#logger.warn({ lease: this.#init.name }, 'own lease has run out')
    this.#init.onChange(state)
  }

  #report(error: unknown): false {
    if (this.#abort.signal.aborted && !isApiError(error)) return false
    const fields = { lease: this.#init.name, err: error }
    if (this.#failing || isApiError(error, 'forbidden')) this.#logger.debug(fields, 'could not renew the lease')
    else this.#logger.warn(fields, 'could not renew the lease')
    this.#failing = true
    return false
  }
}
