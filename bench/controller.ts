/**
 * Controllers against a real API server, in turn under the same load: how long a Service waits for its address, memory, start,
 * and what a restart writes. Herald beside a bare loop that watches and patches without deciding, and beside MetalLB. Every
 * contender gets an API server of its own in every round. Writes docs/images/allocation.svg.
 *
 *   sh lab/toolchain.sh node bench/controller.ts [--rounds 3] [--sizes 200,1000,5000] [--only Herald]
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type ApiServer, startApiServer } from '../test/support/api-server.ts'
import { bareLoop, type Contender, herald, metallb, namespace } from './contenders.ts'
import { mb, ms, percent, percentile, quiet, residentMb, spread, table, times } from './figures.ts'
import { type Burst, ServiceLoad } from './service-load.ts'
import { distributionPlot } from './step-plot.ts'

const SINGLE = 30
const WAIT_MS = 120_000
const SETTLE_MS = 2_000
/** longer than a condition waits that says of a new Service that it is not announced */
const WRITTEN_MS = 3_000

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    sizes: { type: 'string', default: '200,1000,5000' },
    only: { type: 'string', multiple: true },
  },
})
const rounds = Number(flags.rounds)
const sizes = flags.sizes.split(',').map(Number)

type Api = Pick<ApiServer, 'kubectl'>

/** Of one contender in one round. */
interface Figures {
  /** share of the processors that was busy before it began */
  readonly busy: number
  /** from start to the address of a Service that waited already */
  readonly startMs: number
  readonly one: readonly number[]
  readonly bursts: ReadonlyMap<number, Burst>
  /** by number of Services */
  readonly memoryMb: ReadonlyMap<number, number>
  readonly restart: { services: number; startMs: number; writes: number; memoryMb: number }
}

const contenders = [await herald(), bareLoop(), await metallb()].filter(
  ({ name }) => !flags.only || flags.only.some(only => name.startsWith(only)),
)
const results = new Map<Contender, Figures[]>(contenders.map(contender => [contender, []]))
for (let round = 0; round < rounds; round++) {
  for (const contender of contenders) {
    console.error(`bench: round ${round + 1} of ${rounds}: ${contender.name}`)
    results.get(contender)!.push(await measure(contender))
  }
}
print(results)
plot(results)

async function measure({ name, manifests, atMost, start }: Contender): Promise<Figures> {
  const children = new Set<ChildProcess>()
  const died = Promise.withResolvers<never>()
  const api = await startApiServer()
  let users: ServiceLoad | undefined
  const launch = () => {
    const child = start(api.kubeconfigFile)
    children.add(child)
    child.once('exit', code => {
      if (children.delete(child)) died.reject(new Error(`${name} ended with exit code ${code}`))
    })
    return child
  }
  const end = async (child: ChildProcess) => {
    if (!children.delete(child)) return
    const exited = once(child, 'exit')
    child.kill()
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
    await exited
    clearTimeout(timer)
  }
  const steps = async (): Promise<Figures> => {
    const system = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
    await apply(api, [system, ...manifests])
    await api.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s'])
    await apply(api, [pool()])
    users = await ServiceLoad.connect(api.kubeconfigFile)
    const busy = await quiet()

    // The first start of all finds an API server that has not served these kinds yet.
    const first = await users.ask('first', WAIT_MS)
    let child = launch()
    await first.addressed
    await end(child)
    const second = await users.ask('second', WAIT_MS)
    let startedMs = performance.now()
    child = launch()
    await second.addressed
    const startMs = performance.now() - startedMs
    await users.removeAll()
    await settle()
    const memoryMb = new Map([[0, residentMb(child.pid ?? 0)]])

    const one: number[] = []
    for (let i = 0; i < SINGLE; i++) one.push(await users.one(`one-${i}`))
    const bursts = new Map<number, Burst>()
    let most = 0
    for (const size of sizes.filter(size => size <= atMost)) {
      console.error(`bench: ${name}: ${size} Services`)
      bursts.set(size, await burst(users, size))
      await written(api)
      memoryMb.set(size, residentMb(child.pid ?? 0))
      most = size
    }

    await end(child)
    const before = await countWrites(api)
    const late = await users.ask('late', WAIT_MS)
    startedMs = performance.now()
    child = launch()
    await late.addressed
    const restartMs = performance.now() - startedMs
    await settle()
    // One of them gave the late Service its address.
    const writes = (await countWrites(api)) - before - 1
    const restart = { services: most, startMs: restartMs, writes, memoryMb: residentMb(child.pid ?? 0) }
    await end(child)
    return { busy, startMs, one, bursts, memoryMb, restart }
  }
  try {
    return await Promise.race([steps(), died.promise])
  } finally {
    for (const child of children) {
      children.delete(child)
      child.kill('SIGKILL')
    }
    await users?.close()
    await api.stop()
  }
}

