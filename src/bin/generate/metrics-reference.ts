import { Allocator } from '../../allocator/allocator.ts'
import { type MetricDescription, MetricSet } from '../common/metric-set.ts'
import { ControllerMetrics } from '../controller/metrics.ts'
import { SpeakerMetrics } from '../speaker/speaker-metrics.ts'

/** The metrics of each process, described by the code that makes them. */
export interface ProcessMetrics {
  readonly controller: readonly MetricDescription[]
  readonly speaker: readonly MetricDescription[]
}

/** Asks both processes' metrics what they are; nothing is measured. */
export function describeMetrics(prefix = 'herald'): ProcessMetrics {
  const controller = new MetricSet({ prefix })
  new ControllerMetrics({
    metrics: controller,
    source: {
      ...{ pools: [], allocator: new Allocator(), waiting: 0, unannounced: new Map<string, number>() },
      ...{ configLoaded: () => true, refusedPools: () => 0, isLeader: () => true },
    },
  })
  const speaker = new MetricSet({ prefix })
  new SpeakerMetrics(
    { metrics: speaker },
    {
      ...{ nodeName: '', announced: { layer2: () => [], bgp: () => [] }, linkCounters: async () => undefined },
      ...{ sessions: () => [], bgpPeers: () => [], configLoaded: () => true, configStale: () => false },
    },
  )
  return { controller: controller.describe(), speaker: speaker.describe() }
}

const INTRODUCTION = `<!-- Made by src/bin/generate.ts from the code that makes the metrics; change it there. -->

# Metrics

Both processes serve them under \`/metrics\` on port 9120 (\`prometheus.metricsPort\`). The value \`prometheus.metricsPrefix\` of the chart
(\`--metrics-prefix\`) replaces \`herald\` at the beginning of the names. \`allocator_…\` metrics come from the replica of the controller that leads.
A histogram has the names that Prometheus gives it: \`_bucket\`, \`_sum\`, \`_count\`.`

/** Writes the reference of the metrics as Markdown. */
export function metricsPage({ controller, speaker }: ProcessMetrics): string {
  const names = new Set(speaker.map(({ name }) => name))
  const shared = controller.filter(({ name }) => names.has(name) && !name.startsWith('herald_'))
  const isOwn = ({ name }: MetricDescription) => name.startsWith('herald_')
  const sections: [string, readonly MetricDescription[]][] = [
    ['Controller', controller.filter(isOwn)],
    ['Speaker', speaker.filter(isOwn)],
    ['Both, of the process itself', shared],
  ]
  const texts = sections.map(([title, metrics]) => [`## ${title}`, table(metrics)].join('\n\n'))
  return `${[INTRODUCTION, ...texts].join('\n\n')}\n`
}

function table(metrics: readonly MetricDescription[]): string {
  const rows = metrics.map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.join(', ')} | ${help.replaceAll('|', '\\|')} |`,
  )
  return ['| metric | type | labels | tells |', '|---|---|---|---|', ...rows].join('\n')
}
