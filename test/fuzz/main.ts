/**
 * Fuzzes everything that reads what comes from outside.
 *
 *   npm run fuzz -- 10m                     every target, ten minutes in all; inputs that reach something new join test/fuzz/corpus/
 *   npm run fuzz -- 30s --target arp        one target (repeatable); --list tells which there are
 *   npm run fuzz -- 2h --inputs 2000000     so many on each target, as far as the time allows
 *   npm run fuzz -- --target arp --repeat FILE   tries the inputs of a file, one a line
 *
 * --seed N repeats the choices of a run, as far as its corpus is the same; --no-save leaves the corpus as it is.
 * Exit code: 0 nothing found, 1 something found, 2 wrong command line.
 *
 * Jazzer.js, which does the like, was tried: its binary for Linux asks for a newer C library than that of Debian 12, and it cannot change JSON by
 * its structure. What it would give is small: V8 itself counts which code ran.
 */
import { fork } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readInputs } from './corpus.ts'
import { durationMs, minutes } from './duration.ts'
import type { TargetResult, TargetRun } from './run-target.ts'
import { loadTarget, TARGETS } from './targets.ts'

const USAGE = `usage: npm run fuzz -- [TIME] [--target NAME]… [--inputs N] [--seed N] [--no-save]
       npm run fuzz -- --list
       npm run fuzz -- --target NAME --repeat FILE
TIME is 30s, 10m or 2h; the default is 1m`

process.exitCode = await main()

async function main(): Promise<number> {
  const { values: options, positionals } = parseArgs({
    options: {
      target: { type: 'string', multiple: true },
      seed: { type: 'string' },
      inputs: { type: 'string' },
      repeat: { type: 'string' },
      list: { type: 'boolean', default: false },
      'no-save': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
    allowPositionals: true,
  })
  if (options.help) return say(USAGE, 0)
  if (options.list) return say(TARGETS.map(({ name, what }) => `${name.padEnd(22)}${what}`).join('\n'), 0)
  const names = options.target ?? TARGETS.map(({ name }) => name)
  const unknown = names.find(wanted => !TARGETS.some(({ name }) => name === wanted))
  if (unknown !== undefined) return say(`there is no target "${unknown}"; --list tells which there are`, 2)
  if (options.repeat !== undefined) return await repeat(names, options.repeat)
  const budgetMs = durationMs(positionals[0] ?? '1m')
  if (budgetMs === undefined || positionals.length > 1) return say(`${positionals.join(' ')}: no time\n\n${USAGE}`, 2)
  const inputs = Number(options.inputs ?? 0)
  const seed = Number(options.seed ?? randomInt(2 ** 31))
  if (!Number.isInteger(inputs) || !Number.isInteger(seed))
    return say(`--inputs and --seed take numbers\n\n${USAGE}`, 2)

  const startedMs = performance.now()
  console.log(`${names.length} targets in ${minutes(budgetMs)}; --seed ${seed}`)
  const rows: string[] = []
  let failed = 0
  let total = 0
  for (const [index, name] of names.entries()) {
    // What a target did not need is for those after it.
    const leftMs = Math.max(0, budgetMs - (performance.now() - startedMs))
    const run = {
      name,
      budgetMs: leftMs / (names.length - index),
      inputs,
      seed: seed + index,
      save: !options['no-save'],
    }
    const result = await runTarget(run)
    if (!result || result.failed) failed++
    total += result?.inputs ?? 0
    rows.push(
      `${result && !result.failed ? 'ok    ' : 'FAILED'} ${name.padEnd(22)}${result ? describe(result) : 'the process ended'}`,
    )
  }
  const time = minutes(performance.now() - startedMs)
  console.log(`\n${rows.join('\n')}`)
  console.log(`${total.toLocaleString('en')} inputs in ${time}, ${failed} of ${names.length} targets failed`)
  return failed > 0 ? 1 : 0
}

/** Undefined when the process ended before it could tell. */
async function runTarget(run: TargetRun): Promise<TargetResult | undefined> {
  const child = fork(join(import.meta.dirname, 'run-target.ts'), [JSON.stringify(run)])
  let result: TargetResult | undefined
  child.once('message', message => {
    result = message as TargetResult
  })
  await once(child, 'exit')
  return result
}

async function repeat([name = '', ...others]: readonly string[], file: string): Promise<number> {
  if (others.length > 0) return say('--repeat needs one --target', 2)
  const target = await loadTarget(name)
  const inputs = readInputs(target, file)
  if (inputs.length === 0) return say(`${file}: no inputs`, 2)
  for (const input of inputs) console.log(`${target.check(input)}: ${target.format.toLine(input).slice(0, 200)}`)
  return 0
}

function describe({ inputs, lines, found, outcomes }: TargetResult): string {
  const most = outcomes.toSorted((a, b) => b[1] - a[1]).slice(0, 4)
  const shares = most.map(([outcome, count]) => `${outcome} ${Math.round((count / inputs) * 100)} %`).join(', ')
  return `${inputs.toLocaleString('en').padStart(12)} inputs, ${lines} lines, ${found} new; ${shares}`
}

function say(text: string, code: number): number {
  console[code === 0 ? 'log' : 'error'](text)
  return code
}
