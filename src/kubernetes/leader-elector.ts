import type { CancelTimer, Clock } from '../io/clock.ts'
import { isApiError } from './api-error.ts'
import type { ApiClient } from './client.ts'
import { type Lease, type LeaseSpec, type LeaseView, microTime, releaseLease, viewLease } from './lease-record.ts'
import type { Logger } from './logger.ts'
import { leases, type OwnerReference } from './resources.ts'
import { sleep } from './sleep.ts'

export interface LeaderElectorComponents {
  client: Pick<ApiClient, 'get' | 'create' | 'patch'>
  clock: Clock
  random: () => number
  logger: Logger
}

export interface LeaderElectorInit {
  namespace: string
  /** name of the Lease */
  name: string
  /** who we are, unlike any other candidate: the pod's name */
  identity: string
  /** how long the others wait for a leader that is silent */
  leaseDurationSeconds?: number
  /** a leader that could not renew for so long stops leading; well below the duration */
  renewDeadlineMs?: number
  /** between attempts to acquire and to renew */
  retryPeriodMs?: number
  /** what a Lease that we create goes with; undefined: nothing. As long as it rejects, none is created */
  owner?: (signal: AbortSignal) => Promise<OwnerReference | undefined>
  /** we lead from now on */
  onAcquired: () => void
  /** we no longer lead, and another may: end the process. Not called by stop(). */
  onLost: (reason: string) => void
}

/**
 * Leads while it holds a Lease. Whether another's Lease has run out is judged by our own clock alone, from the moment at which
 * we last saw it change: clocks of machines may differ, and a leader stops before anyone can judge so.
 */
export class LeaderElector {
  readonly #client: Pick<ApiClient, 'get' | 'create' | 'patch'>
  readonly #clock: Clock
  readonly #random: () => number
  readonly #logger: Logger
  readonly #init: LeaderElectorInit
  readonly #durationSeconds: number
  readonly #renewDeadlineMs: number
  readonly #retryPeriodMs: number
  readonly #abort = new AbortController()
  /** the record as last seen, and when it was first seen so */
  #observed: { lease: LeaseView; transitions: number; atMs: number } | undefined
  /** until then we lead; undefined when we do not */
  #leadsUntilMs: number | undefined
  #cancelDeadline: CancelTimer = () => {}
  #lost = false
  #running: Promise<void> | undefined

  constructor({ client, clock, random, logger }: LeaderElectorComponents, init: LeaderElectorInit) {
    const { leaseDurationSeconds = 15, renewDeadlineMs = 10_000, retryPeriodMs = 2_000 } = init
    if (renewDeadlineMs >= leaseDurationSeconds * 1000)
      throw new Error('renewDeadlineMs must be shorter than the lease')
    if (retryPeriodMs >= renewDeadlineMs) throw new Error('retryPeriodMs must be shorter than renewDeadlineMs')
    this.#client = client
    this.#clock = clock
    this.#random = random
    this.#logger = logger
    this.#init = init
    this.#durationSeconds = leaseDurationSeconds
    this.#renewDeadlineMs = renewDeadlineMs
    this.#retryPeriodMs = retryPeriodMs
  }

  /** Asked of the clock, not of a flag: a process that was paused does not lead, even before its timers have fired. */
  get isLeader(): boolean {
    return this.#leadsUntilMs !== undefined && this.#clock.monotonicMs() < this.#leadsUntilMs
  }

  /** who held the Lease when it was last seen; empty when nobody did */
  get leader(): string {
    return this.#observed?.lease.holder ?? ''
  }

