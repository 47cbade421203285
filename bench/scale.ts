/**
 * Herald in a large cluster: a real API server with so many Services, EndpointSlices and registered speakers, of which all but one are
 * simulated. How long controller and speaker take until they are ready, and what they cost at rest and with 50 changes a second.
 *
 *   sh lab/toolchain.sh node bench/scale.ts [--sizes 1000x50,1000x200,10000x200] [--seconds 30] [--changes 50]
 *
 * A size is Services x speakers.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { mb, ms, percent, table } from './figures.ts'
import { buildHerald } from './herald-bundles.ts'
import { calculate, leaseWritesPerSecond, type Point, type Size } from './scale/calculation.ts'
import { COMPONENTS, type Component, type Figures, measure } from './scale/measure.ts'
import { heraldProcesses, type Surroundings } from './scale/processes.ts'

const { values: flags } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000x50,1000x200,10000x200' },
    seconds: { type: 'string', default: '30' },
    changes: { type: 'string', default: '50' },
  },
})
const perSecond = Number(flags.changes)
const sizes = flags.sizes.split(',').map(text => {
  const [services = 0, speakers = 0] = text.split('x').map(Number)
  // The addresses of the segment are those of a /24.
  if (!(services > 0 && speakers > 1 && speakers < 254)) throw new Error(`--sizes: "${text}" is not like 1000x200`)
  return { services, speakers }
})
const folder = mkdtempSync(join(tmpdir(), 'herald-scale-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
// So that what runs in other processes is ended, too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const bundles = await buildHerald()
const results: Figures[] = []
try {
  for (const size of sizes) {
    const say = (text: string) => console.error(`bench: ${size.services} Services, ${size.speakers} speakers: ${text}`)
    const windowMs = Number(flags.seconds) * 1_000
    const processes = (surroundings: Surroundings) => heraldProcesses(bundles, surroundings)
    results.push(await measure({ size, processes, restart: true, folder, windowMs, changesPerSecond: perSecond, say }))
  }
} finally {
  // What was measured before something went wrong was measured.
  if (results.length > 0) print(results)
}

function print(all: readonly Figures[]): void {
  const rate = (value: number) => value.toFixed(1)
  const calculated: Size = { services: 50_000, speakers: 1_000 }
  const titleOf = ({ services, speakers }: Size) => `${services} Services, ${speakers} speakers`
  const head = ['', ...all.map(({ size }) => titleOf(size)), `${titleOf(calculated)}: by calculation`]
  const row = (title: string, of: (figures: Figures) => number, show: (value: number) => string) => {
    const points: Point[] = all.map(figures => ({ ...figures.size, value: of(figures) }))
    const value = calculate(points, calculated)
    return [title, ...all.map(figures => show(of(figures))), Number.isNaN(value) ? '—' : show(value)]
  }
  const changeCost = (component: Component) => (figures: Figures) =>
    ((figures.busy[component].processor - figures.idle[component].processor) * 1_000) / figures.changesPerSecond
  console.log(
    table(head, [
      row('controller started: every Service has its address', ({ allocatedMs }) => allocatedMs, ms),
      ...COMPONENTS.flatMap(component => [
        row(`${component}: start to ready`, ({ readyMs }) => readyMs[component], ms),
        row(`${component}: memory (RSS), at rest`, ({ idle }) => idle[component].residentMb, mb),
        row(`${component}: memory (RSS), ${perSecond} changes/s`, ({ busy }) => busy[component].residentMb, mb),
        row(`${component}: processor, at rest`, ({ idle }) => idle[component].processor, percent),
        row(`${component}: processor, ${perSecond} changes/s`, ({ busy }) => busy[component].processor, percent),
        row(`${component}: processor for one change`, changeCost(component), ms),
        row(`${component}: API requests/s, at rest`, ({ idle }) => idle[component].requestsPerSecond, rate),
        row(
          `${component}: API requests/s, ${perSecond} changes/s`,
          ({ busy }) => busy[component].requestsPerSecond,
          rate,
        ),
      ]),
    ]),
  )
  const writes = all.map(({ size }) => rate(leaseWritesPerSecond(size.speakers)))
  console.log(
    `\nThe last column is no measurement: it goes on from the largest cluster along straight lines, one for Services and one for speakers. All speakers together renew ${writes.join(', ')} Leases a second, and ${rate(leaseWritesPerSecond(calculated.speakers))} if there were ${calculated.speakers}; no Service adds to that. The speaker that was measured is watched by ${all.map(({ watchers }) => watchers).join(', ')} others, and no node watches more than 64.`,
  )
  console.log(`Changes made: ${all.map(({ changesPerSecond }) => `${rate(changesPerSecond)}/s`).join(', ')}.`)
}
