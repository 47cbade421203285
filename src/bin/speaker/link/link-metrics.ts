import type { MetricSet } from '../../common/metric-set.ts'
import type { Counter } from '../../common/prometheus.ts'
import type { LinkCounters } from './link-messages.ts'

/** What the link thread counts. It keeps the sums; here they are shown. */
export class LinkMetrics {
  readonly #received: Counter
  readonly #sent: Counter
  readonly #gratuitous: Counter
  readonly #dropped: Counter
  readonly #routersDropped: Counter
  readonly #conflicts: Counter
  readonly #stalls: Counter

  constructor({ metrics }: { metrics: MetricSet }) {
    const ofAddress = (name: string, help: string) => metrics.counter(`layer2_${name}`, help, ['ip'])
    const drops = ['interface', 'protocol', 'reason']
    this.#received = ofAddress(
      'requests_received',
      'ARP requests and neighbour solicitations received for an announced address',
    )
    this.#sent = ofAddress('responses_sent', 'ARP replies and neighbour advertisements sent for an announced address')
    this.#gratuitous = ofAddress(
      'gratuitous_sent',
      'Gratuitous ARP packets and unsolicited advertisements sent for an announced address',
    )
    this.#dropped = metrics.counter(
      'layer2_packets_dropped',
      'Packets of ARP, neighbour discovery and liveness that were not taken, by reason',
      drops,
    )
    this.#routersDropped = metrics.counter(
      'bgp_router_packets_dropped',
      'BFD packets and router advertisements of routers that were not taken, by reason',
      drops,
    )
    this.#conflicts = metrics.counter(
      'layer2_conflicts_total',
      'Times that a host which is no speaker was found to use an address of ours',
    )
    this.#stalls = metrics.counter(
      'layer2_stalls_total',
      'Times that this process did not run for so long that it had to ask for its addresses again',
    )
  }

  /** Takes the sums as they are now. */
  set({ addresses, dropped, routersDropped, conflicts, stalls }: LinkCounters): void {
    for (const counter of [this.#received, this.#sent, this.#gratuitous, this.#conflicts, this.#stalls]) counter.reset()
    this.#conflicts.inc(conflicts)
    this.#stalls.inc(stalls)
    for (const { address: ip, requestsReceived, responsesSent, gratuitousSent } of addresses) {
      this.#received.inc({ ip }, requestsReceived)
      this.#sent.inc({ ip }, responsesSent)
      this.#gratuitous.inc({ ip }, gratuitousSent)
    }
    setDropped(this.#dropped, dropped)
    setDropped(this.#routersDropped, routersDropped)
  }
}

function setDropped(counter: Counter, rows: LinkCounters['dropped']): void {
  counter.reset()
  for (const { interface: name, protocol, reason, count } of rows) {
    counter.inc({ interface: name, protocol, reason }, count)
  }
}
