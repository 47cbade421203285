import assert from 'node:assert/strict'
import type { ReservationView } from '../../src/bin/controller/reservation-status.ts'
import {
  BY_NAMESPACE,
  type NamespaceView,
  type PoolView,
  ServiceController,
} from '../../src/bin/controller/service-controller.ts'
import { ADDRESS_ALLOCATED } from '../../src/controller/conditions.ts'
import type { ServiceEvent } from '../../src/controller/converge.ts'
import { silentLogger } from '../../src/kubernetes/logger.ts'
import { serviceStatusPatch } from '../../src/kubernetes/status-writer.ts'
import { Store } from '../../src/kubernetes/store.ts'
import type { Condition, ServiceView } from '../../src/resources/service.ts'
import { service } from './services.ts'

/** What a test says of a Service; its status is the controller's. */
export interface SimulatedService {
  annotations?: Record<string, string>
  labels?: Record<string, string>
  /** what the status shows, written by somebody else; by default what the controller wrote */
  ingress?: ServiceView['ingress']
  spec?: Parameters<typeof service>[1] extends infer P ? (P extends { spec?: infer S } ? S : never) : never
}

/**
 * The stores of a cluster with a controller on them, without any server: what the controller writes stands in the store at
 * once. One namespace, `default`.
 */
export class SimulatedCluster {
  readonly #services = new Store<ServiceView>({ indexes: { [BY_NAMESPACE]: ({ namespace }) => [namespace] } })
  readonly #namespaces = new Store<NamespaceView>()
  readonly #pools = new Store<PoolView>()
  readonly #reservations = new Store<ReservationView>()
  readonly #queue = new Set<string>()
  #version = 1
  #controller: ServiceController
  /** how often a Service was looked at */
  reconciles = 0
  /** status writes so far */
  writes = 0
  readonly #events: { key: string; event: ServiceEvent }[] = []

  readonly #loadBalancerClass: string

  constructor({ loadBalancerClass = '' }: { loadBalancerClass?: string } = {}) {
    this.#loadBalancerClass = loadBalancerClass
    this.labelNamespace({})
    this.#controller = this.#start()
  }

  get controller(): ServiceController {
    return this.#controller
  }

