/** Fuzzes one target in this process, for main.ts: `run-target.ts '{"name": …}'`. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Random } from '../simulation/random.ts'
import { SourceCoverage } from './coverage.ts'
import { minutes } from './duration.ts'
import type { Failure } from './fuzzer.ts'
import type { FuzzTarget } from './target.ts'

/** What main.ts asks for. */
export interface TargetRun {
  readonly name: string
  readonly budgetMs: number
  /** inputs at most; 0: as many as the time allows */
  readonly inputs: number
  readonly seed: number
  /** whether the corpus is written at the end */
  readonly save: boolean
}

/** What it is told. */
export interface TargetResult {
  readonly inputs: number
  /** lines of source of which something ran */
  readonly lines: number
  /** inputs that reached something new */
  readonly found: number
  readonly failed: boolean
  readonly outcomes: readonly (readonly [outcome: string, count: number])[]
}

const PROGRESS_EVERY_MS = 5_000
const PATIENCE_MS = 30_000
const FIRST_BATCH = 64
const LARGEST_BATCH = 16_384
/** A look at the counters takes some milliseconds: batches grow until they take many times as long. */
const BATCH_MS = 200

const run = JSON.parse(process.argv[2] ?? '{}') as TargetRun
// Only code that is loaded after the counting has begun is counted exactly.
const coverage = new SourceCoverage({ of: '/src/' })
coverage.start()
const { corpusFile, readInputs, writeInputs } = await import('./corpus.ts')
const { Fuzzer } = await import('./fuzzer.ts')
const { loadTarget } = await import('./targets.ts')
const { Watchdog } = await import('./watchdog.ts')

const target = await loadTarget(run.name)
const failuresFolder = join(import.meta.dirname, 'failures')
mkdirSync(failuresFolder, { recursive: true })
const watchdog = new Watchdog({ patienceMs: PATIENCE_MS, file: join(failuresFolder, `${target.name}-endless.bin`) })
const fuzzer = new Fuzzer({
  ...{ target, coverage, random: new Random(run.seed), trying: watchdog.trying },
  nowMs: () => performance.now(),
  cpuMs: () => process.threadCpuUsage().user / 1_000,
  allocatedBytes: () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  },
})

const startedMs = performance.now()
let failure = fuzzer.begin(readInputs(target))
const known = fuzzer.corpus.length
let toldMs = startedMs
let size = FIRST_BATCH
while (!failure && performance.now() - startedMs < run.budgetMs) {
  const left = run.inputs > 0 ? run.inputs - fuzzer.inputs : size
  if (left <= 0) break
  const beforeMs = performance.now()
  failure = fuzzer.batch(Math.min(size, left))
  const nowMs = performance.now()
  if (nowMs - beforeMs < BATCH_MS) size = Math.min(LARGEST_BATCH, size * 2)
  if (nowMs - toldMs < PROGRESS_EVERY_MS) continue
  toldMs = nowMs
  console.log(progress(nowMs - startedMs))
}
if (failure) tell(target, fuzzer.minimise(failure), failure.input.length)
else if (run.save && !target.hasKeys) writeInputs(target, fuzzer.corpus)
const { inputs, corpus, outcomes } = fuzzer
const found = corpus.length - known
const result: TargetResult = {
  inputs,
  lines: coverage.lines,
  found,
  failed: failure !== undefined,
  outcomes: [...outcomes],
}
process.send?.(result)
await watchdog.stop()

/** Keeps the smallest input that fails, and says how to see it again. */
function tell({ name, format }: FuzzTarget, { input, error }: Failure, lengthBefore: number): void {
  const line = format.toLine(input)
  const file = join(failuresFolder, `${name}-${createHash('sha256').update(line).digest('hex').slice(0, 8)}.txt`)
  writeFileSync(file, `${line}\n`)
  const here = (path: string) => relative(process.cwd(), path)
  console.log(
    [
      `\nFAILED ${name}: ${error.stack ?? error.message}`,
      `the input, ${input.length} octets of ${lengthBefore}: ${line.slice(0, 400)}`,
      `to repeat it:  npm run fuzz -- --target ${name} --repeat ${here(file)}`,
      target.hasKeys ? '' : `when it is mended, add its line to ${here(corpusFile(target))}\n`,
    ].join('\n'),
  )
}

function progress(sinceMs: number): string {
  const { inputs, corpus } = fuzzer
  const rate = Math.round((inputs / sinceMs) * 1_000).toLocaleString('en')
  const time = minutes(sinceMs).padStart(6)
  return `${time}  ${target.name}: ${inputs.toLocaleString('en')} inputs, ${rate}/s; ${corpus.length} kept, ${coverage.lines} lines`
}
