import { Rush } from '../../controller/rush.ts'
import type { Clock } from '../../io/clock.ts'
import type { EventRecorder } from '../../kubernetes/events.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { Reconciler } from '../../kubernetes/reconciler.ts'
import { addressReservations, ipAddressPools, services } from '../../kubernetes/resources.ts'
import type { StatusWriter } from '../../kubernetes/status-writer.ts'
import type { ControllerStores } from './controller-stores.ts'
import { reconcilePoolStatus } from './pool-status.ts'
import { reconcileReservationStatus } from './reservation-status.ts'
import { ServiceController } from './service-controller.ts'

export interface AllocationComponents {
  stores: ControllerStores
  clock: Clock
  random: () => number
  logger: Logger
  nowText: () => string
  statusWriter: Pick<StatusWriter, 'writeService' | 'patchStatus'>
  recorder: Pick<EventRecorder, 'record'>
  /** called when a pool or a reservation is judged otherwise than before */
  onConfigurationChanged: () => void
}

export interface AllocationInit {
  namespace: string
  loadBalancerClass: string
  /** whether Services get the finalizer that keeps them until their address is given back */
  cleanupFinalizer: boolean
}

/** How many status writes may be under way at once; decisions are made one after the other all the same. */
const CONCURRENT_WRITES = 8

/** A pool's counters are written this long after they changed: many Services that come at once cost one write, not one each. */
const POOL_STATUS_DELAY_MS = 250

/** Gives Services their addresses, and keeps the status of pools and reservations. */
export class Allocation {
  readonly controller: ServiceController
  readonly #services: Reconciler
  readonly #pools: Reconciler
  readonly #reservations: Reconciler
  readonly #clock: Clock
  readonly #rush = new Rush()

  constructor(components: AllocationComponents, { namespace, loadBalancerClass, cleanupFinalizer }: AllocationInit) {
    const { stores, clock, random, logger, nowText, statusWriter, recorder, onConfigurationChanged } = components
    this.#clock = clock
    this.controller = new ServiceController(
      {
        services: stores.services,
        namespaces: stores.namespaces,
        pools: stores.pools,
        reservations: stores.reservations,
        logger,
        nowText,
        statusWriter: {
          writeService: async (...write) => {
            const result = await statusWriter.writeService(...write)
            if (result === 'written') this.#rush.note(clock.monotonicMs())
            return result
          },
        },
        enqueue: keys => {
          for (const key of keys) this.#services.enqueue(key)
        },
        recordEvent: (service, { type, reason, message }) => recorder.record(services, service, type, reason, message),
        onPoolChanged: name => this.#pools.enqueueAfter(`${namespace}/${name}`, POOL_STATUS_DELAY_MS),
        onReservationChanged: name => this.#reservations.enqueue(`${namespace}/${name}`),
        onConfigurationChanged,
      },
      { loadBalancerClass, cleanupFinalizer },
    )
    const { controller } = this
    const reconcilerComponents = { clock, random, logger, sources: stores.reflectors }
    this.#services = new Reconciler(reconcilerComponents, {
      name: 'service',
      reconcile: (key, signal) => controller.reconcile(key, signal),
      keys: () => controller.firstPassKeys(),
      concurrency: CONCURRENT_WRITES,
      onFirstPassDone: () => {
        // performance.now() counts from the start of the process.
        logger.info({ sinceStartMs: Math.round(performance.now()) }, 'ready')
        // Before now, the counters would have said that nobody holds anything.
        this.#pools.start()
        this.#reservations.start()
      },
    })
    const writer = { controller, statusWriter, nowText }
    this.#pools = new Reconciler(reconcilerComponents, {
      name: 'pool status',
      reconcile: (key, signal) =>
        reconcilePoolStatus(
          {
            ...writer,
            pools: stores.pools,
            recordProblem: (pool, reason, message) => recorder.record(ipAddressPools, pool, 'Warning', reason, message),
          },
          key,
          signal,
        ),
      keys: () => stores.pools.keys(),
    })
    this.#reservations = new Reconciler(reconcilerComponents, {
      name: 'reservation status',
      reconcile: (key, signal) =>
        reconcileReservationStatus(
          {
            ...writer,
            reservations: stores.reservations,
            recordProblem: (reservation, reason, message) =>
              recorder.record(addressReservations, reservation, 'Warning', reason, message),
          },
          key,
          signal,
        ),
      keys: () => stores.reservations.keys(),
    })
  }

  /** Whether addresses are being given to many Services at the moment. */
  get busy(): boolean {
    return this.#rush.isOn(this.#clock.monotonicMs())
  }

  /** Whether every Service that was there at the start has been looked at. */
  get firstPassDone(): boolean {
    return this.#services.firstPassDone
  }

  start(): void {
    this.controller.start()
    this.#services.start()
  }

  /** Resolves when the writes under way have ended. */
  async stop(): Promise<void> {
    this.controller.stop()
    await Promise.all([this.#services, this.#pools, this.#reservations].map(reconciler => reconciler.stop()))
  }
}
