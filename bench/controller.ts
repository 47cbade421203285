/**
 * Controllers against a real API server, one after the other under the same load: how long a Service waits for its address,
 * memory, start, and what a restart writes. Herald beside a bare loop that watches and patches without deciding, and beside
 * MetalLB. Every contender gets an API server of its own.
 *
 *   sh lab/toolchain.sh node bench/controller.ts [--sizes 200,1000,5000] [--only Herald]
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { type ApiServer, startApiServer } from '../test/support/api-server.ts'
import { bareLoop, type Contender, herald, metallb, namespace } from './contenders.ts'
import { load, machine, mb, ms, percentile, quiet, residentMb, table, times } from './figures.ts'
import { type Burst, ServiceLoad } from './service-load.ts'

const SINGLE = 30
const WAIT_MS = 120_000
const SETTLE_MS = 2_000

const { values: flags } = parseArgs({
  options: { sizes: { type: 'string', default: '200,1000,5000' }, only: { type: 'string', multiple: true } },
})
const sizes = flags.sizes.split(',').map(Number)

type Api = Pick<ApiServer, 'kubectl'>

interface Figures {
  readonly name: string
  readonly load: string
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
const results: Figures[] = []
for (const contender of contenders) {
  console.error(`bench: ${contender.name}`)
  results.push(await measure(contender))
}
print(results)

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
    let loadNow = ''
    let most = 0
    for (const size of sizes.filter(size => size <= atMost)) {
      console.error(`bench: ${name}: ${size} Services`)
      bursts.set(size, await burst(users, size))
      loadNow = load()
      await settle()
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
    return { name, load: loadNow, busy, startMs, one, bursts, memoryMb, restart }
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

/** Creates so many Services at once; where that is quick, three times, and the one in the middle counts. */
async function burst(users: ServiceLoad, size: number): Promise<Burst> {
  const bursts: Burst[] = []
  for (let i = 0; i < 3; i++) {
    await users.removeAll()
    // Its address shows that the controller is through with the Services that were deleted.
    await users.one(`before-${size}`, WAIT_MS)
    await users.removeAll()
    await settle()
    const seen = await users.many(`many-${size}-${i}`, size, WAIT_MS)
    bursts.push(seen)
    if (size > 1_000 || seen.addressedMs > 15_000) return seen
  }
  return bursts.sort((a, b) => a.addressedMs - b.addressedMs)[1] as Burst
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

function print(all: readonly Figures[]): void {
  const [reference] = all
  if (!reference) return
  const names = all.map(({ name }) => name)
  const others = all.slice(1)
  const head = (title: string) => [title, ...names, ...others.map(({ name }) => `${name} / ${reference.name}`)]
  const row = (title: string, value: (figures: Figures) => number, show: (value: number) => string) => [
    title,
    ...all.map(figures => show(value(figures))),
    ...others.map(figures => times(value(figures), value(reference))),
  ]
  const share = (samples: readonly number[] | undefined, part: number) => percentile(samples ?? [], part)
  console.log(`\n${machine()}\n`)
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
  console.log(`${table(head('created → address seen in a watch'), latency)}\n`)
  const most = `${Math.max(...sizes)} Services (MetalLB: ${Math.min(1_000, Math.max(...sizes))})`
  console.log(
    `${table(head('process'), [
      row('start → address of a waiting Service', ({ startMs }) => startMs, ms),
      ...[0, ...sizes].map(size =>
        row(`memory (RSS), ${size} Services`, ({ memoryMb }) => memoryMb.get(size) ?? Number.NaN, mb),
      ),
      row(`restarted with ${most}: start → address of one more`, ({ restart }) => restart.startMs, ms),
      [
        '  writes to Services that had one',
        ...all.map(({ restart }) => String(restart.writes)),
        ...others.map(() => ''),
      ],
      row('  memory (RSS)', ({ restart }) => restart.memoryMb, mb),
    ])}\n`,
  )
  for (const { name, busy, load } of all) {
    console.log(
      `${name}: processors ${Math.round(busy * 100)} % busy before it began, load average ${load} at the end.`,
    )
  }
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
