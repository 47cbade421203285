import type { RouterSessionCounters } from '../../../bfd/router-session.ts'
import { formatAddress } from '../../../ip/address.ts'
import type { MetricSet } from '../../common/metric-set.ts'
import type { BgpPeerCounters, MessageCounts } from './session-report.ts'

interface MetricOf<Subject> {
  readonly kind: 'gauge' | 'counter'
  readonly help: string
  value(subject: Subject): number
  /** Of several sessions with one address: what each has counted is added up, unless the least of them counts for all. */
  readonly least?: true
}

const total = (counts: MessageCounts): number => Object.values(counts).reduce((sum, count) => sum + count, 0)

const PEER_METRICS: Readonly<Record<string, MetricOf<BgpPeerCounters>>> = {
  session_up: {
    kind: 'gauge',
    help: '1 while the BGP session with the peer is established; of several with one address, every one',
    value: ({ established }) => Number(established),
    least: true,
  },
  announced_prefixes_total: {
    kind: 'gauge',
    help: 'Prefixes that the peer has been told',
    value: ({ prefixesSent }) => prefixesSent,
  },
  pending_prefixes_total: {
    kind: 'gauge',
    help: 'Prefixes that the peer is to be told, with those that it has been told',
    value: ({ prefixesWanted }) => prefixesWanted,
  },
  opens_sent: { kind: 'counter', help: 'BGP OPEN messages sent', value: ({ sent }) => sent.open },
  opens_received: { kind: 'counter', help: 'BGP OPEN messages received', value: ({ received }) => received.open },
  notifications_sent: {
    kind: 'counter',
    help: 'BGP NOTIFICATION messages sent',
    value: ({ sent }) => sent.notification,
  },
  notifications_received: {
    kind: 'counter',
    help: 'BGP NOTIFICATION messages received',
    value: ({ received }) => received.notification,
  },
  updates_total: { kind: 'counter', help: 'BGP UPDATE messages sent', value: ({ sent }) => sent.update },
  updates_total_received: {
    kind: 'counter',
    help: 'BGP UPDATE messages received',
    value: ({ received }) => received.update,
  },
  keepalives_sent: { kind: 'counter', help: 'BGP KEEPALIVE messages sent', value: ({ sent }) => sent.keepalive },
  keepalives_received: {
    kind: 'counter',
    help: 'BGP KEEPALIVE messages received',
    value: ({ received }) => received.keepalive,
  },
  route_refresh_sent: {
    kind: 'counter',
    help: 'BGP ROUTE-REFRESH messages sent',
    value: ({ sent }) => sent.routeRefresh,
  },
  total_sent: { kind: 'counter', help: 'BGP messages sent', value: ({ sent }) => total(sent) },
  total_received: { kind: 'counter', help: 'BGP messages received', value: ({ received }) => total(received) },
  session_establishments_total: {
    kind: 'counter',
    help: 'Times that a BGP session with the peer was established',
    value: ({ establishments }) => establishments,
  },
  attribute_problems_total: {
    kind: 'counter',
    help: 'Faulty attributes in UPDATE messages of the peer (RFC 7606)',
    value: ({ attributeProblems }) => attributeProblems,
  },
}

const BFD_METRICS: Readonly<Record<string, MetricOf<RouterSessionCounters>>> = {
  session_up: {
    kind: 'gauge',
    help: '1 while the BFD session with the router is up; of several with one address, every one',
    value: ({ up }) => Number(up),
    least: true,
  },
  control_packet_input: {
    kind: 'counter',
    help: 'BFD control packets received',
    value: ({ packetsReceived }) => packetsReceived,
  },
  control_packet_output: { kind: 'counter', help: 'BFD control packets sent', value: ({ packetsSent }) => packetsSent },
  session_up_events: { kind: 'counter', help: 'Times that the BFD session came up', value: ({ upEvents }) => upEvents },
  session_down_events: {
    kind: 'counter',
    help: 'Times that the BFD session went down',
    value: ({ downEvents }) => downEvents,
  },
}

/** The metrics of the sessions with routers, under the names that MetalLB's users know; the label `peer` is the router's address. */
export class BgpMetrics {
  readonly #peers: (peers: readonly BgpPeerCounters[]) => void
  readonly #bfdSessions: (sessions: readonly RouterSessionCounters[]) => void

  constructor({ metrics }: { metrics: MetricSet }) {
    this.#peers = register(metrics, 'bgp_', PEER_METRICS, ({ address, peer }) => address ?? peer)
    this.#bfdSessions = register(metrics, 'bfd_', BFD_METRICS, ({ address }) => formatAddress(address))
  }

  /** Takes everything that has been counted until now. */
  set(peers: readonly BgpPeerCounters[], bfdSessions: readonly RouterSessionCounters[]): void {
    this.#peers(peers)
    this.#bfdSessions(bfdSessions)
  }
}

/** @returns what shows the values of all that there are */
function register<Subject extends { readonly vrf?: string }>(
  set: MetricSet,
  prefix: string,
  table: Readonly<Record<string, MetricOf<Subject>>>,
  peerOf: (subject: Subject) => string,
): (subjects: readonly Subject[]) => void {
  const metrics = Object.entries(table).map(([name, { kind, help, value, least }]) => ({
    metric: set[kind](prefix + name, help, ['peer', 'vrf']),
    combine: (subjects: readonly Subject[]) => {
      const values = subjects.map(value)
      return least ? Math.min(...values) : values.reduce((sum, each) => sum + each, 0)
    },
  }))
  const labelsOf = (subject: Subject) => ({ peer: peerOf(subject), vrf: subject.vrf ?? '' })
  return subjects => {
    // Two BGPPeers may have one address: on different ports, or a link-local one on different interfaces.
    const alike = Map.groupBy(subjects, subject => Object.values(labelsOf(subject)).join(' ')).values()
    const groups = [...alike].map(group => ({ group, labels: labelsOf(group[0]!) }))
    for (const { metric, combine } of metrics) {
      metric.reset()
      for (const { group, labels } of groups) metric.inc(labels, combine(group))
    }
  }
}
