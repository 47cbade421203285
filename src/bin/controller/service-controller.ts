import { Allocator } from '../../allocator/allocator.ts'
import type { Awaited } from '../../allocator/awaited.ts'
import type { AddressPool, AddressPoolResource } from '../../config/address-pool.ts'
import { PoolRegistry } from '../../config/pool-registry.ts'
import type { NamedProblem } from '../../config/problem.ts'
import { ReservationRegistry } from '../../config/reservation-registry.ts'
import { CLEANUP_FINALIZER, FINALIZER_MARK, isGuarded, nextFinalizerStep } from '../../controller/cleanup-finalizer.ts'
import { ADDRESS_ALLOCATED, nextCondition } from '../../controller/conditions.ts'
import {
  claim,
  converge,
  type Decision,
  type DesiredStatus,
  deprecationEvent,
  isHandled,
  type ServiceEvent,
} from '../../controller/converge.ts'
import { heldBy, newsOf } from '../../controller/news.ts'
import { firstPassOrder, Waiting } from '../../controller/waiting.ts'
import type { World } from '../../controller/world.ts'
import { formatAddress } from '../../ip/address.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { done, type Outcome } from '../../kubernetes/outcome.ts'
import { type DesiredServiceStatus, outcomeOfWrite, type StatusWriter } from '../../kubernetes/status-writer.ts'
import type { ReadableStore } from '../../kubernetes/store.ts'
import { ALLOCATED_FROM } from '../../resources/annotations.ts'
import type { ServiceView } from '../../resources/service.ts'
import type { PoolStatusView } from './pool-status.ts'
import type { ReservationView } from './reservation-status.ts'
import type { ResourceView } from './views.ts'

export interface NamespaceView {
  readonly labels: Readonly<Record<string, string>>
}

export type PoolView = ResourceView & Omit<AddressPoolResource, 'status'> & { readonly status?: PoolStatusView }

export interface ServiceControllerComponents {
  services: ReadableStore<ServiceView>
  namespaces: ReadableStore<NamespaceView>
  pools: ReadableStore<PoolView>
  reservations: ReadableStore<ReservationView>
  logger: Logger
  /** the time now, RFC 3339 in whole seconds */
  nowText: () => string
  /** asks for these Services to be looked at again, in this order */
  enqueue: (keys: Iterable<string>) => void
  statusWriter: Pick<StatusWriter, 'writeService'>
  recordEvent: (service: ServiceView, event: ServiceEvent) => void
  /** a pool's use or standing may have changed */
  onPoolChanged: (name: string) => void
  /** what is held of a reservation, or its standing, may have changed */
  onReservationChanged: (name: string) => void
  /** a pool or reservation came, went or was edited, and so what is refused may have changed */
  onConfigurationChanged?: () => void
}

/** Name of the Services store's index by namespace. */
export const BY_NAMESPACE = 'namespace'

/**
 * Turns changes of Services, pools and namespaces into decisions about single Services, and decisions into writes. The
 * rules stand in src/controller and src/allocator; what is kept here is who must be asked again.
 */
export class ServiceController {
  readonly #components: ServiceControllerComponents
  readonly #allocator = new Allocator()
  readonly #registry = new PoolRegistry()
  readonly #reservations = new ReservationRegistry()
  readonly #waiting = new Waiting()
  readonly #world: World
  readonly #cleanupFinalizer: boolean
  #unsubscribe: (() => void)[] = []

