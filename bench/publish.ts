/** The part of a page that belongs to one benchmark; what stands between the two lines is the run's. */
const beginning = (bench: string) => `<!-- figures of ${bench} -->`
const END = '<!-- end of figures -->'

/**
 * The page with other figures of one benchmark.
 *
 * @throws Error when the page has no place for them
 */
export function withFigures(page: string, bench: string, figures: string): string {
  const from = page.indexOf(beginning(bench))
  const to = page.indexOf(END, from)
  if (from === -1 || to === -1) throw new Error(`the page has no lines "${beginning(bench)}" and "${END}"`)
  return `${page.slice(0, from)}${beginning(bench)}\n${figures.trim()}\n${page.slice(to)}`
}

/** What was run, when, on what, and beside how much other work, in one line. */
export function provenance(run: {
  at: Date
  command: string
  /** e.g. a commit */
  herald: string
  machine: string
  loadBefore: string
  loadAfter: string
}): string {
  const at = `${run.at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
  return `${at}, \`${run.command}\`, Herald ${run.herald}; ${run.machine}; load average ${run.loadBefore} before and ${run.loadAfter} after.`
}
