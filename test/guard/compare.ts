import { type CommittedFigures, FIGURES, type FigureName, type Figures } from './figures.ts'

/** By more than a fifth: machines are noisy. */
const WORSE = 1.2

const names = Object.keys(FIGURES) as FigureName[]

/** The figures of a run beside the committed ones, for people to read; those that got worse are named again at the end. */
export function describeFigures(now: Figures, committed: CommittedFigures | undefined): string[] {
  const measured = names.filter(name => now[name] !== undefined)
  if (measured.length === 0) return []
  const rows = measured.map(name => {
    const { what, unit } = FIGURES[name]
    const before = committed?.figures[name]
    const change = before === undefined ? 'new' : percent(now[name]! / before)
    return [what, `${shown(now[name]!)} ${unit}`, before === undefined ? '' : `${shown(before)} ${unit}`, change]
  })
  const width = (column: number) => Math.max(...rows.map(row => row[column]!.length))
  const lines = rows.map(row =>
    `  ${row[0]!.padEnd(width(0))}  ${row[1]!.padStart(width(1))}  ${row[2]!.padStart(width(2))}  ${row[3]}`.trimEnd(),
  )
  const heading = committed ? `figures, beside those of ${committed.date} (${committed.machine})` : 'figures'
  const worse = worseFigures(now, committed?.figures ?? {})
  const warnings = worse.map(name => {
    const { what, unit } = FIGURES[name]
    return `warning: worse by more than a fifth: ${what}, ${shown(now[name]!)} ${unit} instead of ${shown(committed!.figures[name]!)}`
  })
  return [heading, ...lines, ...warnings]
}

/** Those that are worse by more than a fifth. */
export function worseFigures(now: Figures, committed: Figures): FigureName[] {
  return names.filter(name => {
    const [after, before] = [now[name], committed[name]]
    return after !== undefined && before !== undefined && after > before * WORSE
  })
}

function percent(ratio: number): string {
  const change = Math.round((ratio - 1) * 100)
  return change === 0 ? '±0 %' : `${change > 0 ? '+' : '−'}${Math.abs(change)} %`
}

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1)
}
