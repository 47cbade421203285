import type { MetalLB } from './metallb.ts'
import type { MigrationState } from './migration-state.ts'
import { commandText, MIGRATION_STEPS, type MigrationSettings, type MigrationStep } from './migration-steps.ts'

/** One step of a plan, as it is shown. */
export interface PlannedStep {
  readonly title: string
  readonly tells: string
  readonly commands: readonly string[]
  readonly done: boolean
}

export function planStep(step: MigrationStep, state: MigrationState, settings: MigrationSettings): PlannedStep {
  return {
    title: step.title,
    tells: step.tells(state),
    commands: step.commands(state, settings).map(commandText),
    done: step.missing(state).length === 0,
  }
}

/** All steps as they stand: those that wait for others are shown as they will be, as far as that is known. */
export function planMigration(state: MigrationState, settings: MigrationSettings): PlannedStep[] {
  const steps = MIGRATION_STEPS.map(step => planStep(step, state, settings))
  const first = steps.findIndex(({ done }) => !done)
  // What is to be made first has nothing to clear away yet.
  return steps.map((step, index) => ({ ...step, done: step.done && index < first }))
}

/** The values that say of Herald what MetalLB's flags say of it. */
export function carriedValues({ loadBalancerClass, ignoresExcludeLabel }: MetalLB): string[] {
  return [
    ...(loadBalancerClass ? [`--set-string=loadBalancerClass=${loadBalancerClass}`] : []),
    ...(ignoresExcludeLabel ? ['--set=speaker.ignoreExcludeLB=true'] : []),
  ]
}

/** Helm adopts objects of other releases since 3.17, and applies on the server, where others own fields, since 4. */
const ADOPTS = { major: 3, minor: 17 }

/** @returns undefined where this Helm cannot adopt what others have made */
export function ownershipFlags(version: string): string[] | undefined {
  const [, major = '0', minor = '0'] = /^v?(\d+)\.(\d+)/.exec(version) ?? []
  if (Number(major) >= 4) return ['--take-ownership', '--force-conflicts']
  return Number(major) === ADOPTS.major && Number(minor) >= ADOPTS.minor ? ['--take-ownership'] : undefined
}
