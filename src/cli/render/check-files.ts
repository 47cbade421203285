import type { FileReport } from '../check-files.ts'
import { counted } from '../text.ts'
import { harmless, type Style } from './style.ts'

/** The lines of `herald check -f`: a problem each, as compilers write them. */
export function renderFiles({ checked, others, problems }: FileReport, style: Style): string[] {
  const lines = problems.map(({ source, object, field, message, level }) => {
    const paint = level === 'error' ? style.red : style.yellow
    const where = [object, field].filter(Boolean).join(': ')
    return `${source}: ${paint(`${level}:`)} ${harmless(`${where}: ${message}`)}`
  })
  const left = others > 0 ? ` (${counted(others, 'object')} of other kinds left out)` : ''
  const sum = `${counted(checked, 'object')} checked${left}`
  return [
    ...lines,
    problems.length === 0 ? style.green(`✓ ${sum}, no problems`) : `${sum}, ${counted(problems.length, 'problem')}`,
  ]
}
