/**
 * Runs Herald's tests, suite by suite, and ends with one line: `N passed, N failed`.
 *
 *   node test/run.ts                    every suite
 *   node test/run.ts unit integration   these alone
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeFigures } from './guard/compare.ts'
import { type Figures, readNotes } from './guard/figures.ts'
import { keepLastRun, readCommitted } from './guard/last-run.ts'
import { type Failure, Results } from './results.ts'

interface Check {
  name: string
  command: string[]
}

const checks: Check[] = [
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'format and lint', command: ['biome', 'ci', '.'] },
  { name: 'import direction', command: ['depcruise', 'src', '--config', '.dependency-cruiser.json'] },
]

interface Suite {
  what: string
  timeoutMs: number
  /**
   * How often a test that failed is repeated. What uses the machine's kernel, clock and other programs may meet a bad moment; a test that passes
   * only then is named at the end. Tests that build on each other cannot be repeated one by one (`this.retries(0)`): files that have failed all
   * the same, if they are few, are run once more as a whole.
   */
  retries: number
  /** Files that share nothing run beside each other: they wait more than they work. */
  parallel?: boolean
}

const suites: Record<string, Suite> = {
  unit: { what: 'unit tests: no root, no network but loopback', timeoutMs: 5_000, retries: 0 },
  integration: {
    what: 'integration tests: network namespaces, a real API server',
    ...{ timeoutMs: 60_000, retries: 1, parallel: true },
  },
  e2e: { what: 'end-to-end tests: the lab, a real cluster', timeoutMs: 240_000, retries: 1 },
}

/** When more have failed, it is no bad moment. */
const MOST_FILES_AGAIN = 3

/** More at once only wait for each other's API servers to start. */
const MOST_JOBS = 4

const names = ['check', ...Object.keys(suites)]
const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => !names.includes(name))
if (unknown.length > 0 || wanted.includes('--help')) {
  console.error(`usage: node test/run.ts [${names.join('|')}]…  (default: all)`)
  process.exit(wanted.includes('--help') ? 0 : 2)
}

const total = { passes: 0, failures: 0, pending: 0 }
const repeated: string[] = []
const failed: Failure[] = []
const folder = mkdtempSync(join(tmpdir(), 'herald-test-'))
const figuresFile = join(folder, 'figures')
const figures: Figures = {}
const summary: string[] = []

let prepared = false
let runs = 0
for (const name of wanted.length > 0 ? wanted : names) {
  if (name === 'check') runChecks()
  else {
    if (name !== 'unit') prepare()
    runSuite(name)
  }
}
if (existsSync(figuresFile)) Object.assign(figures, readNotes(readFileSync(figuresFile, 'utf8')))
rmSync(folder, { recursive: true })

console.log(`\n${summary.join('\n')}\n`)
// Figures of a run in which something failed say nothing.
if (total.failures === 0) {
  keepLastRun(figures)
  for (const line of describeFigures(figures, readCommitted())) console.log(line)
  console.log('')
}
if (repeated.length > 0) console.log(`passed on the second attempt:\n${repeated.map(title => `  ${title}\n`).join('')}`)
// Named again where the output ends: the suite's own account of a failure is thousands of lines further up.
for (const { title, error } of failed) console.log(`failed: ${title}\n${error.replace(/^/gm, '    ')}\n`)
const skipped = total.pending > 0 ? `, ${total.pending} skipped` : ''
console.log(`${total.passes} passed, ${total.failures} failed${skipped}`)
process.exitCode = total.failures > 0 || total.passes === 0 ? 1 : 0

function runChecks(): void {
  for (const { name, command } of checks) {
    heading(name)
    const [program = '', ...args] = command
    const ok = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0
    total[ok ? 'passes' : 'failures']++
    summary.push(`${ok ? 'ok  ' : 'FAIL'} ${name}`)
  }
}

/** Fetches and builds what the lab needs: minutes on a new machine, too long for any test to wait, and nothing on a warm one. */
function prepare(): void {
  if (prepared) return
  prepared = true
  heading('preparing the lab')
  const { status } = spawnSync(process.execPath, ['lab/main.ts', 'prepare'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status === 0) return
  total.failures++
  summary.push('FAIL preparing the lab')
}

function runSuite(name: string): void {
  const suite = suites[name]
  const files = globSync(`test/${name}/**/*.test.ts`).sort()
  if (!suite || files.length === 0) {
    total.failures++
    summary.push(`FAIL ${name}: no test files found`)
    return
  }
  heading(suite.what)
  const started = process.hrtime.bigint()
  const results = runFiles(suite, files)
  const again = results.failedFiles
  if (suite.retries > 0 && again.length > 0 && again.length <= MOST_FILES_AGAIN) {
    heading(`once more: ${again.join(', ')}`)
    results.repeat(runFiles(suite, again))
  }
  const seconds = Number((process.hrtime.bigint() - started) / 1_000_000n) / 1000
  if (name === 'unit') figures.unitSeconds = seconds
  const { passes, failures, pending } = results
  total.passes += passes
  total.failures += failures
  total.pending += pending
  repeated.push(...results.repeated.map(title => `${name}: ${title}`))
  failed.push(...results.failed.map(({ title, error }) => ({ title: `${name}: ${title}`, error })))
  const verdict = failures === 0 ? 'ok  ' : 'FAIL'
  summary.push(
    `${verdict} ${name}: ${passes} passed, ${failures} failed, ${pending} skipped in ${seconds.toFixed(1)} s`,
  )
}

function runFiles(suite: Suite, files: readonly string[]): Results {
  const output = join(folder, `results-${++runs}`)
  const options = ['--timeout', String(suite.timeoutMs), '--retries', String(suite.retries)]
  if (suite.parallel) options.push('--parallel', '--jobs', String(Math.min(availableParallelism(), MOST_JOBS)))
  const { status } = spawnSync('mocha', [...options, ...files], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, HERALD_TEST_RESULTS: output, HERALD_FIGURES: figuresFile },
  })
  const results = Results.parse(existsSync(output) ? readFileSync(output, 'utf8') : '')
  // A run that dies before its reporter has written must not pass for one without failures.
  if (status !== 0 && results.failures === 0)
    results.fail('mocha itself', `it ended with status ${status}, and no test had failed`)
  return results
}

function heading(text: string): void {
  console.log(`\n── ${text} ${'─'.repeat(Math.max(2, 100 - text.length))}`)
}
