import { setTimeout as sleep } from 'node:timers/promises'
import { EXIT_CODES } from '../../cli/command.ts'
import { hasErrors } from '../../cli/finding.ts'
import { findMetalLB, type MetalLB } from '../../cli/metallb.ts'
import { reviewMigration } from '../../cli/migrate.ts'
import { carriedValues, ownershipFlags, planMigration } from '../../cli/migration-plan.ts'
import { type MigrationState, viewMigration } from '../../cli/migration-state.ts'
import type { MigrationSettings } from '../../cli/migration-steps.ts'
import { renderMigrate, renderPlan } from '../../cli/render/migrate.ts'
import { type Invocation, UsageError } from './arguments.ts'
import { CommandRunner } from './command-runner.ts'
import type { Answer, Context } from './context.ts'
import { leadMigration } from './lead-migration.ts'
import { NotFoundError } from './not-found.ts'

/** Where nothing is run, it is not asked which Helm there is. */
const NEWEST_HELM = 'v4.0'

/** `migrate`: reports, and then leads through the steps. */
export async function migrate(context: Context): Promise<Answer> {
  const { invocation, snapshot: read, migrationObjects, style, say, ask, env } = context
  const mode = modeOf(invocation, ask !== undefined)
  const timeoutMs = secondsOf(invocation, 'timeout') * 1_000
  const readState = async () => {
    const snapshot = await read('MetalLB')
    return viewMigration(snapshot, await migrationObjects(snapshot.namespace))
  }

  const snapshot = await read('MetalLB')
  const metallb = findMetalLB(snapshot)
  const state = viewMigration(snapshot, await migrationObjects(snapshot.namespace))
  // Where only the note is left of a migration, there is nothing more to review.
  const report = metallb && reviewMigration(snapshot, metallb)
  if (!report && !state.noted)
    throw new NotFoundError(`no MetalLB runs in the namespace "${snapshot.namespace}": name another with --from`)

  const reported = report ? renderMigrate(report, style) : []
  const isStuck = report !== undefined && hasErrors(report.findings)
  const code = isStuck ? EXIT_CODES.found : EXIT_CODES.good
  if (mode === 'show') {
    const settings = settingsOf(invocation, metallb, ownershipFlags(NEWEST_HELM) ?? [])
    const steps = planMigration(state, settings)
    const end = ['', 'Nothing has been done. docs/moving-from-metallb.md tells more of each step, and the way back.']
    return { report: { ...report, steps }, code, lines: () => [...reported, ...renderPlan(steps, style), ...end] }
  }
  if (isStuck) {
    const end = ['', 'Nothing has been done: see to what cannot be carried over first.']
    return { report, code, lines: () => [...reported, ...end] }
  }
  say([...reported, ''])
  const runner = new CommandRunner({
    kubeconfig: invocation.text('kubeconfig'),
    context: invocation.text('context'),
    env,
  })
  const settings = settingsOf(invocation, metallb, await askHelm(runner))
  await askKubectl(runner)
  const components = { read: readState, runner, say, style, sleep, monotonicMs: () => performance.now() }
  const outcome = await leadMigration({ ...components, ...(mode === 'ask' && { ask }) }, { settings, timeoutMs })
  const isDone = outcome === EXIT_CODES.good
  return { report, code: outcome, lines: () => (isDone ? endOf(state) : []) }
}

const endOf = ({ addresses }: MigrationState): string[] => {
  const kept = [...addresses.values()].filter(ips => ips.length > 0).length
  return [
    '',
    `Herald has taken over; ${kept === 1 ? 'the Service with an address has' : `all ${kept} Services with an address have`} kept it.`,
  ]
}

/** @throws UsageError when nobody can be asked and nobody said yes */
function modeOf(invocation: Invocation, canAsk: boolean): 'show' | 'ask' | 'go' {
  const shows = invocation.text('snapshot') !== undefined || invocation.text('output') === 'json'
  if (invocation.on('yes') && (shows || invocation.on('dry-run')))
    throw new UsageError('--yes takes the steps; --dry-run, -o json and --snapshot only show them')
  if (shows || invocation.on('dry-run')) return 'show'
  if (invocation.on('yes')) return 'go'
  if (canAsk) return 'ask'
  throw new UsageError(
    'standard input is no terminal, so nobody can be asked before each step: --dry-run shows the steps, --yes takes them',
  )
}

function secondsOf(invocation: Invocation, flag: string): number {
  const seconds = Number(invocation.text(flag))
  if (!Number.isInteger(seconds) || seconds < 1) throw new UsageError(`--${flag}: a whole number of seconds is wanted`)
  return seconds
}

function settingsOf(invocation: Invocation, metallb: MetalLB | undefined, ownership: string[]): MigrationSettings {
  return {
    chart: invocation.text('chart') ?? '',
    ownership,
    values: [
      ...(metallb ? carriedValues(metallb) : []),
      ...invocation.list('values').map(file => `--values=${file}`),
      ...invocation.list('set').map(value => `--set=${value}`),
    ],
  }
}

/** @throws NotFoundError before anything is done, when Helm is not there or cannot do what is wanted of it */
async function askHelm(runner: CommandRunner): Promise<string[]> {
  const found = await runner.run({ argv: ['helm', 'version', '--template={{.Version}}'] }).catch((error: Error) => {
    throw new NotFoundError(`${error.message}: install Helm, or take the steps that --dry-run shows by hand`)
  })
  const version = found.out.trim()
  const flags = ownershipFlags(version)
  if (!flags)
    throw new NotFoundError(`Helm ${version || found.err.trim()} cannot adopt what others have made: 3.17 or later can`)
  return flags
}

async function askKubectl(runner: CommandRunner): Promise<void> {
  const { code, err } = await runner.run({ argv: ['kubectl', 'version', '--output=json'] })
  if (code !== 0) throw new NotFoundError(`kubectl does not reach the cluster: ${err.trim()}`)
}
