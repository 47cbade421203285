import { appendFileSync } from 'node:fs'
import type { FigureName } from '../guard/figures.ts'

/** Notes a figure that a test has measured anyway, for the guard at the end of a run of all suites; nothing without one. */
export function note(figure: FigureName, value: number): void {
  const file = process.env.HERALD_FIGURES
  if (file && Number.isFinite(value)) appendFileSync(file, `${JSON.stringify({ figure, value })}\n`)
}
