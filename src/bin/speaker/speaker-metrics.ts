import type { TakeoverCause } from '../../layer2/claim-state.ts'
import type { MetricSet } from '../common/metric-set.ts'
import type { Counter, Gauge, Histogram } from '../common/prometheus.ts'
import { BgpMetrics } from './bgp/bgp-metrics.ts'
import type { BgpPeerCounters } from './bgp/session-report.ts'
import type { LinkCounters, ReportedSession } from './link/link-messages.ts'
import { LinkMetrics } from './link/link-metrics.ts'

/** An address announced for a Service. */
export interface AnnouncedRow {
  readonly service: string
  readonly ip: string
}

export type AnnouncingProtocol = 'layer2' | 'bgp'

export interface SpeakerMetricsInit {
  nodeName: string
  /** asked at each scrape */
  announced: Readonly<Record<AnnouncingProtocol, () => Iterable<AnnouncedRow>>>
  /** asked at each scrape; undefined when the link thread does not answer */
  linkCounters: () => Promise<LinkCounters | undefined>
  /** the liveness sessions with other speakers */
  sessions: () => Iterable<ReportedSession>
  bgpPeers: () => readonly BgpPeerCounters[]
  configLoaded: () => boolean
  configStale: () => boolean
}

/** The speaker's metrics. All are read from what is there when Prometheus asks; nothing is counted twice. */
export class SpeakerMetrics {
  readonly #init: SpeakerMetricsInit
  readonly #metrics: MetricSet
  readonly #announced: Gauge
  readonly #loaded: Gauge
  readonly #stale: Gauge
  readonly #updates: Counter
  readonly #updateErrors: Counter
  readonly #link: LinkMetrics
  readonly #takeovers: Counter
  readonly #takeoverSeconds: Histogram
  readonly #sessions: Gauge
  readonly #bgp: BgpMetrics

  constructor({ metrics }: { metrics: MetricSet }, init: SpeakerMetricsInit) {
    this.#init = init
    this.#metrics = metrics
    this.#announced = metrics.gauge('speaker_announced', 'Addresses announced from this node, for each Service', [
      ...['service', 'protocol', 'node', 'ip'],
    ])
    this.#loaded = metrics.gauge('k8s_client_config_loaded_bool', '1 once pools and advertisements have been read')
    this.#stale = metrics.gauge(
      'k8s_client_config_stale_bool',
      '1 while some pool or advertisement is refused; the others are used',
    )
    this.#updates = metrics.counter('k8s_client_updates_total', 'Changes of Kubernetes objects that have been taken in')
    this.#updateErrors = metrics.counter(
      'k8s_client_update_errors_total',
      'Times that a pool or an advertisement had to be refused',
    )
    this.#link = new LinkMetrics({ metrics })
    this.#takeovers = metrics.counter(
      'layer2_takeovers_total',
      'Addresses that this node has taken over, on one interface each, by cause: elected, failure, handover, conflictOver',
      ['cause'],
    )
    this.#takeoverSeconds = metrics.histogram(
      'layer2_takeover_duration_seconds',
      'After a failure: from the last sign of the owner before to the first announcement from this node',
      [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 2, 5, 10],
    )
    this.#sessions = metrics.gauge(
      'layer2_liveness_session_up',
      '1 while the speaker of a node that this one watches is heard, on every segment that they share',
      ['peer'],
    )
    this.#bgp = new BgpMetrics({ metrics })
  }

  get contentType(): string {
    return this.#metrics.contentType
  }

  countUpdate(): void {
    this.#updates.inc()
  }

  countUpdateError(): void {
    this.#updateErrors.inc()
  }

  /** @param afterMs after a failure: how long the address had been without an owner */
  countTakeover(cause: TakeoverCause, afterMs: number | undefined): void {
    this.#takeovers.inc({ cause })
    if (afterMs !== undefined) this.#takeoverSeconds.observe(afterMs / 1_000)
  }

  /** The metrics in Prometheus' text format. */
  async render(): Promise<string> {
    const { announced, linkCounters, sessions, bgpPeers, configLoaded, configStale, nodeName: node } = this.#init
    const counters = await linkCounters()
    if (counters) this.#link.set(counters)
    this.#bgp.set(bgpPeers(), counters?.routerSessions ?? [])
    this.#announced.reset()
    for (const [protocol, rows] of Object.entries(announced)) {
      for (const { service, ip } of rows()) this.#announced.set({ service, protocol, node, ip }, 1)
    }
    this.#sessions.reset()
    for (const { node: peer, state } of sessions()) this.#sessions.set({ peer }, Number(state === 'Up'))
    this.#loaded.set(Number(configLoaded()))
    this.#stale.set(Number(configStale()))
    return this.#metrics.render()
  }
}
