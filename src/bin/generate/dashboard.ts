/** One line or cell of a panel: what Prometheus is asked, and what the answer is called. */
interface Query {
  readonly expr: string
  /** in Grafana's words, such as `{{pool}}` */
  readonly legend: string
}

interface Panel {
  readonly title: string
  readonly description: string
  readonly type: 'stat' | 'timeseries' | 'bargauge'
  /** of the 24 columns that a row has */
  readonly width: number
  readonly unit?: 'short' | 'percent' | 's' | 'ops' | 'bytes'
  readonly queries: readonly Query[]
  /** from which value on it is a warning, and from which one an alarm */
  readonly alarming?: { readonly warning?: number; readonly critical?: number }
  /** states over time are drawn as steps */
  readonly steps?: boolean
}

interface Section {
  readonly title: string
  readonly heightRows: number
  readonly panels: readonly Panel[]
}

const PROBLEM = { warning: 1 }
const ALARM = { critical: 1 }
const use = (family: 'ipv4' | 'ipv6') => {
  const addresses = `herald_allocator_${family}_addresses`
  return `100 * max by (pool) (${addresses}_in_use_total) / max by (pool) (${addresses}_total)`
}
const rateBy = (label: string, metric: string) => `sum by (${label}) (rate(${metric}[$__rate_interval])) > 0`
const increaseBy = (label: string, metric: string) => `sum by (${label}) (increase(${metric}[$__rate_interval]))`