/** Creates so many Services at once. */
async function burst(users: ServiceLoad, size: number): Promise<Burst> {
  await users.removeAll()
  // Its address shows that the controller is through with the Services that were deleted.
  await users.one(`before-${size}`, WAIT_MS)
  await users.removeAll()
  await settle()
  return await users.many(`many-${size}`, size, WAIT_MS)
}

/** Waits until nobody changes Services any more: what is less urgent than an address is written later. */
async function written(api: Api): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS
  for (let before = -1, now = await countWrites(api); now !== before && performance.now() < deadlineMs; ) {
    await new Promise(resolve => setTimeout(resolve, WRITTEN_MS))
    before = now
    now = await countWrites(api)
  }
}

/** How often the API server was asked to change a Service, with or without effect. */
async function countWrites(api: Api): Promise<number> {
  const { stdout } = await api.kubectl(['get', '--raw', '/metrics'])
  let count = 0
  for (const line of stdout.split('\n')) {
    if (!line.startsWith('apiserver_request_total{') || !line.includes('resource="services"')) continue
    if (/verb="(PUT|PATCH|UPDATE|APPLY)"/.test(line)) count += Number(line.slice(line.lastIndexOf(' ')))
  }
  return count
}

function print(all: ReadonlyMap<Contender, readonly Figures[]>): void {
  const [reference, ...others] = [...all.keys()]
  if (!reference) return
  const head = (title: string) => [
    title,
    ...[...all.keys()].map(({ name }) => name),
    ...others.map(({ name }) => `${name} / ${reference.name}`),
  ]
  const row = (title: string, value: (figures: Figures) => number, show: (value: number) => string) => {
    const valuesOf = (contender: Contender) => all.get(contender)!.map(value)
    const median = (contender: Contender) => percentile(valuesOf(contender), 0.5)
    return [
      title,
      ...[...all.keys()].map(contender => spread(valuesOf(contender), show)),
      ...others.map(contender => times(median(contender), median(reference))),
    ]
  }
  const share = (samples: readonly number[] | undefined, part: number) => percentile(samples ?? [], part)
  const latency = [
    row('one Service, p50', ({ one }) => share(one, 0.5), ms),
    row('one Service, p99', ({ one }) => share(one, 0.99), ms),
    ...sizes.flatMap(size => [
      row(`${size} at once, p50`, ({ bursts }) => share(bursts.get(size)?.latenciesMs, 0.5), ms),
      row(`${size} at once, p99`, ({ bursts }) => share(bursts.get(size)?.latenciesMs, 0.99), ms),
      row(`${size} at once, last created after`, ({ bursts }) => bursts.get(size)?.createdMs ?? Number.NaN, ms),
      row(`${size} at once, all addressed after`, ({ bursts }) => bursts.get(size)?.addressedMs ?? Number.NaN, ms),
    ]),
  ]
  console.log(`\n${table(head('created → address seen in a watch'), latency)}\n`)
  const most = `${Math.max(...sizes)} Services (MetalLB: ${Math.min(1_000, Math.max(...sizes))})`
  console.log(
    `${table(head('process'), [
      row('start → address of a waiting Service', ({ startMs }) => startMs, ms),
      ...[0, ...sizes].map(size =>
        row(`memory (RSS), ${size} Services`, ({ memoryMb }) => memoryMb.get(size) ?? Number.NaN, mb),
      ),
      row(`restarted with ${most}: start → address of one more`, ({ restart }) => restart.startMs, ms),
      row('  writes to Services that had one', ({ restart }) => restart.writes, String),
      row('  memory (RSS)', ({ restart }) => restart.memoryMb, mb),
    ])}\n`,
  )
  const busy = [...all.values()].flatMap(each => each.map(figures => figures.busy))
  console.log(
    `${rounds} rounds; the median, and the least and the most. Processors were ${spread(busy, percent)} busy before each began.`,
  )
}

/** What the Services of the largest burst that all were asked for had to wait. */
function plot(all: ReadonlyMap<Contender, readonly Figures[]>): void {
  const size = Math.max(...sizes.filter(size => contenders.every(({ atMost }) => size <= atMost)))
  if (!Number.isFinite(size)) return
  const colours = ['#0969da', '#6e7781', '#cf222e']
  const lines = contenders.map((contender, index) => ({
    name: contender.name,
    colour: colours[index % colours.length]!,
    samples: all.get(contender)!.flatMap(({ bursts }) => [...(bursts.get(size)?.latenciesMs ?? [])]),
  }))
  const title = `${size} Services at once: a Service gets its address`
  const axis = 'from the answer to its creation to its address, seen in a watch'
  writeFileSync('docs/images/allocation.svg', distributionPlot({ title, axis }, lines, { fromMs: 1, toMs: 100_000 }))
}

function pool(): object {
  return {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name: 'bench', namespace },
    spec: { addresses: ['2001:db8:b::/112'] },
  }
}

async function apply(api: Api, items: object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const { code, stderr } = await api.kubectl(['create', '-f', '-'], list)
  if (code !== 0) throw new Error(stderr)
}

function settle(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, SETTLE_MS))
}
