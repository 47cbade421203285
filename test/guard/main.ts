/**
 * Compares the figures of the last `npm test` on this machine with the committed ones.
 *
 *   npm run guard              prints both
 *   npm run guard -- --commit  writes those of the last run to test/guard/committed.json
 */
import { parseArgs } from 'node:util'
import { describeFigures } from './compare.ts'
import { COMMITTED_FILE, commitFigures, readCommitted, readLastRun } from './last-run.ts'

const { values: options } = parseArgs({ options: { commit: { type: 'boolean', default: false } } })
const figures = readLastRun()
if (!figures) {
  console.error('there is no run to tell of: "npm test" measures')
  process.exit(2)
}
console.log(describeFigures(figures, readCommitted()).join('\n'))
if (options.commit) {
  commitFigures(figures)
  console.log(`written to ${COMMITTED_FILE}`)
}
