import { collectProcessMetrics } from './process-metrics.ts'
import { Counter, Gauge, Histogram, Registry } from './prometheus.ts'

/** What a metric is, apart from its value. */
export interface MetricDescription {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  readonly help: string
}

/** What prom-client keeps of a metric and does not declare. */
interface RegisteredMetric {
  readonly type: MetricDescription['type']
  readonly labelNames: readonly string[]
}

/** The metrics of one process. Names are given without the prefix that all of Herald's own have. */
export class MetricSet {
  readonly contentType: string
  readonly #prefix: string
  readonly #registry = new Registry()

  /**
   * @param init.prefix such as "herald"; the names of what every process has, such as process_cpu_seconds_total, do without it
   * @param init.loopDelayMs asked at each scrape: how long timers were kept waiting since the last one, at most
   */
  constructor({ prefix, loopDelayMs = () => 0 }: { prefix: string; loopDelayMs?: () => number }) {
    this.#prefix = prefix
    this.contentType = this.#registry.contentType
    collectProcessMetrics(this.#registry, { loopDelayMs })
  }

  /** @param collect sets the values, at each scrape */
  gauge(name: string, help: string, labelNames: string[] = [], collect?: (gauge: Gauge) => void): Gauge {
    return new Gauge({ ...this.#common(name, help), labelNames, ...(collect && { collect: onCollect(collect) }) })
  }

  counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ ...this.#common(name, help), labelNames })
  }

  histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ ...this.#common(name, help), buckets })
  }

  /** All values, in Prometheus' text format. */
  render(): Promise<string> {
    return this.#registry.metrics()
  }

  /** All metrics, in the order in which they were made. */
  describe(): MetricDescription[] {
    return this.#registry.getMetricsAsArray().map(metric => {
      const { type, labelNames } = metric as unknown as RegisteredMetric
      return { name: metric.name, type, labels: labelNames, help: metric.help }
    })
  }

  #common(name: string, help: string) {
    return { name: `${this.#prefix}_${name}`, help, registers: [this.#registry] }
  }
}

// The package hands the metric to its collect functions as `this`.
function onCollect(collect: (gauge: Gauge) => void) {
  return function (this: Gauge) {
    collect(this)
  }
}
