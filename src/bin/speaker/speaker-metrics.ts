import { collectProcessMetrics } from '../common/process-metrics.ts'
import { Counter, Gauge, Registry } from '../common/prometheus.ts'
import type { LinkCounters } from './link-messages.ts'

/** An address announced for a Service. */
export interface AnnouncedRow {
  readonly service: string
  readonly ip: string
}

export interface SpeakerMetricsInit {
  nodeName: string
  /** asked at each scrape */
  announced: () => Iterable<AnnouncedRow>
  /** asked at each scrape; undefined when the link thread does not answer */
  linkCounters: () => Promise<LinkCounters | undefined>
  configLoaded: () => boolean
  configStale: () => boolean
}

/** The speaker's metrics. All are read from what is there when Prometheus asks; nothing is counted twice. */
export class SpeakerMetrics {
  readonly contentType: string
  readonly #init: SpeakerMetricsInit
  readonly #registry = new Registry()
  readonly #announced = this.#gauge(
    'herald_speaker_announced',
    'Addresses announced from this node, for each Service',
    ['service', 'protocol', 'node', 'ip'],
  )
  readonly #loaded = this.#gauge(
    'herald_k8s_client_config_loaded_bool',
    '1 once pools and advertisements have been read',
  )
  readonly #stale = this.#gauge(
    'herald_k8s_client_config_stale_bool',
    '1 while some pool or advertisement is refused; the others are used',
  )
  readonly #updates = this.#counter(
    'herald_k8s_client_updates_total',
    'Changes of Kubernetes objects that have been taken in',
  )
  readonly #updateErrors = this.#counter(
    'herald_k8s_client_update_errors_total',
    'Times that a pool or an advertisement had to be refused',
  )
  readonly #received = this.#counter(
    'herald_layer2_requests_received',
    'ARP requests received for an announced address',
    ['ip'],
  )
  readonly #sent = this.#counter('herald_layer2_responses_sent', 'ARP replies sent for an announced address', ['ip'])
  readonly #gratuitous = this.#counter(
    'herald_layer2_gratuitous_sent',
    'Gratuitous ARP packets sent for an announced address',
    ['ip'],
  )
  readonly #dropped = this.#counter('herald_layer2_packets_dropped', 'ARP packets that were not answered, by reason', [
    'interface',
    'reason',
  ])

  constructor(init: SpeakerMetricsInit) {
    this.#init = init
    this.contentType = this.#registry.contentType
    collectProcessMetrics(this.#registry)
  }

  countUpdate(): void {
    this.#updates.inc()
  }

  countUpdateError(): void {
    this.#updateErrors.inc()
  }

  /** The metrics in Prometheus' text format. */
  async render(): Promise<string> {
    const { announced, linkCounters, configLoaded, configStale, nodeName } = this.#init
    const counters = await linkCounters()
    if (counters) this.#takeCounters(counters)
    this.#announced.reset()
    for (const { service, ip } of announced())
      this.#announced.set({ service, protocol: 'layer2', node: nodeName, ip }, 1)
    this.#loaded.set(Number(configLoaded()))
    this.#stale.set(Number(configStale()))
    return this.#registry.metrics()
  }

  #takeCounters({ addresses, dropped }: LinkCounters): void {
    for (const counter of [this.#received, this.#sent, this.#gratuitous, this.#dropped]) counter.reset()
    for (const { address: ip, requestsReceived, responsesSent, gratuitousSent } of addresses) {
      this.#received.inc({ ip }, requestsReceived)
      this.#sent.inc({ ip }, responsesSent)
      this.#gratuitous.inc({ ip }, gratuitousSent)
    }
    for (const { interface: name, reason, count } of dropped) this.#dropped.inc({ interface: name, reason }, count)
  }

  #gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] })
  }

  #counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] })
  }
}
