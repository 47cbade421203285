/**
 * What a whole installation costs, Herald's controller and speaker and MetalLB's in turn: a real API server with 1,000 Services, one
 * node that announces them all; memory, processor and requests at rest and with 50 changes a second.
 *
 *   sh lab/toolchain.sh node bench/cost.ts [--rounds 3] [--services 1000] [--seconds 20] [--changes 50]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { mb, ms, percent, percentile, spread, table, times } from './figures.ts'
import { buildHerald } from './herald-bundles.ts'
import { metallbVersion } from './metallb.ts'
import { COMPONENTS, type Figures, type MeasureInit, measure } from './scale/measure.ts'
import { heraldProcesses, metallbProcesses } from './scale/processes.ts'

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    services: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '20' },
    changes: { type: 'string', default: '50' },
  },
})
const [rounds, services] = [Number(flags.rounds), Number(flags.services)]
const folder = mkdtempSync(join(tmpdir(), 'herald-cost-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
// So that what runs in other processes is ended, too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const bundles = await buildHerald()
const contenders: Record<string, MeasureInit['processes']> = {
  Herald: surroundings => heraldProcesses(bundles, surroundings),
  [`MetalLB ${metallbVersion}`]: metallbProcesses,
}
const results = new Map<string, Figures[]>(Object.keys(contenders).map(name => [name, []]))
for (let round = 1; round <= rounds; round++) {
  for (const [name, processes] of Object.entries(contenders)) {
    const figures = await measure({
      ...{ size: { services, speakers: 1 }, processes, metallbToo: true, restart: false, folder },
      ...{ windowMs: Number(flags.seconds) * 1_000, changesPerSecond: Number(flags.changes) },
      say: text => console.error(`bench: round ${round} of ${rounds}: ${name}: ${text}`),
    })
    results.get(name)!.push(figures)
  }
}

const names = [...results.keys()]
const rate = (value: number) => value.toFixed(1)
const row = (title: string, of: (figures: Figures) => number, show: (value: number) => string) => {
  const all = names.map(name => results.get(name)!.map(of))
  const [ours = Number.NaN, theirs = Number.NaN] = all.map(each => percentile(each, 0.5))
  return [title, ...all.map(each => spread(each, show)), times(ours, theirs)]
}
const busy = `${flags.changes} changes/s`
console.log(
  `\n${table(
    [`${services} Services, one node`, ...names, 'Herald / MetalLB'],
    [
      row('controller started: every Service has its address', ({ allocatedMs }) => allocatedMs, ms),
      ...COMPONENTS.flatMap(component => [
        row(`${component}: memory (RSS), at rest`, ({ idle }) => idle[component].residentMb, mb),
        row(`${component}: memory (RSS), ${busy}`, figures => figures.busy[component].residentMb, mb),
        row(`${component}: of a processor, at rest`, ({ idle }) => idle[component].processor, percent),
        row(`${component}: of a processor, ${busy}`, figures => figures.busy[component].processor, percent),
        row(`${component}: API requests/s, at rest`, ({ idle }) => idle[component].requestsPerSecond, rate),
        row(`${component}: API requests/s, ${busy}`, figures => figures.busy[component].requestsPerSecond, rate),
      ]),
      row('changes/s that the API server took', ({ changesPerSecond }) => changesPerSecond, rate),
    ],
  )}\n`,
)
console.log(`${rounds} rounds of ${flags.seconds} s each; the median, and the least and the most.`)
