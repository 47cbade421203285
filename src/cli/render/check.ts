import type { CheckReport } from '../check.ts'
import type { Check } from '../check-result.ts'
import { renderFindings } from './findings.ts'
import type { Style } from './style.ts'
import { wrap } from './table.ts'

/** The lines of `herald check`: what was looked at, and what was found. */
export function renderCheck({ checks }: CheckReport, style: Style): string[] {
  return checks.flatMap(check => [...headOf(check, style), ...renderFindings(check.findings, style)])
}

function headOf({ name, result, summary }: Check, style: Style): string[] {
  switch (result) {
    case 'good':
      return wrap(summary, { width: style.width, lead: `${style.green('✓')} ${name}: ` })
    case 'unknown':
      return wrap(summary, { width: style.width, lead: `? ${name}: ` }).map(line => style.dim(line))
    default:
      return [`${style.red('✗')} ${name}`]
  }
}
