/**
 * Runs simulated clusters, one for each seed, and says what went wrong.
 *
 *   npm run simulate -- --seeds 100000 [--from 0] [--jobs 2]
 *   npm run simulate -- --trace SEED       tells the story of one
 *   npm run simulate -- --plot lasting     all seeds tell stories of one kind: calm, harmless, failure, gentle, rough, lasting
 *   npm run simulate -- --bfd              real BFD sessions in every run, not in every 100th
 *   npm run simulate -- --mutants          breaks the protocol, rule by rule, and sees whether that is noticed
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { MUTANTS } from './mutants.ts'
import { PLOTS, type Plot } from './plots.ts'
import { type SimulationOptions, simulate } from './simulation.ts'
import { count, type Failure, merge, newTally, quantileMs, type Tally } from './tally.ts'

const USAGE =
  'usage: npm run simulate -- [--seeds N] [--from K] [--jobs J] [--plot PLOT] [--bfd] | --trace SEED | --mutants'
const CHUNK = 500
const PROGRESS_MS = 10_000
const MAX_FAILURES_SHOWN = 20

const options = readOptions()
const runs: SimulationOptions = { plot: options.plot, bfd: options.bfd }
if (options.trace !== undefined) traceSeed(options.trace)
else if (options.mutants) tryMutants(options.from, options.seeds)
else if (options.first) firstFailure(options.from, options.seeds)
else await runSeeds(options.from, options.seeds, options.jobs)

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '20000' },
        from: { type: 'string', default: '0' },
        jobs: { type: 'string', default: '1' },
        trace: { type: 'string' },
        first: { type: 'boolean', default: false },
        mutants: { type: 'boolean', default: false },
        plot: { type: 'string' },
        bfd: { type: 'boolean' },
      },
    })
    const trace = values.trace === undefined ? undefined : wholeNumber('trace', values.trace, 0)
    return {
      seeds: wholeNumber('seeds', values.seeds, 1),
      from: wholeNumber('from', values.from, 0),
      jobs: wholeNumber('jobs', values.jobs, 1),
      trace,
      first: values.first,
      mutants: values.mutants,
      plot: plotOf(values.plot),
      bfd: values.bfd,
    }
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`)
    process.exit(2)
  }
}

function plotOf(name: string | undefined): Plot | undefined {
  const plot = PLOTS.find(known => known === name)
  if (name === undefined || plot) return plot
  throw new Error(`--plot ${name}: one of ${PLOTS.join(', ')} is wanted`)
}

function wholeNumber(name: string, text: string, least: number): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= least) return number
  throw new Error(`--${name} ${text}: a whole number from ${least} is wanted`)
}

function traceSeed(seed: number): void {
  const { problem } = simulate(seed, { ...runs, trace: text => console.log(text) })
  console.log(problem === undefined ? 'all was well' : `problem: ${problem}`)
  process.exitCode = problem === undefined ? 0 : 1
}

/** For mutants: stops at the first seed that shows them. */
function firstFailure(from: number, seeds: number): void {
  for (let seed = from; seed < from + seeds; seed++) {
    const { problem } = simulate(seed, runs)
    if (problem === undefined) continue
    console.log(`seed ${seed}: ${problem}`)
    process.exitCode = 1
    return
  }
  console.log(`${seeds} seeds: nothing noticed`)
}

function tryMutants(from: number, seeds: number): void {
  const [main, mutate] = ['main.ts', 'mutate.ts'].map(file => fileURLToPath(new URL(file, import.meta.url)))
  let survivors = 0
  for (const { name, plot } of MUTANTS) {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        '--import',
        mutate!,
        main!,
        '--first',
        '--from',
        String(from),
        '--seeds',
        String(seeds),
        ...(plot ? ['--plot', plot] : []),
      ],
      { env: { ...process.env, HERALD_MUTANT: name }, encoding: 'utf8' },
    )
    const noticed = status === 1 && stdout.startsWith('seed ')
    if (!noticed) survivors++
    console.log(`${noticed ? 'caught  ' : 'SURVIVED'} ${name}: ${(stdout || stderr).trim()}`)
  }
  console.log(`${MUTANTS.length - survivors} mutants caught, ${survivors} survived`)
  process.exitCode = survivors === 0 ? 0 : 1
}

async function runSeeds(from: number, seeds: number, jobs: number): Promise<void> {
  const total = newTally()
  const startedMs = performance.now()
  let toldMs = startedMs
  const take = (tally: Tally): void => {
    for (const failure of tally.failures.slice(0, MAX_FAILURES_SHOWN - total.failures.length)) tell(failure)
    merge(total, tally)
    const nowMs = performance.now()
    if (nowMs - toldMs < PROGRESS_MS) return
    toldMs = nowMs
    console.log(`${total.seeds} of ${seeds} seeds, ${total.failures.length} failed, ${speed(total, startedMs)}`)
  }
  if (jobs === 1) {
    for (let next = from; next < from + seeds; next += CHUNK) {
      const tally = newTally()
      for (let seed = next; seed < Math.min(next + CHUNK, from + seeds); seed++) count(tally, simulate(seed, runs))
      take(tally)
    }
  } else {
    await Promise.all(Array.from({ length: jobs }, (_, job) => work(from + job, from + seeds, jobs, take)))
  }
  summarize(total, startedMs)
  process.exitCode = total.failures.length === 0 ? 0 : 1
}

function work(from: number, seeds: number, step: number, take: (tally: Tally) => void): Promise<void> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { from, seeds, step, chunk: CHUNK, options: runs },
  })
  worker.on('message', take)
  return new Promise((resolve, reject) => {
    worker.on('error', reject)
    worker.on('exit', () => resolve())
  })
}

function tell({ seed, plot, problem }: Failure): void {
  console.log(`seed ${seed} (${plot}): ${problem}\n  npm run simulate -- --trace ${seed}`)
}

function summarize(total: Tally, startedMs: number): void {
  const { seeds, events, frames, claims, plots, failures, distributions } = total
  const kinds = Object.entries(plots)
    .sort()
    .map(([plot, number]) => `${number} ${plot}`)
  console.log(`\n${seeds} seeds (${kinds.join(', ')}): ${failures.length} failed, ${speed(total, startedMs)}`)
  console.log(`${events} events, ${frames} frames, ${claims} claims`)
  console.log(
    `at most ${total.mostFramesPerSecond} frames in a second for one address, ${total.mostClaimsInTenSeconds} claims in ten`,
  )
  console.log(
    `${'milliseconds'.padEnd(32)} ${['times', 'p50', 'p90', 'p99', 'p99.9', 'most'].map(pad).join('')}  in seed`,
  )
  for (const [name, distribution] of Object.entries(distributions).sort()) {
    const quantiles = [0.5, 0.9, 0.99, 0.999].map(share =>
      Math.min(quantileMs(distribution, share), distribution.greatestMs),
    )
    const cells = [distribution.count, ...quantiles.map(Math.round), Math.round(distribution.greatestMs)]
    console.log(`${name.padEnd(32)} ${cells.map(pad).join('')}  ${distribution.greatestSeed}`)
  }
}

function pad(value: string | number): string {
  return String(value).padStart(9)
}

function speed({ seeds }: Tally, startedMs: number): string {
  return `${Math.round((seeds / (performance.now() - startedMs)) * 60_000)} seeds a minute`
}
