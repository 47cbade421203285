import { countPool } from '../../controller/pool-status.ts'
import type { WriteResult } from '../../kubernetes/status-writer.ts'
import type { MetricSet } from '../common/metric-set.ts'
import type { Counter } from '../common/prometheus.ts'
import type { ServiceController } from './service-controller.ts'

/** Where the values come from; asked at each scrape. */
export interface ControllerMetricsSource extends Pick<ServiceController, 'pools' | 'allocator' | 'waiting'> {
  configLoaded(): boolean
  refusedPools(): number
  /** how many Services are not announced, by reason */
  readonly unannounced: ReadonlyMap<string, number>
  isLeader(): boolean
}

const FAMILIES = [
  [undefined, '', 'Addresses'],
  [4, '_ipv4', 'IPv4 addresses'],
  [6, '_ipv6', 'IPv6 addresses'],
] as const

/** The controller's metrics, under the names that MetalLB's users know. */
export class ControllerMetrics {
  readonly #updates: Counter
  readonly #updateErrors: Counter

  constructor({ metrics, source }: { metrics: MetricSet; source: ControllerMetricsSource }) {
    this.#updates = metrics.counter('k8s_client_updates_total', 'Service statuses written')
    this.#updateErrors = metrics.counter('k8s_client_update_errors_total', 'Service statuses that could not be written')
    for (const [family, infix, kind] of FAMILIES) {
      metrics.gauge(`allocator${infix}_addresses_total`, `${kind} that a pool has`, ['pool'], gauge => {
        gauge.reset()
        for (const pool of source.pools) {
          const { availableIPv4, availableIPv6 } = countPool(pool, { 4: 0, 6: 0 })
          const counts = { 4: availableIPv4, 6: availableIPv6 }
          gauge.set({ pool: pool.name }, Number(family ? counts[family] : availableIPv4 + availableIPv6))
        }
      })
      metrics.gauge(
        `allocator${infix}_addresses_in_use_total`,
        `${kind} of a pool that Services hold`,
        ['pool'],
        gauge => {
          gauge.reset()
          for (const { name } of source.pools) {
            const inUse = source.allocator.inUse(name)
            gauge.set({ pool: name }, family ? inUse[family] : inUse[4] + inUse[6])
          }
        },
      )
    }
    const single = (name: string, help: string, value: () => number) =>
      metrics.gauge(name, help, [], gauge => gauge.set(value()))
    single('k8s_client_config_loaded_bool', '1 once the configuration has been read', () =>
      Number(source.configLoaded()),
    )
    single('k8s_client_config_stale_bool', '1 while a pool is refused; the others are used', () =>
      Number(source.refusedPools() > 0),
    )
    single('controller_waiting_services', 'Services that wait for an address', () => source.waiting)
    metrics.gauge(
      'controller_unannounced_services',
      'Services with an address that no node announces, by the reason in their condition herald.io/Announced',
      ['reason'],
      gauge => {
        gauge.reset()
        for (const [reason, count] of source.unannounced) gauge.set({ reason }, count)
      },
    )
    single('controller_leader_bool', '1 while this replica allocates', () => Number(source.isLeader()))
  }

  countWrite(result: WriteResult | 'failed'): void {
    if (result === 'written') this.#updates.inc()
    else if (result === 'failed' || result === 'conflict') this.#updateErrors.inc()
  }
}
