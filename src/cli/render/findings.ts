import type { Finding } from '../finding.ts'
import { harmless, type Paint, type Style } from './style.ts'
import { wrap } from './table.ts'

/** A line or more for each finding: a sign, what it is about, what is wrong, and under it what to do. */
export function renderFindings(findings: readonly Finding[], style: Style, { withAdvice = true } = {}): string[] {
  return findings.flatMap(({ level, subject, message, advice }) => {
    const [sign, paint] = signOf(level, style)
    const lines = wrap(harmless(`${subject}: ${message}`), { width: style.width, lead: `  ${sign} ` })
    const [first = '', ...rest] = lines
    const coloured = paint(first.trimStart())
    return [
      `  ${coloured}`,
      ...rest.map(line => paint(line)),
      ...(advice && withAdvice
        ? wrap(harmless(advice), { width: style.width, lead: '    → ' }).map(line => style.dim(line))
        : []),
    ]
  })
}

function signOf(level: Finding['level'], style: Style): [string, Paint] {
  if (level === 'error') return ['✗', style.red]
  return level === 'warning' ? ['!', style.yellow] : ['·', text => text]
}