const SECTIONS: readonly Section[] = [
  {
    title: 'At a glance',
    heightRows: 4,
    panels: [
      {
        ...{ title: 'Services that wait', type: 'stat', width: 4, alarming: PROBLEM },
        description:
          'Services of type LoadBalancer without an address. Their condition herald.io/AddressAllocated says why.',
        queries: [{ expr: 'max(herald_controller_waiting_services)', legend: '' }],
      },
      {
        ...{ title: 'Services not announced', type: 'stat', width: 4, alarming: PROBLEM },
        description: 'Services with an address that no node announces. Their condition herald.io/Announced says why.',
        queries: [{ expr: 'sum(max by (reason) (herald_controller_unannounced_services)) or vector(0)', legend: '' }],
      },
      {
        ...{ title: 'Addresses announced', type: 'stat', width: 4 },
        description: 'Different addresses that some node announces, by ARP and NDP or by BGP.',
        queries: [{ expr: 'count(count by (ip) (herald_speaker_announced)) or vector(0)', legend: '' }],
      },
      {
        ...{ title: 'Conflicts in 24 h', type: 'stat', width: 4, alarming: ALARM },
        description: 'How often a host that is no node of the cluster was found to use an address of ours.',
        queries: [{ expr: 'sum(increase(herald_layer2_conflicts_total[24h])) or vector(0)', legend: '' }],
      },
      {
        ...{ title: 'BGP sessions down', type: 'stat', width: 4, alarming: ALARM },
        description: 'Sessions that a BGPPeer asks for and that are not established.',
        queries: [{ expr: 'count(herald_bgp_session_up == 0) or vector(0)', legend: '' }],
      },
      {
        ...{ title: 'Configuration refused', type: 'stat', width: 4, alarming: PROBLEM },
        description: 'Processes that refuse a part of the configuration. kubectl get configurationstates names it.',
        queries: [{ expr: 'count(herald_k8s_client_config_stale_bool == 1) or vector(0)', legend: '' }],
      },
    ],
  },
  {
    title: 'Pools',
    heightRows: 8,
    panels: [
      {
        ...{ title: 'Pools in use', type: 'bargauge', width: 8, unit: 'percent' },
        description: 'Share of the addresses of each pool that Services hold.',
        alarming: { warning: 75, critical: 95 },
        queries: [
          { expr: use('ipv4'), legend: '{{pool}} IPv4' },
          { expr: use('ipv6'), legend: '{{pool}} IPv6' },
        ],
      },
      {
        ...{ title: 'Addresses in use', type: 'timeseries', width: 8, steps: true },
        description: 'Addresses that Services hold, by pool.',
        queries: [{ expr: 'max by (pool) (herald_allocator_addresses_in_use_total)', legend: '{{pool}}' }],
      },
      {
        ...{ title: 'Not announced, by reason', type: 'timeseries', width: 8, steps: true },
        description: 'Services with an address that no node announces, by the reason in their condition.',
        queries: [{ expr: 'max by (reason) (herald_controller_unannounced_services)', legend: '{{reason}}' }],
      },
    ],
  },
  {
    title: 'Announcements and takeovers',
    heightRows: 8,
    panels: [
      {
        ...{ title: 'Announced addresses by node', type: 'timeseries', width: 8, steps: true },
        description: 'How many addresses each node announces. Layer 2: one node each; BGP: every node that may.',
        queries: [
          {
            expr: 'count by (node, protocol) (count by (node, protocol, ip) (herald_speaker_announced))',
            legend: '{{node}} {{protocol}}',
          },
        ],
      },
      {
        ...{ title: 'Takeovers by cause', type: 'timeseries', width: 8 },
        description:
          'Addresses that a node has taken over. elected: for the first time; failure: the node before died; handover: it gave them; conflictOver: a foreign host fell silent.',
        queries: [{ expr: increaseBy('cause', 'herald_layer2_takeovers_total'), legend: '{{cause}}' }],
      },
      {
        ...{ title: 'Time without an owner after a failure', type: 'timeseries', width: 8, unit: 's' },
        description: 'From the last sign of the owner before to the first announcement from another node.',
        queries: [0.5, 0.99].map(quantile => ({
          expr: `histogram_quantile(${quantile}, sum by (le) (rate(herald_layer2_takeover_duration_seconds_bucket[$__range])))`,
          legend: `${100 * quantile} percent within`,
        })),
      },
    ],
  },
  {
    title: 'Layer 2',
    heightRows: 8,
    panels: [
      {
        ...{ title: 'Conflicts', type: 'timeseries', width: 8, alarming: ALARM },
        description: 'Times that a host which is no speaker was found to use an address of ours.',
        queries: [{ expr: increaseBy('node', 'herald_layer2_conflicts_total'), legend: '{{node}}' }],
      },
      {
        ...{ title: 'Answers by address', type: 'timeseries', width: 8, unit: 'ops' },
        description: 'ARP replies and neighbour advertisements sent, a second.',
        queries: [{ expr: rateBy('ip', 'herald_layer2_responses_sent'), legend: '{{ip}}' }],
      },
      {
        ...{ title: 'Packets not taken', type: 'timeseries', width: 8, unit: 'ops' },
        description: 'Packets of ARP, neighbour discovery and liveness that were dropped, a second, by reason.',
        queries: [
          { expr: rateBy('protocol, reason', 'herald_layer2_packets_dropped'), legend: '{{protocol}} {{reason}}' },
          { expr: rateBy('protocol, reason', 'herald_bgp_router_packets_dropped'), legend: '{{protocol}} {{reason}}' },
        ],
      },
      {
        ...{
          title: 'Nodes that do not hear each other',
          type: 'timeseries',
          width: 12,
          steps: true,
          alarming: PROBLEM,
        },
        description: 'Liveness sessions between speakers that are down, by the node that is not heard.',
        queries: [{ expr: 'count by (peer) (herald_layer2_liveness_session_up == 0)', legend: '{{peer}}' }],
      },
      {
        ...{ title: 'Processes that stalled', type: 'timeseries', width: 12, alarming: PROBLEM },
        description: 'Times that a speaker did not run for so long that it had to ask for its addresses again.',
        queries: [{ expr: increaseBy('node', 'herald_layer2_stalls_total'), legend: '{{node}}' }],
      },
    ],
  },
  {
    title: 'BGP and BFD',
    heightRows: 8,
    panels: [
      {
        ...{ title: 'BGP sessions', type: 'timeseries', width: 8, steps: true },
        description: '1 while the session is established, by node and peer.',
        queries: [{ expr: 'max by (node, peer, vrf) (herald_bgp_session_up)', legend: '{{node}} {{peer}} {{vrf}}' }],
      },
      {
        ...{ title: 'Prefixes told to peers', type: 'timeseries', width: 8, steps: true },
        description: 'Prefixes that each peer has been told, and those that it is still to be told.',
        queries: [
          { expr: 'sum by (peer) (herald_bgp_announced_prefixes_total)', legend: '{{peer}} told' },
          {
            expr: 'sum by (peer) (herald_bgp_pending_prefixes_total) - sum by (peer) (herald_bgp_announced_prefixes_total)',
            legend: '{{peer}} to be told',
          },
        ],
      },
      {
        ...{ title: 'BFD sessions', type: 'timeseries', width: 8, steps: true },
        description: '1 while the router is heard, by node and router.',
        queries: [{ expr: 'max by (node, peer, vrf) (herald_bfd_session_up)', legend: '{{node}} {{peer}} {{vrf}}' }],
      },
    ],
  },
  {
    title: 'Processes',
    heightRows: 7,
    panels: [
      {
        ...{ title: 'Memory', type: 'timeseries', width: 8, unit: 'bytes' },
        description: 'Resident memory of each process.',
        queries: [{ expr: 'process_resident_memory_bytes{job=~"$job"}', legend: '{{pod}}' }],
      },
      {
        ...{ title: 'Processor time', type: 'timeseries', width: 8, unit: 'percent' },
        description: 'Of one processor, all threads of a process together.',
        queries: [{ expr: '100 * rate(process_cpu_seconds_total{job=~"$job"}[$__rate_interval])', legend: '{{pod}}' }],
      },
      {
        ...{ title: 'Writes to the API server', type: 'timeseries', width: 8, unit: 'ops' },
        description: 'Statuses of Services that the controller wrote, and those that it could not write, a second.',
        queries: [
          { expr: rateBy('pod', 'herald_k8s_client_updates_total'), legend: '{{pod}}' },
          { expr: rateBy('pod', 'herald_k8s_client_update_errors_total'), legend: '{{pod}} failed' },
        ],
      },
    ],
  },
]

