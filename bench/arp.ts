/**
 * Answers to ARP requests: the kernel's own for an address that it owns, Herald's and MetalLB's, each on a veth pair of its own, in turn. Herald
 * and MetalLB are whole speakers under one API server with a thousand Services.
 *
 *   sh lab/toolchain.sh node bench/arp.ts [--rounds 5] [--without-metallb]
 */
import { parseArgs } from 'node:util'
import { type ApiServer, startApiServer } from '../test/support/api-server.ts'
import { eventually } from '../test/support/processes.ts'
import { addresses, createServices, defineKinds, TARGETS } from './arp/cluster.ts'
import type { Flood, Latency, Targets } from './arp/requester.ts'
import { type Answerer, herald, KERNEL_ADDRESS, kernel, metallb, type Speaker } from './arp/speakers.ts'
import { mb, percentile, quiet, spread, table, times } from './figures.ts'
import { metallbVersion } from './metallb.ts'

const SERVICES = 1_000
const FLOOD = { perSecond: 100_000, seconds: 5 }
const CHANGES_PER_SECOND = 1_000
const IDLE_MS = 10_000
/** Herald gives memory back in three steps, ten seconds apart. */
const REST_MS = 45_000
const PACES = {
  'a request every millisecond': { requests: 1_000, gapUs: 1_000 },
  'the next request at once': { requests: 3_000, gapUs: 0 },
} as const
type Pace = keyof typeof PACES
const KERNEL_TARGET: Targets = { first: KERNEL_ADDRESS, count: 1 }

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, 'without-metallb': { type: 'boolean', default: false } },
})

interface Percentiles {
  readonly p50Us: number
  readonly p99Us: number
}

interface Changing {
  readonly perSecond: number
  /** of one processor, used by the whole speaker */
  readonly processorShare: number
  readonly latencies: ReadonlyMap<Pace, readonly Percentiles[]>
}

const api = await startApiServer()
const closing: (() => Promise<void>)[] = [() => api.stop()]
try {
  await main(api)
} finally {
  for (const close of closing.reverse()) await close()
}

async function main(api: ApiServer): Promise<void> {
  await defineKinds(api, { metallbToo: !flags['without-metallb'] })
  console.error(`bench: creating ${SERVICES} Services`)
  await createServices(api, addresses(SERVICES))
  const own = await kernel()
  closing.push(own.close)
  const ours = await herald(api)
  closing.push(ours.close)
  const speakers: Speaker[] = [ours]
  if (!flags['without-metallb']) {
    const theirs = await metallb(api)
    closing.push(theirs.close)
    speakers.push(theirs)
  }
  for (const { name, requester } of speakers) {
    console.error(`bench: waiting for ${name} to announce`)
    await eventually(
      `${name} answers for every address`,
      async () => {
        const { answered, sent } = await requester.latency(TARGETS, { requests: TARGETS.count, gapUs: 0 })
        return answered === sent
      },
      { timeoutMs: 120_000, everyMs: 1_000 },
    )
  }
  await statusesWritten(api, speakers)
  console.error(`bench: letting them come to rest (${REST_MS / 1_000} s)`)
  await new Promise(resolve => setTimeout(resolve, REST_MS))
  const busy = await quiet()
  const idle = await idleFigures(speakers)

  const everyone: [Answerer, Targets][] = [
    [own, KERNEL_TARGET],
    ...speakers.map(speaker => [speaker, TARGETS] as [Speaker, Targets]),
  ]
  const latencies = await alternate(everyone, Number(flags.rounds))
  const floods = new Map<string, Flood>()
  for (const [{ name, requester }, targets] of everyone) floods.set(name, await requester.flood(targets, FLOOD))
  const changing = await whileChanging(api, ours)
  print({ names: everyone.map(([{ name }]) => name), busy, idle, latencies, floods, changing })
}

/** Everyone in turn, several times. */
async function alternate(
  everyone: readonly [Answerer, Targets][],
  rounds: number,
): Promise<Map<string, Percentiles[]>> {
  const seen = new Map<string, Percentiles[]>()
  for (let round = 0; round < rounds; round++) {
    for (const pace of Object.keys(PACES) as Pace[]) {
      for (const [{ name, requester }, targets] of everyone) {
        const key = `${name}, ${pace}`
        const all = seen.get(key) ?? []
        seen.set(key, all)
        all.push(percentiles(await requester.latency(targets, PACES[pace]), key))
      }
    }
  }
  return seen
}

