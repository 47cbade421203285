import type { IpFamily } from '../../lab/topology.ts'
import { exceptionFor } from './exceptions.ts'
import { Outcome, type SpecResult, type SuiteReport } from './junit.ts'

/** One mode and family, and what its last whole run gave. */
export interface PageColumn {
  /** e.g. "BGP, IPv4" */
  title: string
  family: IpFamily
  /** Name of the JUnit file, relative to the page. */
  file: string
  report: SuiteReport
}

const introduction = `# Conformance

Kubernetes' own end-to-end suite for load balancers (every spec of \`test/e2e/network/loadbalancer.go\`, which alone has the label Feature:LoadBalancer) against Herald, in the
lab. This page is written by the run:

\`\`\`sh
npm run conformance                                      # all four columns, about 25 minutes each
npm run conformance -- --mode bgp --family ipv4          # one of them
npm run conformance -- --focus 'source ranges' --keep    # some specs; writes nothing here
\`\`\`

What the suite meets:

- It is built from the module of the version that the lab's cluster runs, unchanged, and so is \`agnhost\`, which its Pods run.
- The cluster has three nodes, whose addresses are of the column's family, which is also the one that Services get. (A spec asks for the health of a Service's endpoints at
  every address of a node; kube-proxy tells it at those of the Service's family.)
- The suite runs outside the cluster and outside the nodes' network, behind the lab's router.
- The chart's value \`controller.cleanupFinalizer\` is on, for the spec about the finalizer. All others are the defaults.
- With BGP every node announces, and the router has equal-cost paths. It chooses among them by source and destination address, not by port: a Service with
  \`sessionAffinity: ClientIP\` promises one endpoint for all connections of a client, and kube-proxy keeps that promise on each node for itself.
- The scheduler puts Pods together rather than apart where they do not say how they want it. One spec depends on it: the one that switches session affinity under the policy
  Local wants connections that reach different endpoints, and then connections that all reach the same. A client that always comes in by the same node, as in layer 2 and
  behind such a router, reaches the endpoints on that node only. With the spec's three Pods on three nodes, several nodes would have to answer for one address at once, which
  layer 2 cannot do, and no hash of a router could satisfy both halves of the spec.
- No spec is skipped, and none is repeated.
`

/** The page as Markdown. */
export function conformancePage(columns: readonly PageColumn[]): string {
  const specs = [...new Set(columns.flatMap(({ report }) => report.specs.map(({ name }) => name)))].sort()
  const head = ['Spec', ...columns.map(({ title }) => title)]
  const rows = specs.map(name => [name, ...columns.map(column => cell(resultOf(column, name)))])
  const totals = ['**passed**', ...columns.map(({ report }) => `**${passed(report)} of ${report.specs.length}**`)]
  return [
    introduction,
    ...[head, head.map(() => '---'), ...rows, totals].map(row => `| ${row.map(tableText).join(' | ')} |`),
    '',
    ...columns.flatMap(section),
  ].join('\n')
}

export function passed(report: SuiteReport): number {
  return report.specs.filter(({ outcome }) => outcome === Outcome.passed).length
}

function section({ title, family, file, report }: PageColumn): string[] {
  const properties = Object.entries(report.properties).map(
    ([name, value]) => `| ${tableText(name)} | ${tableText(value)} |`,
  )
  const others = report.specs
    .filter(({ outcome }) => outcome !== Outcome.passed)
    .map(spec => {
      const reason = exceptionFor(family, spec)?.reason
      const known = reason === undefined ? '' : `. ${reason}`
      return `- ${spec.outcome}: ${spec.name}${known}\n\n  \`${oneLine(spec.message)}\``
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
