/**
 * The controller against a real API server: how long a Service waits for its address, beside a bare loop that watches and
 * patches without deciding (bare-loop.ts), in the same run; memory; time from start to ready.
 *
 *   sh lab/toolchain.sh node bench/controller.ts
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import { SystemClock } from '../src/io/clock.ts'
import { ApiClient } from '../src/kubernetes/client.ts'
import { loadCredentials } from '../src/kubernetes/credentials.ts'
import { silentLogger } from '../src/kubernetes/logger.ts'
import { Reflector } from '../src/kubernetes/reflector.ts'
import { ipAddressPools, services } from '../src/kubernetes/resources.ts'
import { Store } from '../src/kubernetes/store.ts'
import { viewService } from '../src/resources/service.ts'
import { startApiServer } from '../test/support/api-server.ts'
import { eventually } from '../test/support/processes.ts'
import { mb, ms, percentile, residentMb, table } from './figures.ts'

const SINGLE = 30
const MANY = 200
const CLIENTS = 8
const namespace = 'herald-system'

const built = spawnSync(process.execPath, ['src/bin/build.ts'], { stdio: ['ignore', 'ignore', 'inherit'] })
if (built.status !== 0) process.exit(1)
const api = await startApiServer()
const clock = new SystemClock()
const client = new ApiClient({
  credentials: await loadCredentials({ clock }, { kubeconfig: api.kubeconfigFile }),
  clock,
  logger: silentLogger,
})
const store = new Store<ReturnType<typeof viewService>>()
const reflector = new Reflector(
  { client, store, clock, random: Math.random, logger: silentLogger },
  { resource: services, view: viewService },
)
/** who waits for the address of which Service */
const pending = new Map<string, () => void>()
const children: ChildProcess[] = []
store.subscribe((_key, _before, after) => {
  if (after && after.ingress.length > 0) pending.get(after.name)?.()
})

try {
  const crds = globSync('charts/herald/templates/crds/*.yaml').flatMap(file =>
    parseAllDocuments(readFileSync(file, 'utf8').replaceAll(/^.*\{\{.*\n/gm, '')).map(document => document.toJS()),
  )
  const items = [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, ...crds]
  await api.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  await api.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s'])
  await client.create(ipAddressPools, {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name: 'bench', namespace },
    spec: { addresses: ['198.51.100.0/24', '203.0.113.0/24'] },
  } as never)
  reflector.start()
  await reflector.whenSynced()

  const bare = spawn(process.execPath, ['bench/bare-loop.ts', api.kubeconfigFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(bare)
  await once(bare.stdout as NodeJS.ReadableStream, 'data')
  const bareFigures = await measure('bare')
  await end(bare)

  const startedMs = performance.now()
  const port = 20_000 + Math.floor(Math.random() * 10_000)
  const flags = [
    '--namespace',
    namespace,
    '--pod-name',
    'bench',
    '--kubeconfig',
    api.kubeconfigFile,
    '--port',
    '0',
    '--log-level',
    'warn',
  ]
  const herald = spawn(
    process.execPath,
    ['build/controller.js', ...flags, '--health-probe-host', '127.0.0.1', '--health-probe-port', String(port)],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
  children.push(herald)
  await eventually('the controller is ready', async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok, {
    timeoutMs: 20_000,
    everyMs: 5,
  })
  const readyMs = performance.now() - startedMs
  await create('first')
  await removeAll()
  const atRest = residentMb(herald.pid ?? 0)
  const heraldFigures = await measure('herald')
  const loaded = heraldFigures.residentMb(herald.pid ?? 0)
  await end(herald)

  const ratio = (a: number, b: number) => `${(a / b).toFixed(2)} ×`
  const rows = (['oneP50', 'oneP99', 'manyP50', 'manyP99', 'manyAll'] as const).map(name => [
    {
      oneP50: 'one Service, p50',
      oneP99: 'one Service, p99',
      manyP50: `${MANY} at once, p50`,
      manyP99: `${MANY} at once, p99`,
      manyAll: `${MANY} at once, all`,
    }[name],
    ms(heraldFigures[name]),
    ms(bareFigures[name]),
    ratio(heraldFigures[name], bareFigures[name]),
  ])
  console.log(`\nFrom the create request to the address in a watch (${CLIENTS} clients create the ${MANY}):\n`)
  console.log(table(['', 'Herald', 'bare loop', 'ratio'], rows))
  console.log(
    `\n${table(
      ['controller', ''],
      [
        ['start to ready', ms(readyMs)],
        ['memory (RSS), no Service', mb(atRest)],
        [`memory (RSS), ${MANY} Services`, mb(loaded)],
      ],
    )}`,
  )
} finally {
  for (const child of children) child.kill('SIGKILL')
  await reflector.stop()
  client.close()
  await api.stop()
}

async function measure(prefix: string) {
  const one: number[] = []
  for (let i = 0; i < SINGLE; i++) one.push(await create(`${prefix}-one-${i}`))
  await removeAll()
  const startedMs = performance.now()
  const names = Array.from({ length: MANY }, (_, i) => `${prefix}-many-${i}`)
  const many: number[] = []
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      const waiting: Promise<number>[] = []
      for (let name = names.shift(); name !== undefined; name = names.shift()) {
        const { created, latency } = begin(name)
        waiting.push(latency)
        await created
      }
      many.push(...(await Promise.all(waiting)))
    }),
  )
  const manyAll = performance.now() - startedMs
  let resident = 0
  const figures = {
    oneP50: percentile(one, 0.5),
    oneP99: percentile(one, 0.99),
    manyP50: percentile(many, 0.5),
    manyP99: percentile(many, 0.99),
    manyAll,
    residentMb: (pid: number) => (resident ||= residentMb(pid)),
  }
  return figures
}

/** Creates a Service; the time until its address was seen. */
async function create(name: string): Promise<number> {
  const { created, latency } = begin(name)
  await created
  return latency
}

function begin(name: string): { created: Promise<unknown>; latency: Promise<number> } {
  const startedMs = performance.now()
  const latency = new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} has no address after 30 s`)), 30_000)
    pending.set(name, () => {
      pending.delete(name)
      clearTimeout(timer)
      resolve(performance.now() - startedMs)
    })
  })
  const object = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default', labels: { made: 'by-bench' } },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
  }
  return { created: client.create(services, object as never), latency }
}

async function removeAll(): Promise<void> {
  await api.kubectl(['delete', 'service', '--selector=made=by-bench', '--wait=false'])
  await eventually('all Services are gone', () => [...store.list()].every(({ type }) => type !== 'LoadBalancer'), {
    timeoutMs: 60_000,
  })
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill()
  await exited
}
