/**
 * Runs every benchmark, one after the other, and writes what they say into docs/performance.md, each as soon as it is through.
 *
 *   npm run -s bench                   all of them, about 45 minutes
 *   npm run -s bench -- --full         the larger sizes too
 *   npm run -s bench -- arp scale      some of them
 *   npm run -s bench -- arp --print    writes nothing
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { BENCHMARKS } from './benchmarks.ts'
import { load, machine } from './figures.ts'
import { provenance, withFigures } from './publish.ts'

const PAGE = 'docs/performance.md'

const { values, positionals } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    print: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const names = Object.keys(BENCHMARKS)
if (values.help) {
  console.log('usage: npm run -s bench -- [--full] [--print] [NAME...]\n')
  console.log(
    'Runs benchmarks and writes their figures into docs/performance.md; --print writes nothing, --full takes the larger sizes.\n',
  )
  for (const [name, { about }] of Object.entries(BENCHMARKS)) console.log(`${name.padEnd(14)}${about}`)
  process.exit(0)
}
const unknown = positionals.filter(name => !names.includes(name))
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(', ')}; there are ${names.join(', ')}`)
  process.exit(2)
}
for (const name of positionals.length > 0 ? positionals : names) {
  if (!(await measure(name))) process.exitCode = 1
}

/** @returns whether it came to its end */
async function measure(name: string): Promise<boolean> {
  const command = ['npm run -s bench --', name, ...(values.full ? ['--full'] : [])].join(' ')
  const at = new Date()
  const loadBefore = load()
  console.log(`\n## ${name}\n`)
  const { succeeded, said } = await tee(`bench/${name}.ts`, values.full ? [] : (BENCHMARKS[name]?.short ?? []))
  const line = provenance({ at, command, herald: commit(), machine: machine(), loadBefore, loadAfter: load() })
  console.log(`\n${line}`)
  if (!succeeded) console.error(`bench: ${name} failed; nothing was written`)
  else if (!values.print) {
    writeFileSync(PAGE, withFigures(readFileSync(PAGE, 'utf8'), name, `${line}\n\n${said.trim()}`))
    console.error(`bench: written to ${PAGE}`)
  }
  return succeeded
}

/** Runs a program whose output is shown as it comes, and kept. */
async function tee(program: string, flags: readonly string[]): Promise<{ succeeded: boolean; said: string }> {
  const child = spawn(process.execPath, [program, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    process.stdout.write(text)
  })
  const [code] = await once(child, 'close')
  return { succeeded: code === 0, said }
}

/** Figures of the benchmarks before this one change the documentation, not what is measured. */
function commit(): string {
  const git = (...args: string[]) => spawnSync('git', args, { encoding: 'utf8' }).stdout?.trim() ?? ''
  const changed = git('status', '--porcelain', '--', '.', ':!docs')
  return `${git('describe', '--always') || 'of unknown version'}${changed === '' ? '' : ', changed'}`
}
