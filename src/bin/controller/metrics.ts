import { countPool } from '../../controller/pool-status.ts'
import type { WriteResult } from '../../kubernetes/status-writer.ts'
import { collectProcessMetrics } from '../common/process-metrics.ts'
import { Counter, Gauge, Registry } from '../common/prometheus.ts'
import type { ServiceController } from './service-controller.ts'

/** The controller's metrics, under MetalLB's names with a prefix of our own. */
export class ControllerMetrics {
  readonly registry = new Registry()
  readonly #updates: Counter
  readonly #updateErrors: Counter

  constructor(
    source: Pick<ServiceController, 'pools' | 'allocator' | 'waiting'> & {
      refusedPools(): number
      /** how many Services are not announced, by reason */
      readonly unannounced: ReadonlyMap<string, number>
      isLeader(): boolean
    },
  ) {
    const registers = [this.registry]
    collectProcessMetrics(this.registry)
    this.#updates = new Counter({
      name: 'herald_k8s_client_updates_total',
      help: 'Service statuses written.',
      registers,
    })
    this.#updateErrors = new Counter({
      name: 'herald_k8s_client_update_errors_total',
      help: 'Service statuses that could not be written.',
      registers,
    })
    for (const [family, name] of [
      [undefined, ''],
      [4, '_ipv4'],
      [6, '_ipv6'],
    ] as const) {
      const kind = family ? `IPv${family} addresses` : 'Addresses'
      new Gauge({
        name: `herald_allocator${name}_addresses_total`,
        help: `${kind} that a pool has.`,
        labelNames: ['pool'],
        registers,
        collect() {
          this.reset()
          for (const pool of source.pools) {
            const { availableIPv4, availableIPv6 } = countPool(pool, { 4: 0, 6: 0 })
            const counts = { 4: availableIPv4, 6: availableIPv6 }
            this.set({ pool: pool.name }, Number(family ? counts[family] : availableIPv4 + availableIPv6))
          }
        },
      })
      new Gauge({
        name: `herald_allocator${name}_addresses_in_use_total`,
        help: `${kind} of a pool that Services hold.`,
        labelNames: ['pool'],
        registers,
        collect() {
          this.reset()
          for (const { name } of source.pools) {
            const inUse = source.allocator.inUse(name)
            this.set({ pool: name }, family ? inUse[family] : inUse[4] + inUse[6])
          }
        },
      })
    }
    const gauge = (name: string, help: string, value: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value())
        },
      })
    gauge('herald_k8s_client_config_loaded_bool', '1 once there is a pool in use.', () =>
      source.pools.length > 0 ? 1 : 0,
    )
    gauge('herald_k8s_client_config_stale_bool', '1 while a pool is refused.', () =>
      source.refusedPools() > 0 ? 1 : 0,
    )
    gauge('herald_controller_waiting_services', 'Services that wait for an address.', () => source.waiting)
    new Gauge({
      name: 'herald_controller_unannounced_services',
      help: 'Services with an address that no node announces, by the reason in their condition herald.io/Announced.',
      labelNames: ['reason'],
      registers,
      collect() {
        this.reset()
        for (const [reason, count] of source.unannounced) this.set({ reason }, count)
      },
    })
    gauge('herald_controller_leader_bool', '1 while this replica allocates.', () => (source.isLeader() ? 1 : 0))
  }

  countWrite(result: WriteResult | 'failed'): void {
    if (result === 'written') this.#updates.inc()
    else if (result === 'failed' || result === 'conflict') this.#updateErrors.inc()
  }
}
