/**
 * Runs every benchmark, one after the other: `npm run -s bench` (about 30 minutes), `npm run -s bench -- --full` (about 35), or only
 * some: `npm run -s bench -- allocator controller`. Prints Markdown.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const BENCHES = ['allocator', 'bgp-codec', 'bgp', 'controller', 'memory', 'arp', 'lab', 'failover', 'scale']

/** What is left out without --full. */
const SHORT: Readonly<Record<string, string[]>> = {
  controller: ['--sizes', '200,1000'],
  bgp: ['--rounds', '3'],
  memory: ['--sizes', '0,1000'],
  scale: ['--sizes', '1000x50,1000x200'],
}

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
  const flags = values.full ? [] : (SHORT[bench] ?? [])
  console.log(`\n## ${bench}\n`)
  const { status } = spawnSync(process.execPath, [`bench/${bench}.ts`, ...flags], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) process.exitCode = 1
}
