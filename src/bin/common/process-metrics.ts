import { Counter, Gauge, type Registry } from './prometheus.ts'

/**
 * The process's own metrics, under the names of prom-client's defaults. All are read when Prometheus asks: the defaults' histogram of the
 * event loop wakes an idle process a hundred times a second, and their watching of the garbage collector costs memory.
 */
export function collectProcessMetrics(registry: Registry, { loopDelayMs }: { loopDelayMs: () => number }): void {
  const registers = [registry]
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  const cpuSeconds = (kind: 'user' | 'system') => process.cpuUsage()[kind] / 1e6

  counter('process_cpu_user_seconds_total', 'User CPU time of all threads', () => cpuSeconds('user'))
  counter('process_cpu_system_seconds_total', 'System CPU time of all threads', () => cpuSeconds('system'))
  counter('process_cpu_seconds_total', 'CPU time of all threads', () => cpuSeconds('user') + cpuSeconds('system'))
  gauge('process_start_time_seconds', 'When the process started, in seconds since 1970', () =>
    Math.round(performance.timeOrigin / 1000),
  )
  gauge('process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss())
  gauge('nodejs_heap_size_total_bytes', "The main thread's heap", () => process.memoryUsage().heapTotal)
  gauge('nodejs_heap_size_used_bytes', "The used part of the main thread's heap", () => process.memoryUsage().heapUsed)
  gauge(
    'nodejs_eventloop_utilization',
    'The busy share of the main thread since the start',
    () => performance.eventLoopUtilization().utilization,
  )
  gauge(
    'nodejs_eventloop_lag_max_seconds',
    'How long the main thread kept a timer waiting at most, since the last scrape',
    () => loopDelayMs() / 1_000,
  )
}
