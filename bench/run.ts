/**
 * Runs every benchmark, one after the other: `npm run -s bench` (about 10 minutes), `npm run -s bench -- --full` (about 15), or only
 * some: `npm run -s bench -- allocator controller`. Prints Markdown.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const BENCHES = ['allocator', 'controller', 'lab', 'failover']

const { values, positionals } = parseArgs({
  options: { full: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const unknown = positionals.filter(name => !BENCHES.includes(name))
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(', ')}; there are ${BENCHES.join(', ')}`)
  process.exit(2)
}
for (const bench of positionals.length > 0 ? positionals : BENCHES) {
  const flags = bench === 'controller' && !values.full ? ['--sizes', '200,1000'] : []
  console.log(`\n## ${bench}\n`)
  const { status } = spawnSync(process.execPath, [`bench/${bench}.ts`, ...flags], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) process.exitCode = 1
}
