import type { MigrateReport } from '../migrate.ts'
import { counted } from '../text.ts'
import { renderFindings } from './findings.ts'
import type { Style } from './style.ts'
import { renderTable, section } from './table.ts'

/** The lines of `herald migrate`: what carries over, what cannot or differs, and what to type. */
export function renderMigrate(report: MigrateReport, style: Style): string[] {
  const { metallb, carriesOver, services, findings, steps } = report
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
    ...section(
      'Steps',
      steps.flatMap(({ title, commands }, index) => [
        `  ${index + 1}. ${title}`,
        ...commands.map(command => `     ${style.cyan(command)}`),
      ]),
      style,
    ),
    '',
    'Nothing has been done. docs/moving-from-metallb.md tells more of each step, and the way back.',
  ]
}