  /** @param init.cleanupFinalizer whether Services are kept from going before their addresses are given back */
  constructor(
    components: ServiceControllerComponents,
    init: { loadBalancerClass: string; cleanupFinalizer?: boolean },
  ) {
    const { namespaces } = components
    this.#cleanupFinalizer = init.cleanupFinalizer ?? false
    const registry = this.#registry
    this.#components = components
    this.#world = {
      allocator: this.#allocator,
      get pools() {
        return registry.pools
      },
      loadBalancerClass: init.loadBalancerClass,
      isRefused: pool => registry.isRefused(pool),
      namespaceLabels: namespace => namespaces.get(namespace)?.labels,
    }
  }

  get pools(): readonly AddressPool[] {
    return this.#registry.pools
  }

  get allocator(): Allocator {
    return this.#allocator
  }

  get reservations(): Pick<ReservationRegistry, 'reservations' | 'problemOf'> {
    return this.#reservations
  }

  get waiting(): number {
    return this.#waiting.pending
  }

  get refusedPools(): number {
    return this.#registry.refused.length
  }

  problemOf: PoolRegistry['problemOf'] = name => this.#registry.problemOf(name)

  /**
   * Takes the pools that the store holds and what the Services show, and listens to all stores from now on. To be called
   * before the first pass.
   */
  start(): void {
    const { services, namespaces, pools, reservations, enqueue, recordEvent } = this.#components
    const { onPoolChanged, onReservationChanged } = this.#components
    this.#registry.putAll([...pools.list()].map(pool => [pool.name, pool] as const))
    this.#reportRefused(new Map())
    this.#allocator.setPools(this.#registry.pools)
    for (const reservation of reservations.list()) this.#reservations.put(reservation.name, reservation)
    this.#allocator.setReservations(this.#reservations.reservations)
    for (const service of firstPassOrder(services.list())) claim(service, this.#world)
    this.#unsubscribe = [
      services.subscribe((key, before, after) => {
        enqueue([key])
        const event = after && isHandled(after, this.#world.loadBalancerClass) && deprecationEvent(before, after)
        if (event) recordEvent(after, event)
      }),
      pools.subscribe((_key, before, after) => {
        const name = (after ?? before)?.name ?? ''
        // Our own status writes come back here too.
        if (JSON.stringify([before?.metadata, before?.spec]) === JSON.stringify([after?.metadata, after?.spec]))
          onPoolChanged(name)
        else this.#poolChanged(name, after)
      }),
      reservations.subscribe((_key, before, after) => {
        const name = (after ?? before)?.name ?? ''
        if (JSON.stringify(before?.spec) === JSON.stringify(after?.spec)) onReservationChanged(name)
        else this.#reservationChanged(name, after)
      }),
      namespaces.subscribe((name, before, after) => {
        if (JSON.stringify(before?.labels) === JSON.stringify(after?.labels)) return
        enqueue([...services.byIndex(BY_NAMESPACE, name)].map(({ key }) => key))
      }),
    ]
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }

  /** Every Service, those that hold an address first. */
  *firstPassKeys(): Iterable<string> {
    for (const { key } of firstPassOrder(this.#components.services.list())) yield key
  }

  /** Brings one Service to what it should be. */
  async reconcile(key: string, signal?: AbortSignal): Promise<Outcome> {
    const { services, logger, recordEvent } = this.#components
    const service = services.get(key)
    let decision: Decision | undefined
    try {
      if (!service) this.#forget(key)
      else if (service.deleting && isGuarded(service)) this.#waiting.delete(key)
      else decision = this.#decide(service)
    } finally {
      // Whatever became of this one, those after it wait for the same room.
      this.#components.enqueue(this.#waiting.next(key, (pool, family) => this.#allocator.hasRoom(pool, family)))
    }
    if (!service) return done
    if (!decision) return this.#letGo(service, signal)
    const desired = this.#desired(service, decision)
    if (!desired) return done
    const result = await this.#components.statusWriter.writeService(service, desired, { signal })
    // After a conflict the next attempt tells of it, if it still comes to that.
    if (result !== 'written') return outcomeOfWrite(result)
    for (const event of decision.events) {
      logger.info({ service: key, reason: event.reason, detail: event.message }, 'service status changed')
      recordEvent(service, event)
    }
    return done
  }

  /** A Service that is gone. */
  #forget(key: string): void {
    const before = heldBy(key, this.#allocator)
    this.#waiting.delete(key)
    const released = this.#allocator.release(key)
    if (!released) return
    const addresses = released.addresses.map(formatAddress)
    this.#components.logger.info({ service: key, addresses, pool: released.pool }, 'address released')
    this.#components.onPoolChanged(released.pool)
    this.#holderChanged(key)
    this.#askWaiting(newsOf(before, heldBy(key, this.#allocator), this.#allocator))
  }

  #decide(service: ServiceView): Decision {
    const { key } = service
    const poolBefore = this.#allocator.holding(key)?.pool
    const decision = converge(service, this.#world)
    const poolAfter = this.#allocator.holding(key)?.pool
    const freed = decision.freed.length > 0
    if (decision.desired?.condition && (poolAfter === undefined || decision.incomplete)) {
      this.#waiting.add(service, decision.awaits, poolAfter === undefined && decision.reason !== 'ForeignAddress')
    } else this.#waiting.delete(key)
    for (const pool of new Set([poolBefore, poolAfter]))
      if (pool !== undefined && (freed || pool !== poolBefore)) this.#components.onPoolChanged(pool)
    if (freed || poolAfter !== poolBefore) this.#holderChanged(key)
    if (freed) this.#askWaiting(decision.freed)
    return decision
  }

  /** What is written of a decision, with what is to be done about the finalizer. */
  #desired(service: ServiceView, { reason, desired }: Decision): DesiredServiceStatus | undefined {
    const handled = isHandled(service, this.#world.loadBalancerClass)
    const step = nextFinalizerStep(service, this.#cleanupFinalizer && handled && reason !== 'ForeignAddress')
    const written = desired && this.#written(service, desired)
    // Before its namespace is known nothing is written of a Service: soon it is looked at again.
    if (step === undefined || reason === 'UnknownNamespace') return written
    const finalizers = { [step]: [CLEANUP_FINALIZER] }
    const annotations = { ...written?.annotations, [FINALIZER_MARK]: step === 'add' ? 'true' : undefined }
    return { ...written, annotations, finalizers }
  }

  /**
   * A Service that is being deleted and waits for us: its addresses are taken out of the status in the same write that removes
   * the finalizer. They are free for others when the watch says that it is gone, or shows nothing any more.
   */
  async #letGo(service: ServiceView, signal: AbortSignal | undefined): Promise<Outcome> {
    // What another class's implementation shows is its own.
    const ours = isHandled(service, this.#world.loadBalancerClass)
    const result = await this.#components.statusWriter.writeService(
      service,
      {
        ...(ours && { addresses: [] }),
        annotations: { ...(ours && { [ALLOCATED_FROM]: undefined }), [FINALIZER_MARK]: undefined },
        finalizers: { remove: [CLEANUP_FINALIZER] },
      },
      { signal },
    )
    if (result === 'written') this.#components.logger.info({ service: service.key }, 'finalizer removed')
    return outcomeOfWrite(result)
  }

  #written(service: ServiceView, { addresses, pool, condition }: DesiredStatus): DesiredServiceStatus {
    const shown = service.conditions.find(({ type }) => type === ADDRESS_ALLOCATED)
    const next = condition && nextCondition(ADDRESS_ALLOCATED, condition, shown, this.#components.nowText())
    return {
      ...(addresses && { addresses: addresses.map(formatAddress) }),
      annotations: { [ALLOCATED_FROM]: pool },
      conditions: { [ADDRESS_ALLOCATED]: next },
    }
  }

  #poolChanged(name: string, after: PoolView | undefined): void {
    const { enqueue, onPoolChanged, pools } = this.#components
    const problemsBefore = this.#problems()
    this.#registry.put(name, after)
    const holders = this.#allocator.setPools(this.#registry.pools, pool => this.#registry.isRefused(pool))
    this.#reportRefused(problemsBefore)
    this.#components.onConfigurationChanged?.()
    // Another pool may stand or fall with this one, when they overlap.
    for (const pool of pools.list()) onPoolChanged(pool.name)
    const oldestFirst = firstPassOrder(
      holders.map(key => this.#components.services.get(key)).filter(service => service !== undefined),
    )
    enqueue([...oldestFirst.map(({ key }) => key), ...this.#waiting.oldestFirst()])
  }

  #reservationChanged(name: string, after: ReservationView | undefined): void {
    const { enqueue, onReservationChanged, reservations, logger } = this.#components
    this.#reservations.put(name, after)
    this.#components.onConfigurationChanged?.()
    const losers = this.#allocator.setReservations(this.#reservations.reservations)
    const problem = this.#reservations.problemOf(name)
    if (problem)
      logger.warn({ reservation: name, field: problem.field, problem: problem.message }, 'AddressReservation refused')
    // Another reservation may stand or fall with this one, when they overlap.
    for (const reservation of reservations.list()) onReservationChanged(reservation.name)
    enqueue([...losers, ...this.#waiting.oldestFirst()])
  }

  #holderChanged(key: string): void {
    for (const name of this.#reservations.namesFor(key)) this.#components.onReservationChanged(name)
  }

  #problems(): Map<string, NamedProblem | undefined> {
    return new Map(this.#registry.refused.map(name => [name, this.#registry.problemOf(name)]))
  }

  /** Each problem is logged when it comes to be, and when it is gone. */
  #reportRefused(before: ReadonlyMap<string, NamedProblem | undefined>): void {
    const { logger, pools } = this.#components
    const now = this.#problems()
    for (const [pool, problem] of now) {
      if (before.get(pool)?.message === problem?.message) continue
      logger.warn({ pool, field: problem?.field, problem: problem?.message }, 'IPAddressPool refused')
    }
    const names = new Set([...pools.list()].map(({ name }) => name))
    for (const pool of before.keys()) {
      if (!now.has(pool) && names.has(pool)) logger.info({ pool }, 'IPAddressPool is no longer refused')
    }
  }

  #askWaiting(news: readonly Awaited[]): void {
    this.#components.enqueue(this.#waiting.wake(news))
  }
}
