import type { MigrateReport } from '../migrate.ts'
import type { PlannedStep } from '../migration-plan.ts'
import { counted } from '../text.ts'
import { renderFindings } from './findings.ts'
import { harmless, type Style } from './style.ts'
import { renderTable, section, wrap } from './table.ts'

/** The lines of the report: what carries over, what cannot, and what differs. */
export function renderMigrate(report: MigrateReport, style: Style): string[] {
  const { metallb, carriesOver, services, findings } = report
  const { namespace, images, mode } = metallb
  const objects = carriesOver.map(({ kind, count }) => `${count} ${kind}`).join(', ') || 'no objects'
  const rows = services.changed.map(({ service, before, after }) => [
    service,
    before.join(', '),
    after.join(', ') || style.red('none'),
  ])
  const [cannot, differs] = [
    findings.filter(({ level }) => level === 'error'),
    findings.filter(({ level }) => level !== 'error'),
  ]
  const keeping = `${counted(services.kept, 'Service')} with an address ${services.kept === 1 ? 'keeps' : 'keep'} it`
  return [
    `${style.bold('MetalLB')} in ${namespace} (${images.join(', ')}; BGP: ${mode})`,
    '',
    style.green(`✓ carries over: ${objects}`),
    style.green(`✓ ${keeping}`),
    ...section('Addresses that would change', renderTable(['SERVICE', 'NOW', 'WITH HERALD'], rows, { style }), style),
    ...section('What cannot be carried over', renderFindings(cannot, style), style),
    ...section('What differs', renderFindings(differs, style), style),
  ]
}

/** The plan: every step with its commands. */
export function renderPlan(steps: readonly PlannedStep[], style: Style): string[] {
  const lines = steps.flatMap((step, index) => renderStep(step, { of: steps.length, index, style }))
  return section('Steps', lines, style)
}

/** One step: what it is, what it does, and the commands that do it; of one that is done, the first alone. */
export function renderStep(
  { title, tells, commands, done }: PlannedStep,
  { index, of, style }: { index: number; of: number; style: Style },
): string[] {
  const head = `${index + 1}/${of} ${title}`
  if (done) return [`  ${style.green('✓')} ${head}`]
  return [
    `  ${style.bold(head)}`,
    ...wrap(tells, { width: style.width, lead: '      ' }),
    ...commands.map(command => `      ${style.cyan(`$ ${command}`)}`),
  ]
}

/** What is still waited for. */
export function renderWaiting([what = '']: readonly string[], style: Style): string[] {
  return [style.dim(`      … ${harmless(what)}`)]
}

/** What a step that did not come true leaves to do. */
export function renderHalt(
  { missing, back, note }: { missing: readonly string[]; back: readonly string[]; note: string },
  style: Style,
): string[] {
  return [
    ...missing.flatMap(what => wrap(harmless(what), { width: style.width, lead: '  ✗ ' }).map(line => style.red(line))),
    '',
    ...wrap(note, { width: style.width }),
    ...(back.length > 0 ? ['', 'To go back:', ...back.map(command => `      ${style.cyan(`$ ${command}`)}`)] : []),
  ]
}