/** Herald's answers while its main thread hears of changes of Services. */
async function whileChanging(
  api: ApiServer,
  { name, requester, relay, processorMs }: Awaited<ReturnType<typeof herald>>,
): Promise<Changing> {
  const { items } = await api.kubectlJson<{ items: { spec?: { type?: string } }[] }>([
    'get',
    'services',
    '--namespace',
    'default',
  ])
  const changed = items.filter(({ spec }) => spec?.type === 'LoadBalancer')
  const forMs = 10_000
  const processorBeforeMs = processorMs()
  const telling = relay.tell(changed, { perSecond: CHANGES_PER_SECOND, forMs })
  await new Promise(resolve => setTimeout(resolve, 1_000))
  const changing = new Map<Pace, Percentiles[]>()
  for (const pace of Object.keys(PACES) as Pace[]) {
    const rounds: Percentiles[] = []
    for (let i = 0; i < 3; i++) rounds.push(percentiles(await requester.latency(TARGETS, PACES[pace]), name))
    changing.set(pace, rounds)
  }
  const perSecond = (await telling) / (forMs / 1000)
  return { perSecond, processorShare: (processorMs() - processorBeforeMs) / forMs, latencies: changing }
}

async function idleFigures(
  speakers: readonly Speaker[],
): Promise<Map<string, { memoryMb: number; processorShare: number }>> {
  const before = speakers.map(speaker => speaker.processorMs())
  await new Promise(resolve => setTimeout(resolve, IDLE_MS))
  return new Map(
    speakers.map((speaker, i) => {
      const processorShare = (speaker.processorMs() - (before[i] ?? 0)) / IDLE_MS
      return [speaker.name, { memoryMb: speaker.memoryMb(), processorShare }]
    }),
  )
}

/** Both write a ServiceL2Status for each Service, MetalLB no more than 20 a second. */
async function statusesWritten(api: ApiServer, speakers: readonly Speaker[]): Promise<void> {
  if (!speakers.some(({ name }) => name === 'MetalLB')) return
  console.error('bench: waiting for MetalLB to write its statuses (about a minute)')
  await eventually(
    'MetalLB has written its statuses',
    async () => {
      const { stdout } = await api.kubectl(['get', 'servicel2statuses', '--namespace', 'metallb', '--output', 'name'])
      return stdout.trim().split('\n').length >= SERVICES
    },
    { timeoutMs: 180_000, everyMs: 5_000 },
  )
}

function percentiles({ sent, answered, latenciesUs }: Latency, who: string): Percentiles {
  if (answered < sent) console.error(`bench: ${who}: ${sent - answered} of ${sent} requests were not answered`)
  return { p50Us: percentile(latenciesUs, 0.5), p99Us: percentile(latenciesUs, 0.99) }
}

function print(figures: {
  names: readonly string[]
  busy: number
  idle: ReadonlyMap<string, { memoryMb: number; processorShare: number }>
  latencies: ReadonlyMap<string, readonly Percentiles[]>
  floods: ReadonlyMap<string, Flood>
  changing: Changing
}): void {
  const { names, busy, idle, latencies, floods, changing } = figures
  console.log(
    `MetalLB ${metallbVersion}. Of the first table the median of ${flags.rounds} rounds, and the least and the most; processors were ${Math.round(busy * 100)} % busy before it began.\n`,
  )
  const us = (value: number) => `${value.toFixed(value < 100 ? 1 : 0)} µs`
  const others = names.filter(name => name !== 'kernel')
  const rows = (Object.keys(PACES) as Pace[]).flatMap(pace =>
    (['p50Us', 'p99Us'] as const).map(which => {
      const valuesOf = (name: string) => (latencies.get(`${name}, ${pace}`) ?? []).map(each => each[which])
      const median = (name: string) => percentile(valuesOf(name), 0.5)
      return [
        `${pace}, ${which.slice(0, 3)}`,
        ...names.map(name => spread(valuesOf(name), us)),
        times(median('Herald'), median('kernel')),
        times(median('Herald'), median('MetalLB')),
        spread(
          (changing.latencies.get(pace) ?? []).map(each => each[which]),
          us,
        ),
      ]
    }),
  )
  const busyTitle = `Herald beside ${Math.round(changing.perSecond)} Service changes/s`
  console.log(`${table(['one at a time', ...names, 'Herald / kernel', 'Herald / MetalLB', busyTitle], rows)}\n`)
  console.log(
    `Beside the changes Herald's speaker used ${Math.round(changing.processorShare * 100)} % of a processor.\n`,
  )
  const lost = [...floods].map(([name, { sent, answered, seconds }]) => {
    const share = (100 * (sent - answered)) / sent
    return [name, `${Math.round(sent / seconds)}`, `${Math.round(answered / seconds)}`, `${share.toFixed(2)} %`]
  })
  console.log(`${table([`flood for ${FLOOD.seconds} s`, 'requests/s', 'answers/s', 'lost'], lost)}\n`)
  const resting = others.map(name => {
    const { memoryMb = Number.NaN, processorShare = Number.NaN } = idle.get(name) ?? {}
    return [name, mb(memoryMb), `${(processorShare * 100).toFixed(2)} %`]
  })
  console.log(table([`idle, ${SERVICES} addresses`, 'memory (RSS)', 'of a processor'], resting))
}
