import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repository } from '../../lab/paths.ts'
import { run } from '../../lab/process.ts'
import { say } from '../../lab/progress.ts'
import type { IpFamily } from '../../lab/topology.ts'
import type { TestLab } from '../support/lab/lab.ts'
import { startConformanceLab, stopConformanceLab } from './cluster.ts'
import { exceptionFor } from './exceptions.ts'
import { Outcome, readJunit } from './junit.ts'
import { configureMode } from './modes.ts'
import { type Mode, type Options, readOptions, UsageError, usage } from './options.ts'
import { passed } from './page.ts'
import { publish, titleOf } from './publish.ts'
import { runSuite } from './run-suite.ts'
import { buildSuite, type Suite } from './suite-build.ts'

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options === undefined) {
    console.log(usage)
    return
  }
  const suite = await buildSuite()
  for (const family of options.families) {
    const name = `${options.name}-${family}`
    const lab = await startConformanceLab(name, family, suite)
    try {
      for (const mode of options.modes) {
        if (!(await runMode(lab, suite, mode, family, options))) process.exitCode = 1
      }
    } finally {
      if (!options.keep) await stopConformanceLab(name)
    }
  }
}

/** @returns whether every spec has passed that can */
async function runMode(lab: TestLab, suite: Suite, mode: Mode, family: IpFamily, options: Options): Promise<boolean> {
  const title = titleOf(mode, family)
  say(`${title}: the suite runs as a client behind the router`)
  await configureMode(lab, mode)
  const properties = await propertiesOf(lab, mode, family) // now: the sources may change meanwhile
  const folder = join(lab.lab.logFolder, `suite-${mode}`)
  const { focus, processes } = options
  const file = await runSuite(lab, suite, { focus, processes, folder })
  const { specs, startedAt } = readJunit(await readFile(file, 'utf8'))
  if (specs.length === 0) throw new Error(`the suite has run no spec; what it said is in ${folder} and above`)
  const report = { specs, startedAt, properties }
  for (const spec of specs) console.log(`${spec.outcome.padEnd(8)} ${Math.round(spec.seconds)} s  ${spec.name}`)
  console.log(`\n${title}: ${passed(report)} of ${specs.length} passed`)
  if (focus === undefined) await publish(mode, family, report)
  return specs.every(spec => spec.outcome === Outcome.passed || exceptionFor(family, spec) !== undefined)
}

async function propertiesOf(lab: TestLab, mode: Mode, family: IpFamily): Promise<Record<string, string>> {
  const { stdout } = await run(['git', '-C', repository, 'describe', '--always', '--dirty'], { check: false })
  return {
    command: `npm run conformance -- --mode ${mode} --family ${family}`,
    Kubernetes: lab.lab.config.kubernetes,
    Herald: stdout.trim(),
    nodes: String(lab.lab.config.nodes),
  }
}

try {
  await main()
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  if (error instanceof UsageError) say('"npm run conformance -- --help" shows what there is')
  process.exitCode = error instanceof UsageError ? 2 : 1
}
