import type { TakeoverCause } from '../../layer2/claim-state.ts'
import { collectProcessMetrics } from '../common/process-metrics.ts'
import { Counter, Gauge, Histogram, Registry } from '../common/prometheus.ts'
import { BgpMetrics } from './bgp/bgp-metrics.ts'
import type { BgpPeerCounters } from './bgp/session-report.ts'
import type { LinkCounters, ReportedSession } from './link/link-messages.ts'

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
    'ARP requests and neighbour solicitations received for an announced address',
    ['ip'],
  )
  readonly #sent = this.#counter(
    'herald_layer2_responses_sent',
    'ARP replies and neighbour advertisements sent for an announced address',
    ['ip'],
  )
  readonly #gratuitous = this.#counter(
    'herald_layer2_gratuitous_sent',
    'Gratuitous ARP packets and unsolicited advertisements sent for an announced address',
    ['ip'],
  )
  readonly #dropped = this.#counter(
    'herald_layer2_packets_dropped',
    'Packets of ARP, neighbour discovery and liveness that were not taken, by reason',
    ['interface', 'protocol', 'reason'],
  )
  readonly #routersDropped = this.#counter(
    'herald_bgp_router_packets_dropped',
    'BFD packets and router advertisements of routers that were not taken, by reason',
    ['interface', 'protocol', 'reason'],
  )
  readonly #takeovers = this.#counter(
    'herald_layer2_takeovers_total',
    'Addresses that this node has taken over, on one interface each, by cause: elected, failure, handover, conflictOver',
    ['cause'],
  )
  readonly #takeoverSeconds = new Histogram({
    name: 'herald_layer2_takeover_duration_seconds',
    help: 'After a failure: from the last sign of the owner before to the first announcement from this node',
    buckets: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 2, 5, 10],
    registers: [this.#registry],
  })
  readonly #conflicts = this.#counter(
    'herald_layer2_conflicts_total',
    'Times that a host which is no speaker was found to use an address of ours',
  )
  readonly #stalls = this.#counter(
    'herald_layer2_stalls_total',
    'Times that this process did not run for so long that it had to ask for its addresses again',
  )
  readonly #sessions = this.#gauge(
    'herald_layer2_liveness_session_up',
    '1 while the speaker of a node that this one watches is heard, on every segment that they share',
    ['peer'],
  )
  readonly #bgp = new BgpMetrics({ registry: this.#registry })

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

  /** @param afterMs after a failure: how long the address had been without an owner */
  countTakeover(cause: TakeoverCause, afterMs: number | undefined): void {
    this.#takeovers.inc({ cause })
    if (afterMs !== undefined) this.#takeoverSeconds.observe(afterMs / 1_000)
  }

  /** The metrics in Prometheus' text format. */
  async render(): Promise<string> {
    const { announced, linkCounters, sessions, bgpPeers, configLoaded, configStale, nodeName: node } = this.#init
    const counters = await linkCounters()
    if (counters) this.#takeCounters(counters)
    this.#bgp.set(bgpPeers(), counters?.routerSessions ?? [])
    this.#announced.reset()
    for (const [protocol, rows] of Object.entries(announced)) {
      for (const { service, ip } of rows()) this.#announced.set({ service, protocol, node, ip }, 1)
    }
    this.#sessions.reset()
    for (const { node: peer, state } of sessions()) this.#sessions.set({ peer }, Number(state === 'Up'))
    this.#loaded.set(Number(configLoaded()))
    this.#stale.set(Number(configStale()))
    return this.#registry.metrics()
  }

  #takeCounters({ addresses, dropped, routersDropped, conflicts, stalls }: LinkCounters): void {
    const counters = [
      this.#received,
      this.#sent,
      this.#gratuitous,
      this.#dropped,
      this.#routersDropped,
      this.#conflicts,
      this.#stalls,
    ]
    for (const counter of counters) counter.reset()
    this.#conflicts.inc(conflicts)
    this.#stalls.inc(stalls)
    for (const { address: ip, requestsReceived, responsesSent, gratuitousSent } of addresses) {
      this.#received.inc({ ip }, requestsReceived)
      this.#sent.inc({ ip }, responsesSent)
      this.#gratuitous.inc({ ip }, gratuitousSent)
    }
    for (const { interface: name, protocol, reason, count } of dropped) {
      this.#dropped.inc({ interface: name, protocol, reason }, count)
    }
    for (const { interface: name, protocol, reason, count } of routersDropped) {
      this.#routersDropped.inc({ interface: name, protocol, reason }, count)
    }
  }

  #gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] })
  }

  #counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] })
  }
}
