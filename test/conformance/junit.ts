/** What became of one spec. */
export const Outcome = { passed: 'passed', failed: 'failed', skipped: 'skipped' } as const
export type Outcome = (typeof Outcome)[keyof typeof Outcome]

export interface SpecResult {
  /** As the suite names it, without its labels, e.g. "LoadBalancers should be able to …". */
  name: string
  outcome: Outcome
  seconds: number
  /** Why it failed or skipped itself. */
  message?: string
}

export interface SuiteReport {
  /** UTC, without fractions and zone, e.g. "2026-11-21T11:37:56". */
  startedAt: string
  /** What was run, on what: name to value, in their order. */
  properties: Record<string, string>
  specs: SpecResult[]
}

/** Names of Ginkgo's nodes that are specs begin so; others prepare the suite and clean up after it. */
const specPrefix = '[It] '

/**
 * Reads a JUnit report: one that Ginkgo wrote, or one by `writeJunit`. Specs that Ginkgo left out, for they were not asked
 * for, are left out here too; one that skipped itself gives a reason.
 * @throws Error when the text is no such report
 */
export function readJunit(xml: string): SuiteReport {
  const suite = /<testsuite\s([^>]*)>/.exec(xml)
  if (suite === null) throw new Error('no JUnit report: it has no testsuite')
  const specs = [...xml.matchAll(/<testcase\s([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)].flatMap(
    ([, head = '', body = '']) => specOf(attributesOf(head), body),
  )
  const properties = [...xml.matchAll(/<property\s([^>]*?)\/?>/g)].map(([, head = '']) => attributesOf(head))
  return {
    startedAt: attributesOf(suite[1]!).timestamp ?? '',
    properties: Object.fromEntries(properties.map(({ name = '', value = '' }) => [name, value])),
    specs: specs.sort((one, other) => (one.name < other.name ? -1 : 1)),
  }
}

/** A JUnit report of the specs alone: without those that were not asked for, without what they printed. */
export function writeJunit(name: string, report: SuiteReport): string {
  const count = (outcome: Outcome) => report.specs.filter(spec => spec.outcome === outcome).length
  const seconds = report.specs.reduce((sum, spec) => sum + spec.seconds, 0)
  const totals = {
    ...{ tests: report.specs.length, failures: count(Outcome.failed), skipped: count(Outcome.skipped), errors: 0 },
    time: seconds.toFixed(1),
  }
  const properties = Object.entries(report.properties).map(
    ([property, value]) => `      <property${attributes({ name: property, value })}/>`,
  )
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes(totals)}>`,
    `  <testsuite${attributes({ name, ...totals, timestamp: report.startedAt })}>`,
    ...['    <properties>', ...properties, '    </properties>'],
    ...report.specs.map(spec => testcase(name, spec)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function specOf(head: Record<string, string>, body: string): SpecResult[] {
  const { name = '', status, time } = head
  if (!name.startsWith(specPrefix)) return []
  const result = { name: withoutLabels(name.slice(specPrefix.length)), seconds: Number(time ?? 0) }
  const skipped = /<skipped\s([^>]*?)\/?>/.exec(body)
  if (skipped !== null || status === 'skipped') {
    // "skipped" alone means that no filter chose it.
    const reason = /^skipped - (.+)/s.exec(attributesOf(skipped?.[1] ?? '').message ?? '')?.[1]
    return reason === undefined ? [] : [{ ...result, outcome: Outcome.skipped, message: reason }]
  }
  const failure = /<(?:failure|error)\s?([^>]*?)(?:\/>|>([\s\S]*?)<\/(?:failure|error)>)/.exec(body)
  if (failure === null) return [{ ...result, outcome: Outcome.passed }]
  const message = attributesOf(failure[1]!).message || decode(failure[2] ?? '').trim()
  return [{ ...result, outcome: Outcome.failed, message: firstLines(message) }]
}

/** "[sig-network] LoadBalancers should … [Slow] [Feature:LoadBalancer]" to "LoadBalancers should …". */
function withoutLabels(name: string): string {
  return name
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

function firstLines(text: string): string {
  return text.split('\n').slice(0, 6).join('\n').slice(0, 600)
}

function testcase(suite: string, spec: SpecResult): string {
  const time = spec.seconds.toFixed(1)
  const head = `    <testcase${attributes({ name: specPrefix + spec.name, classname: suite, status: spec.outcome, time })}`
  switch (spec.outcome) {
    case Outcome.passed:
      return `${head}/>`
    case Outcome.failed:
      return `${head}><failure${attributes({ message: spec.message ?? '' })}/></testcase>`
    case Outcome.skipped:
      return `${head}><skipped${attributes({ message: `skipped - ${spec.message ?? ''}` })}/></testcase>`
  }
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** XML 1.0 section 2.4, and the line ends that a reader would otherwise turn into blanks (section 3.3.3). */
function attributes(values: Record<string, string | number>): string {
  return Object.entries(values)
    .map(
      ([name, value]) =>
        ` ${name}="${String(value).replaceAll(/[&<>"\n]/g, character => `&#${character.charCodeAt(0)};`)}"`,
    )
    .join('')
}

function attributesOf(head: string): Record<string, string> {
  return Object.fromEntries([...head.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name!, decode(value!)]))
}

function decode(text: string): string {
  return text.replaceAll(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hexadecimal, name) => {
    if (name !== undefined) return entities[name] ?? whole
    const code = decimal === undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
