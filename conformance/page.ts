import { Outcome, type SpecResult, type SuiteReport } from './junit.ts'

/** One mode and family, and what its last whole run gave. */
export interface PageColumn {
  /** e.g. "BGP, IPv4" */
  title: string
  /** Name of the JUnit file, relative to the page. */
  file: string
  report: SuiteReport
}

/** A spec that cannot pass in a mode, however good the load balancer. */
export interface Exception {
  /** Part of the spec's name. */
  spec: string
  reason: string
}

const introduction = `# Conformance

Kubernetes' own end-to-end suite for load balancers (all specs of \`test/e2e/network/loadbalancer.go\`, label Feature:LoadBalancer) against Herald, in the lab.
This page is written by the run:

\`\`\`sh
npm run conformance                                      # all four columns, about 20 minutes each
npm run conformance -- --mode bgp --family ipv4          # one of them
npm run conformance -- --focus 'source ranges' --keep    # some specs; writes nothing here
\`\`\`

The suite is built from the module of the version that the lab's cluster runs, unchanged, and so is \`agnhost\`, which its Pods run. The cluster has three nodes and both IP
families; the family of a column is the cluster's first, the one that Services get. The suite runs outside the cluster and outside the nodes' network, behind the lab's
router. The chart's value \`controller.cleanupFinalizer\` is on. No spec is skipped, and none is repeated.

With BGP every node announces, and the router has equal-cost paths to all of them. It chooses by source and destination address, not by port: a Service with
\`sessionAffinity: ClientIP\` promises one endpoint for all connections of a client, kube-proxy keeps that promise on each node for itself, and so a client's connections have to reach one
node. This holds for every load balancer that announces an address from several nodes.
`

/** The page as Markdown. */
export function conformancePage(columns: readonly PageColumn[], exceptions: readonly Exception[] = []): string {
  const specs = [...new Set(columns.flatMap(({ report }) => report.specs.map(({ name }) => name)))].sort()
  const head = ['Spec', ...columns.map(({ title }) => title)]
  const rows = specs.map(name => [name, ...columns.map(column => cell(resultOf(column, name)))])
  const totals = ['**passed**', ...columns.map(({ report }) => `**${passed(report)} of ${report.specs.length}**`)]
  return [
    introduction,
    ...[head, head.map(() => '---'), ...rows, totals].map(row => `| ${row.map(tableText).join(' | ')} |`),
    '',
    ...columns.flatMap(column => section(column, exceptions)),
  ].join('\n')
}

export function passed(report: SuiteReport): number {
  return report.specs.filter(({ outcome }) => outcome === Outcome.passed).length
}

/** The exception that holds for a spec that has not passed. */
export function exceptionOf(spec: SpecResult, exceptions: readonly Exception[]): Exception | undefined {
  return spec.outcome === Outcome.passed ? undefined : exceptions.find(exception => spec.name.includes(exception.spec))
}

function section({ title, file, report }: PageColumn, exceptions: readonly Exception[]): string[] {
  const properties = Object.entries(report.properties).map(
    ([name, value]) => `| ${tableText(name)} | ${tableText(value)} |`,
  )
  const others = report.specs
    .filter(({ outcome }) => outcome !== Outcome.passed)
    .map(spec => {
      const reason = exceptionOf(spec, exceptions)?.reason
      return `- ${spec.outcome}: ${spec.name}${reason === undefined ? '' : `. ${reason}`}\n\n  \`${oneLine(spec.message)}\``
    })
  return [
    `## ${title}`,
    '',
    `${report.startedAt.replace('T', ' ')} UTC; [JUnit report](${file}).`,
    '',
    ...['| | |', '|---|---|', ...properties, ''],
    ...(others.length === 0 ? [] : [...others, '']),
  ]
}

function resultOf({ report }: PageColumn, name: string): SpecResult | undefined {
  return report.specs.find(spec => spec.name === name)
}

function cell(result: SpecResult | undefined): string {
  if (result === undefined) return '–'
  if (result.outcome === Outcome.passed) return `✓ ${Math.round(result.seconds)} s`
  return `**${result.outcome}**`
}

const tableText = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const oneLine = (text = '') => text.replaceAll(/\s+/g, ' ').replaceAll('`', "'").slice(0, 300)