  services(): ServiceView[] {
    return [...this.#services.list()]
  }

  /** The addresses and pools of all Services. */
  snapshot(): Record<string, unknown> {
    return Object.fromEntries(
      this.services().map(({ key, ingress, annotations }) => [
        key,
        [ingress, annotations['metallb.io/ip-allocated-from-pool']],
      ]),
    )
  }

  /** What the Service shows. */
  addresses(name: string): string[] {
    return (this.#services.get(`default/${name}`)?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '')
  }

  /** The Service's condition herald.io/AddressAllocated. */
  condition(name: string): Condition | undefined {
    return this.#services.get(`default/${name}`)?.conditions.find(({ type }) => type === ADDRESS_ALLOCATED)
  }

  /** The events of a Service since the last call. */
  takeEvents(name: string): ServiceEvent[] {
    const taken = this.#events.filter(({ key }) => key === `default/${name}`)
    for (const one of taken) this.#events.splice(this.#events.indexOf(one), 1)
    return taken.map(({ event }) => event)
  }

  labelNamespace(labels: Record<string, string>): void {
    this.#namespaces.upsert('default', String(this.#version++), { labels })
  }

  putService(name: string, { annotations = {}, labels = {}, ingress, spec = {} }: SimulatedService): void {
    const before = this.#services.get(`default/${name}`)
    const ours = 'metallb.io/ip-allocated-from-pool'
    const kept = before?.annotations[ours]
    const view = service(name, {
      metadata: {
        creationTimestamp: new Date(before?.createdAtMs ?? this.#version * 1_000).toISOString(),
        annotations: { ...annotations, ...(kept !== undefined && { [ours]: kept }) },
        labels,
      },
      spec,
    })
    // The API server itself empties the status of a Service that is no load balancer any more.
    const status = view.type === 'LoadBalancer' ? { ingress: ingress ?? before?.ingress ?? [] } : { ingress: [] }
    this.#put({ ...view, ...status, conditions: before?.conditions ?? [] })
  }

  deleteService(name: string): void {
    this.#services.delete(`default/${name}`)
  }

  putPool(name: string, spec: PoolView['spec']): void {
    const before = this.#pools.get(`h/${name}`)
    const resourceVersion = String(this.#version++)
    const creationTimestamp = before?.metadata?.creationTimestamp ?? new Date(this.#version * 1_000).toISOString()
    const generation = this.#version
    this.#pools.upsert(`h/${name}`, resourceVersion, {
      namespace: 'h',
      name,
      uid: name,
      resourceVersion,
      metadata: { name, creationTimestamp, generation },
      ...(spec && { spec }),
      ...(before?.status && { status: before.status }),
    })
  }

  deletePool(name: string): void {
    this.#pools.delete(`h/${name}`)
  }

  pool(key: string): PoolView | undefined {
    return this.#pools.get(key)
  }

  reservation(key: string): ReservationView | undefined {
    return this.#reservations.get(key)
  }

  putReservation(name: string, addresses: string[], owner?: string): void {
    this.putReservationSpec(name, {
      addresses,
      ...(owner !== undefined && { service: { namespace: 'default', name: owner } }),
    })
  }

  putReservationSpec(name: string, spec: ReservationView['spec']): void {
    const before = this.#reservations.get(`h/${name}`)
    const resourceVersion = String(this.#version++)
    const creationTimestamp = before?.metadata?.creationTimestamp ?? new Date(this.#version * 1_000).toISOString()
    const view = {
      namespace: 'h',
      name,
      uid: name,
      resourceVersion,
      metadata: { name, creationTimestamp },
      ...(spec && { spec }),
    }
    this.#reservations.upsert(`h/${name}`, resourceVersion, view)
  }

  deleteReservation(name: string): void {
    this.#reservations.delete(`h/${name}`)
  }

  /** A new controller, which knows what the stores hold and nothing else. */
  restart(): void {
    this.#controller.stop()
    this.#queue.clear()
    this.#controller = this.#start()
    for (const key of this.#controller.firstPassKeys()) this.#queue.add(key)
  }

  askEverybody(): void {
    for (const key of this.#services.keys()) this.#queue.add(key)
  }

  /** Runs the controller until it wants nothing more. */
  async settle(): Promise<void> {
    let rounds = 0
    for (const key of this.#queue) {
      this.#queue.delete(key)
      assert.ok(rounds++ < 5_000, 'the controller comes to rest')
      this.reconciles++
      const outcome = await this.#controller.reconcile(key)
      assert.equal(outcome.kind, 'done')
    }
    this.#writePoolConditions()
  }

  #start(): ServiceController {
    const controller = new ServiceController(
      {
        services: this.#services,
        namespaces: this.#namespaces,
        pools: this.#pools,
        reservations: this.#reservations,
        logger: silentLogger,
        nowText: () => '2026-01-01T00:00:00Z',
        enqueue: keys => {
          for (const key of keys) this.#queue.add(key)
        },
        statusWriter: {
          writeService: async (view, desired) => {
            const before = this.#services.get(`${view.namespace}/${view.name}`)
            if (!before || !serviceStatusPatch(before, desired)) return 'unchanged'
            this.writes++
            const annotations = { ...before.annotations }
            for (const [key, value] of Object.entries(desired.annotations ?? {})) {
              if (value === undefined) delete annotations[key]
              else annotations[key] = value
            }
            const conditions = Object.values(desired.conditions ?? {}).filter(
              (one): one is Condition => one !== undefined,
            )
            const ingress = desired.addresses ? desired.addresses.map(ip => ({ ip, ipMode: 'VIP' })) : before.ingress
            this.#put({ ...before, annotations, conditions, ingress })
            return 'written'
          },
        },
        recordEvent: ({ key }, event) => void this.#events.push({ key, event }),
        onPoolChanged: () => {},
        onReservationChanged: () => {},
      },
      { loadBalancerClass: this.#loadBalancerClass },
    )
    controller.start()
    return controller
  }

  #put(view: ServiceView): void {
    const resourceVersion = String(this.#version++)
    this.#services.upsert(view.key, resourceVersion, { ...view, resourceVersion })
  }

  /** What the controller's pool status would say: a restart reads from it which pools stood. */
  #writePoolConditions(): void {
    for (const [key, pool] of [...this.#pools.entries()]) {
      const status = this.#controller.problemOf(pool.name) ? 'False' : 'True'
      const observedGeneration = pool.metadata?.generation
      const condition = {
        type: 'Accepted',
        status,
        reason: 'x',
        message: '',
        lastTransitionTime: '',
        observedGeneration,
      } as Condition
      const resourceVersion = String(this.#version++)
      this.#pools.upsert(key, resourceVersion, { ...pool, resourceVersion, status: { conditions: [condition] } })
    }
  }
}
