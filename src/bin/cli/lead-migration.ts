import { EXIT_CODES } from '../../cli/command.ts'
import { planStep } from '../../cli/migration-plan.ts'
import type { MigrationState } from '../../cli/migration-state.ts'
import {
  MIGRATION_STEPS,
  type MigrationSettings,
  type MigrationStep,
  nextStep,
  wayBack,
} from '../../cli/migration-steps.ts'
import { renderHalt, renderStep, renderWaiting } from '../../cli/render/migrate.ts'
import type { Style } from '../../cli/render/style.ts'
import type { CommandRunner } from './command-runner.ts'

export interface LeadMigrationComponents {
  /** the state as it is now */
  read(): Promise<MigrationState>
  runner: Pick<CommandRunner, 'run'>
  /** shows lines at once */
  say(lines: readonly string[]): void
  /** asks a person; undefined: nobody is to be asked */
  ask?: (question: string) => Promise<string>
  style: Style
  /** milliseconds on a clock that only goes forward */
  monotonicMs(): number
  sleep(ms: number): Promise<void>
}

export interface LeadMigrationInit {
  settings: MigrationSettings
  /** how long a step may take to come true, after its commands */
  timeoutMs: number
}

const LOOK_EVERY_MS = 1_000
const YES = /^y(es)?$/i

/**
 * Takes the steps that are not done, one after the other: says what each does, asks, runs its commands, and looks at the cluster until
 * it is so. Stops at the first that does not come true, and whenever a Service has another address than before.
 *
 * @returns the exit code
 */
export async function leadMigration(components: LeadMigrationComponents, init: LeadMigrationInit): Promise<number> {
  const { read, say, ask, style } = components
  let state = await read()
  /** steps that have been told of, all of which are done */
  let reached = 0
  for (;;) {
    const next = nextStep(state)
    const index = next ? MIGRATION_STEPS.indexOf(next) : MIGRATION_STEPS.length
    const show = (step: MigrationStep, done: boolean) => {
      const place = { index: MIGRATION_STEPS.indexOf(step), of: MIGRATION_STEPS.length, style }
      return renderStep({ ...planStep(step, state, init.settings), done }, place)
    }
    if (next && index < reached)
      return halt(next, [...next.missing(state), 'This was done: something undoes it.'], state, components)
    say(MIGRATION_STEPS.slice(reached, index).flatMap(step => show(step, true)))
    reached = index
    if (!next) return EXIT_CODES.good
    // An old note is what the first step replaces.
    if (index > 0 && state.changed.length > 0) return halt(next, state.changed, state, components)
    say(show(next, false))
    if (ask) {
      if (!YES.test(await ask('      Go on? [y/N] '))) {
        say(['', 'Stopped. The same command goes on from here.'])
        return EXIT_CODES.found
      }
      // A person takes time, and the cluster goes on meanwhile.
      state = await read()
      if (nextStep(state) !== next) continue
    }
    const failure = await runAll(next, state, components, init.settings)
    if (failure) return halt(next, [failure], await read(), components)
    const [after, missing] = await waitFor(next, components, init.timeoutMs)
    state = after
    if (missing.length > 0) return halt(next, missing, state, components)
  }
}

/** Looks at the cluster until the step is done, a Service has another address than before, or the time is over. */
async function waitFor(
  step: MigrationStep,
  { read, monotonicMs, sleep, say, style }: LeadMigrationComponents,
  timeoutMs: number,
): Promise<[MigrationState, readonly string[]]> {
  const deadlineMs = monotonicMs() + timeoutMs
  let told: string | undefined
  for (;;) {
    const state = await read()
    if (state.changed.length > 0) return [state, state.changed]
    const missing = nextStep(state) === undefined ? [] : step.missing(state)
    if (missing.length === 0 || monotonicMs() >= deadlineMs) return [state, missing]
    if (missing[0] !== told) say(renderWaiting(missing, style))
    told = missing[0]
    await sleep(LOOK_EVERY_MS)
  }
}

/** @returns what went wrong; undefined: nothing */
async function runAll(
  step: MigrationStep,
  state: MigrationState,
  { runner }: LeadMigrationComponents,
  settings: MigrationSettings,
): Promise<string | undefined> {
  for (const command of step.commands(state, settings)) {
    const { code, err, out } = await runner.run(command)
    if (code !== 0)
      return `${command.argv.slice(0, 3).join(' ')} … failed: ${(err || out).trim() || `exit code ${code}`}`
  }
  return undefined
}

function halt(
  step: MigrationStep,
  missing: readonly string[],
  state: MigrationState,
  { say, style }: LeadMigrationComponents,
): number {
  const note =
    'This step did not come true; nothing after it was done. When the cause is gone, the same command goes on from here.'
  say(renderHalt({ missing, back: wayBack(step, state), note }, style))
  return EXIT_CODES.found
}