  start(signal?: AbortSignal): void {
    if (signal?.aborted) this.#abort.abort()
    signal?.addEventListener('abort', () => this.#abort.abort(), { once: true, signal: this.#abort.signal })
    this.#running ??= this.#run()
  }

  /** Gives the Lease back, so that another need not wait for it to run out. */
  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#running
    this.#cancelDeadline()
    if (this.isLeader) await releaseLease(this.#client, this.#init, 2_000).catch(error => this.#report(error))
    this.#leadsUntilMs = undefined
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted && !this.#lost) {
      await this.#attempt(signal).catch(error => this.#report(error))
      // Not in step with the other candidates.
      await sleep(this.#clock, this.#retryPeriodMs * (1 + this.#random() / 5), signal)
    }
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    const startedMs = this.#clock.monotonicMs()
    const options = { signal, timeoutMs: this.#renewDeadlineMs / 2 }
    if (this.isLeader && this.#observed) {
      // The version is the precondition: if another took the Lease, this fails and the next attempt reads who.
      const { lease, transitions } = this.#observed
      return this.#write(startedMs, lease.resourceVersion, { leaseTransitions: transitions }, options)
    }
    const { namespace, name, identity } = this.#init
    const found = await this.#client.get<Lease>(leases, { namespace, name }, options).catch(error => {
      if (isApiError(error, 'notFound')) return undefined
      throw error
    })
    if (!found) return this.#create(startedMs, options)
    this.#observe(found)
    const { lease, transitions, atMs } = this.#observed!
    const ownAlready = lease.holder === identity
    const heldUntilMs = atMs + lease.durationSeconds * 1000
    if (lease.holder !== '' && !ownAlready && this.#clock.monotonicMs() < heldUntilMs) return
    const taken = ownAlready ? {} : { acquireTime: microTime(this.#clock) }
    await this.#write(
      startedMs,
      lease.resourceVersion,
      { ...taken, leaseTransitions: transitions + (ownAlready ? 0 : 1) },
      options,
    )
  }

  async #create(startedMs: number, options: { signal: AbortSignal; timeoutMs: number }): Promise<void> {
    const { namespace, name, owner } = this.#init
    const reference = await owner?.(options.signal)
    const metadata = { namespace, name, ...(reference && { ownerReferences: [reference] }) }
    const spec = { ...this.#spec(), acquireTime: microTime(this.#clock), leaseTransitions: 0 }
    this.#hold(startedMs, await this.#client.create<Lease>(leases, { ...leaseType, metadata, spec }, options))
  }

  async #write(
    startedMs: number,
    resourceVersion: string,
    spec: LeaseSpec,
    options: { signal: AbortSignal; timeoutMs: number },
  ): Promise<void> {
    const { namespace, name } = this.#init
    const body = { metadata: { resourceVersion }, spec: { ...this.#spec(), ...spec } }
    try {
      const lease = await this.#client.patch<Lease>(leases, { namespace, name }, body, { kind: 'merge', ...options })
      this.#hold(startedMs, lease)
    } catch (error) {
      if (isApiError(error, 'notFound') && this.isLeader) await this.#create(startedMs, options)
      else if (isApiError(error, 'conflict') && this.isLeader) await this.#readAgain(options)
      else if (!isApiError(error, 'conflict')) throw error
    }
  }

  /** Someone wrote the Lease that we hold: whose is it now? */
  async #readAgain(options: { signal: AbortSignal; timeoutMs: number }): Promise<void> {
    const { namespace, name, identity } = this.#init
    const lease = await this.#client.get<Lease>(leases, { namespace, name }, options)
    this.#observe(lease)
    if (this.#observed?.lease.holder !== identity) this.#lose(`the lease is held by "${this.#observed?.lease.holder}"`)
  }

  #spec(): LeaseSpec {
    return {
      holderIdentity: this.#init.identity,
      leaseDurationSeconds: this.#durationSeconds,
      renewTime: microTime(this.#clock),
    }
  }

  #observe(object: Lease): void {
    const lease = viewLease(object)
    const transitions = object.spec?.leaseTransitions ?? 0
    if (this.#observed?.lease.resourceVersion === lease.resourceVersion) return
    this.#observed = { lease, transitions, atMs: this.#clock.monotonicMs() }
  }

  /** The Lease is ours. The time counts from before the request: nobody can have seen it renewed earlier. */
  #hold(startedMs: number, object: Lease): void {
    this.#observe(object)
    if (this.#lost || this.#abort.signal.aborted) return
    const wasLeader = this.#leadsUntilMs !== undefined
    this.#leadsUntilMs = startedMs + this.#renewDeadlineMs
    this.#cancelDeadline()
    this.#cancelDeadline = this.#clock.setTimer(
      () => this.#lose(`the lease could not be renewed for ${this.#renewDeadlineMs} ms`),
      this.#leadsUntilMs - this.#clock.monotonicMs(),
    )
    if (wasLeader) return
    this.#logger.info({ lease: this.#init.name, identity: this.#init.identity }, 'leading')
    this.#init.onAcquired()
  }

  #lose(reason: string): void {
    if (this.#lost || this.#leadsUntilMs === undefined) return
    this.#lost = true
    this.#leadsUntilMs = undefined
    this.#cancelDeadline()
    this.#logger.error({ lease: this.#init.name, reason }, 'no longer leading')
    this.#init.onLost(reason)
  }

  #report(error: unknown): void {
    if (this.#abort.signal.aborted && !isApiError(error)) return
    const fields = { lease: this.#init.name, err: error }
    if (this.isLeader && !isApiError(error, 'forbidden')) this.#logger.warn(fields, 'could not write the lease')
    else this.#logger.debug(fields, 'could not get the lease')
  }
}

const leaseType = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }
