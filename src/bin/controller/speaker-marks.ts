import type { Clock } from '../../io/clock.ts'
import { isApiError } from '../../kubernetes/api-error.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import { LeaseWatcher } from '../../kubernetes/lease.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { Reconciler } from '../../kubernetes/reconciler.ts'
import { leases } from '../../kubernetes/resources.ts'
import type { StatusWriter } from '../../kubernetes/status-writer.ts'
import type { ControllerStores } from './controller-stores.ts'
import { reconcileSpeakerMark, SPEAKER_LEASE_PREFIX } from './speaker-leases.ts'

export interface SpeakerMarksComponents {
  client: Pick<ApiClient, 'get'>
  stores: ControllerStores
  clock: Clock
  random: () => number
  logger: Logger
  nowText: () => string
  statusWriter: Pick<StatusWriter, 'patchStatus'>
}

/** Marks the SpeakerStatus of each node whose Lease has run out. */
export class SpeakerMarks {
  readonly #speakers: ControllerStores['speakers']
  readonly #leases: LeaseWatcher
  readonly #reconciler: Reconciler
  #unsubscribe: (() => void) | undefined

  constructor(components: SpeakerMarksComponents, { namespace }: { namespace: string }) {
    const { client, stores, clock, random, logger, nowText, statusWriter } = components
    this.#speakers = stores.speakers
    this.#leases = new LeaseWatcher(
      { store: stores.leases, connection: stores.leaseReflector, client, clock, logger },
      {
        namespace,
        namePrefix: SPEAKER_LEASE_PREFIX,
        onChange: lease => this.#reconciler.enqueue(`${namespace}/${lease.slice(SPEAKER_LEASE_PREFIX.length)}`),
      },
    )
    const leaseExists = (name: string, signal?: AbortSignal) =>
      client.get(leases, { namespace, name }, { signal }).then(
        () => true,
        error => {
          if (isApiError(error, 'notFound')) return false
          throw error
        },
      )
    this.#reconciler = new Reconciler(
      { clock, random, logger, sources: stores.reflectors },
      {
        name: 'speaker registration',
        reconcile: (key, signal) =>
          reconcileSpeakerMark(
            { speakers: stores.speakers, leases: this.#leases, leaseExists, statusWriter, logger, nowText },
            key,
            signal,
          ),
        keys: () => stores.speakers.keys(),
      },
    )
  }

  start(): void {
    this.#leases.start()
    this.#unsubscribe = this.#speakers.subscribe(key => this.#reconciler.enqueue(key))
    this.#reconciler.start()
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.()
    await Promise.all([this.#reconciler.stop(), this.#leases.stop()])
  }
}
