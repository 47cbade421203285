import { parseArgs } from 'node:util'
import { takeDown } from '../../lab/down.ts'
import type { FaultKind } from './fault.ts'
import { faultKinds, kindsNamed } from './faults/registry.ts'
import { runChaos } from './run.ts'

const USAGE = `Breaks a cluster again and again, as a seed decides, and watches whether Herald keeps its promises.

usage: npm run chaos -- [OPTION…]

  --seed N         which story; the same seed tells the same one (default: the time of day)
  --minutes N      begin no round after so many minutes (default: 10)
  --rounds N       nor more rounds than this
  --faults A,B     only these kinds; --list shows all
  --services N     Services of a crowd that comes and goes (default: 100)
  --patience X     multiply all bounds in time by X, for a slow machine (default: 1)
  --name NAME      of the lab that it runs in, which is started if need be (default: chaos)
  --keep           leave the lab running afterwards
  --list           the kinds of faults
  --help

It ends with status 1 when an invariant was violated, and prints how to repeat the run. docs/design/chaos.md tells what is watched.`

/** A mistake in the command line; shown without a stack. */
class UsageError extends Error {}

function readOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string', default: '10' },
      rounds: { type: 'string' },
      faults: { type: 'string' },
      services: { type: 'string', default: '100' },
      patience: { type: 'string', default: '1' },
      name: { type: 'string', default: 'chaos' },
      keep: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const number = (name: 'seed' | 'minutes' | 'rounds' | 'services' | 'patience', least: number, whole = true) => {
    const text = values[name]
    if (text === undefined) return undefined
    const found = Number(text)
    if ((whole ? Number.isSafeInteger(found) : Number.isFinite(found)) && found >= least) return found
    throw new UsageError(`--${name} takes a ${whole ? 'whole ' : ''}number from ${least}, not "${text}"`)
  }
  return {
    ...values,
    seed: number('seed', 0) ?? Math.floor(Date.now() / 1000) % 1_000_000,
    minutes: number('minutes', 0.1, false)!,
    rounds: number('rounds', 1),
    services: number('services', 1)!,
    patience: number('patience', 1, false)!,
    kinds: values.faults === undefined ? faultKinds : named(values.faults.split(',')),
  }
}

function named(names: readonly string[]): FaultKind[] {
  try {
    return kindsNamed(names)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

async function main(args: string[]): Promise<number> {
  const options = readOptions(args)
  if (options.help) {
    console.log(USAGE)
    return 0
  }
  if (options.list) {
    for (const { name, summary } of faultKinds) console.log(`${name.padEnd(24)}${summary}`)
    return 0
  }
  const { seed, minutes, rounds, services, patience, name, kinds } = options
  const repeated = {
    ...{ seed, minutes, rounds, services },
    ...(patience !== 1 && { patience }),
    ...(options.faults !== undefined && { faults: options.faults }),
  }
  const flags = Object.entries(repeated).flatMap(([flag, value]) => (value === undefined ? [] : `--${flag} ${value}`))
  const abort = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      console.error('ending after this round; once more to end at once')
      abort.abort()
    })
  }
  const { violations } = await runChaos({
    ...{ name, seed, kinds, minutes, rounds, patience, crowd: services, signal: abort.signal },
    repeat: `npm run chaos -- ${flags.join(' ')}`,
    print: line => console.log(line),
  })
  if (!options.keep) await takeDown(name)
  return violations === 0 ? 0 : 1
}

main(process.argv.slice(2)).then(
  code => process.exit(code),
  (error: Error & { code?: string }) => {
    const mistaken = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS')
    console.error(`chaos: ${mistaken ? error.message : error.stack}`)
    if (mistaken) console.error('"npm run chaos -- --help" shows what there is')
    process.exit(mistaken ? 2 : 1)
  },
)
