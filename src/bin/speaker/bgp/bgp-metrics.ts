import type { RouterSessionCounters } from '../../../bfd/router-session.ts'
import { formatAddress } from '../../../ip/address.ts'
import { Counter, Gauge, type Registry } from '../../common/prometheus.ts'
import type { BgpPeerCounters, MessageCounts } from './session-report.ts'

interface MetricOf<Subject> {
  readonly kind: typeof Gauge | typeof Counter
  readonly help: string
  value(subject: Subject): number
}

const total = (counts: MessageCounts): number => Object.values(counts).reduce((sum, count) => sum + count, 0)

const PEER_METRICS: Readonly<Record<string, MetricOf<BgpPeerCounters>>> = {
  session_up: {
    kind: Gauge,
    help: '1 while the BGP session with the peer is established',
    value: ({ established }) => Number(established),
  },
  announced_prefixes_total: {
    kind: Gauge,
    help: 'Prefixes that the peer has been told',
    value: ({ prefixesSent }) => prefixesSent,
  },
  pending_prefixes_total: {
    kind: Gauge,
    help: 'Prefixes that the peer is to be told, with those that it has been told',
    value: ({ prefixesWanted }) => prefixesWanted,
  },
  opens_sent: { kind: Counter, help: 'BGP OPEN messages sent', value: ({ sent }) => sent.open },
  opens_received: { kind: Counter, help: 'BGP OPEN messages received', value: ({ received }) => received.open },
  notifications_sent: {
    kind: Counter,
    help: 'BGP NOTIFICATION messages sent',
    value: ({ sent }) => sent.notification,
  },
  notifications_received: {
    kind: Counter,
    help: 'BGP NOTIFICATION messages received',
    value: ({ received }) => received.notification,
  },
  updates_total: { kind: Counter, help: 'BGP UPDATE messages sent', value: ({ sent }) => sent.update },
  updates_total_received: {
    kind: Counter,
    help: 'BGP UPDATE messages received',
    value: ({ received }) => received.update,
  },
  keepalives_sent: { kind: Counter, help: 'BGP KEEPALIVE messages sent', value: ({ sent }) => sent.keepalive },
  keepalives_received: {
    kind: Counter,
    help: 'BGP KEEPALIVE messages received',
    value: ({ received }) => received.keepalive,
  },
  route_refresh_sent: {
    kind: Counter,
    help: 'BGP ROUTE-REFRESH messages sent',
    value: ({ sent }) => sent.routeRefresh,
  },
  total_sent: { kind: Counter, help: 'BGP messages sent', value: ({ sent }) => total(sent) },
  total_received: { kind: Counter, help: 'BGP messages received', value: ({ received }) => total(received) },
  session_establishments_total: {
    kind: Counter,
    help: 'Times that a BGP session with the peer was established',
    value: ({ establishments }) => establishments,
  },
  attribute_problems_total: {
    kind: Counter,
    help: 'Faulty attributes in UPDATE messages of the peer (RFC 7606)',
    value: ({ attributeProblems }) => attributeProblems,
  },
}

const BFD_METRICS: Readonly<Record<string, MetricOf<RouterSessionCounters>>> = {
  session_up: { kind: Gauge, help: '1 while the BFD session with the router is up', value: ({ up }) => Number(up) },
  control_packet_input: {
    kind: Counter,
    help: 'BFD control packets received',
    value: ({ packetsReceived }) => packetsReceived,
  },
  control_packet_output: { kind: Counter, help: 'BFD control packets sent', value: ({ packetsSent }) => packetsSent },
  session_up_events: { kind: Counter, help: 'Times that the BFD session came up', value: ({ upEvents }) => upEvents },
  session_down_events: {
    kind: Counter,
    help: 'Times that the BFD session went down',
    value: ({ downEvents }) => downEvents,
  },
}

/** The metrics of the sessions with routers, under the names that MetalLB's users know; the label `peer` is the router's address. */
export class BgpMetrics {
  readonly #peers: (peers: readonly BgpPeerCounters[]) => void
  readonly #bfdSessions: (sessions: readonly RouterSessionCounters[]) => void

  constructor({ registry }: { registry: Registry }) {
    this.#peers = register(registry, 'herald_bgp_', PEER_METRICS, ({ address, peer }) => address ?? peer)
    this.#bfdSessions = register(registry, 'herald_bfd_', BFD_METRICS, ({ address }) => formatAddress(address))
  }

  /** Takes everything that has been counted until now. */
  set(peers: readonly BgpPeerCounters[], bfdSessions: readonly RouterSessionCounters[]): void {
    this.#peers(peers)
    this.#bfdSessions(bfdSessions)
  }
}

/** @returns what shows the values of all that there are */
function register<Subject extends { readonly vrf?: string }>(
  registry: Registry,
  prefix: string,
  table: Readonly<Record<string, MetricOf<Subject>>>,
  peerOf: (subject: Subject) => string,
): (subjects: readonly Subject[]) => void {
  const metrics = Object.entries(table).map(([name, { kind: Metric, help, value }]) => {
    const metric = new Metric({ name: prefix + name, help, labelNames: ['peer', 'vrf'], registers: [registry] })
    return { metric, value }
  })
  return subjects => {
    for (const { metric, value } of metrics) {
      metric.reset()
      for (const subject of subjects) metric.inc({ peer: peerOf(subject), vrf: subject.vrf ?? '' }, value(subject))
    }
  }
}