/** The dashboard for Grafana 10 or later, as the object that its JSON holds. Metrics have the prefix `herald`. */
export function dashboard(): object {
  return {
    title: 'Herald',
    uid: 'herald-overview',
    description: 'Pools, announcements, takeovers, sessions and conflicts of Herald',
    tags: ['herald', 'load-balancer'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    timezone: '',
    annotations: { list: [] },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        {
          ...{ name: 'job', label: 'Job', type: 'query', datasource: DATA_SOURCE, includeAll: true, multi: true },
          query: { query: 'label_values(herald_k8s_client_config_loaded_bool, job)', refId: 'job' },
          refresh: 2,
          current: { text: 'All', value: '$__all' },
        },
      ],
    },
    panels: layOut(SECTIONS),
  }
}

const DATA_SOURCE = { type: 'prometheus', uid: '$datasource' }
const COLUMNS = 24

function layOut(sections: readonly Section[]): object[] {
  const panels: object[] = []
  let y = 0
  for (const { title, heightRows, panels: own } of sections) {
    panels.push({ ...place(panels.length + 1, { x: 0, y, w: COLUMNS, h: 1 }), type: 'row', title, collapsed: false })
    y += 1
    let x = 0
    for (const panel of own) {
      if (x + panel.width > COLUMNS) {
        x = 0
        y += heightRows
      }
      panels.push({ ...place(panels.length + 1, { x, y, w: panel.width, h: heightRows }), ...drawn(panel) })
      x += panel.width
    }
    y += heightRows
  }
  return panels
}

const place = (id: number, gridPos: { x: number; y: number; w: number; h: number }) => ({ id, gridPos })

function drawn({ title, description, type, unit = 'short', queries, alarming, steps = false }: Panel): object {
  const steppedLines = { drawStyle: 'line', fillOpacity: 10, lineInterpolation: steps ? 'stepAfter' : 'linear' }
  return {
    ...{ type, title, description, datasource: DATA_SOURCE },
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(unit === 'percent' && type === 'bargauge' && { max: 100 }),
        ...(type === 'timeseries' && { custom: steppedLines }),
        thresholds: { mode: 'absolute', steps: thresholds(alarming) },
        color: { mode: type === 'timeseries' ? 'palette-classic' : 'thresholds' },
      },
      overrides: [],
    },
    options: options(type),
    targets: queries.map(({ expr, legend }, index) => ({
      ...{ refId: String.fromCharCode(65 + index), datasource: DATA_SOURCE, expr, legendFormat: legend },
      ...(type !== 'timeseries' && { instant: true, range: false }),
    })),
  }
}

function thresholds({ warning, critical }: NonNullable<Panel['alarming']> = {}): object[] {
  return [
    { color: 'green', value: null },
    ...(warning === undefined ? [] : [{ color: 'orange', value: warning }]),
    ...(critical === undefined ? [] : [{ color: 'red', value: critical }]),
  ]
}

function options(type: Panel['type']): object {
  const reduced = { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, orientation: 'horizontal' }
  if (type === 'stat') return { ...reduced, colorMode: 'value', graphMode: 'none', textMode: 'value' }
  if (type === 'bargauge') return { ...reduced, displayMode: 'basic', showUnfilled: true }
  return { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } }
}
