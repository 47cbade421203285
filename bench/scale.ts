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
import { SystemClock } from '../src/io/clock.ts'
import { silentLogger } from '../src/kubernetes/logger.ts'
import { Reflector } from '../src/kubernetes/reflector.ts'
import { services as serviceKind } from '../src/kubernetes/resources.ts'
import { Store } from '../src/kubernetes/store.ts'
import { type ServiceView, viewService } from '../src/resources/service.ts'
import { type ApiServer, startApiServer } from '../test/support/api-server.ts'
import { readProcess } from '../test/support/proc.ts'
import { eventually } from '../test/support/processes.ts'
import { buildHerald } from './contenders.ts'
import { load, machine, mb, ms, table } from './figures.ts'
import { connect, createUser, eachOf, requestsOf } from './scale/api.ts'
import { calculate, leaseWritesPerSecond, type Point, type Size } from './scale/calculation.ts'
import { makeChanges } from './scale/changes.ts'
import { elect } from './scale/elections.ts'
import { createCluster, createServices, tellAnnouncements } from './scale/objects.ts'
import { type HeraldProcess, heraldProcesses } from './scale/processes.ts'
import { SpeakerSegment } from './scale/segment.ts'

const ALLOCATION_TIMEOUT_MS = 1_800_000
const REST_MS = 5_000
const REST_REQUESTS = 10
const COMPONENTS = ['controller', 'speaker'] as const
type Component = (typeof COMPONENTS)[number]

const { values: flags } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000x50,1000x200,10000x200' },
    seconds: { type: 'string', default: '30' },
    changes: { type: 'string', default: '50' },
  },
})
const sizes = flags.sizes.split(',').map(text => {
  const [services = 0, speakers = 0] = text.split('x').map(Number)
  if (!(services > 0 && speakers > 1 && speakers < 254)) throw new Error(`--sizes: "${text}" is not like 1000x200`)
  return { services, speakers }
})
const windowMs = Number(flags.seconds) * 1_000
const perSecond = Number(flags.changes)

interface Costs {
  readonly residentMb: number
  /** share of one processor */
  readonly processor: number
  readonly requestsPerSecond: number
}

interface Figures {
  readonly size: Size
  /** from the start of the first controller until every Service had its address */
  readonly allocatedMs: number
  readonly watchers: number
  readonly ready: Record<Component, number>
  readonly idle: Record<Component, Costs>
  readonly busy: Record<Component, Costs>
  readonly changesPerSecond: number
  readonly load: string
}

const folder = mkdtempSync(join(tmpdir(), 'herald-scale-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const bundles = await buildHerald()
const results: Figures[] = []
for (const size of sizes) results.push(await measure(size))
print(results)

async function measure(size: Size): Promise<Figures> {
  const { services, speakers } = size
  const say = (text: string) => console.error(`bench: ${services} Services, ${speakers} speakers: ${text}`)
  const api = await startApiServer()
  const segment = new SpeakerSegment(api, speakers)
  const running = new Set<HeraldProcess>()
  const client = await connect(api.kubeconfigFile)
  const store = new Store<ServiceView>()
  const reflector = new Reflector(
    { client, store, clock: new SystemClock(), random: Math.random, logger: silentLogger },
    { resource: serviceKind, view: viewService },
  )
  try {
    say('creating them')
    await createCluster(api, client, speakers)
    const kubeconfigs = {
      controller: await createUser(api, 'controller', folder),
      speaker: await createUser(api, 'speaker', folder),
    }
    await segment.simulate(api.kubeconfigFile)
    await createServices(client, services)
    reflector.start()
    await reflector.whenSynced()
    const processes = heraldProcesses({ folder: bundles, kubeconfigs, node: segment.node })
    const start = (component: Component) => {
      const started = processes[component]()
      running.add(started)
      return started
    }
    const end = async (started: HeraldProcess) => {
      running.delete(started)
      await started.end()
    }

    say('allocating')
    const startedMs = performance.now()
    const first = start('controller')
    const addresses = () => [...store.list()].flatMap(({ ingress }) => ingress.flatMap(({ ip }) => ip ?? []))
    await eventually('every Service to have an address', () => addresses().length >= services, {
      timeoutMs: ALLOCATION_TIMEOUT_MS,
    })
    const allocatedMs = performance.now() - startedMs

    const elected = elect(addresses(), speakers)
    await eachOf(elected.addressesOf.entries(), async ([index, announced]) => {
      if (index > 0) await tellAnnouncements(client, index, announced)
    })
    const firstSpeaker = start('speaker')
    await firstSpeaker.readyMs
    segment.watch(elected.watchers)
    say('waiting until all is told')
    await restful(api, [first, firstSpeaker])

    say('restarting')
    await end(first)
    const controller = start('controller')
    const readyController = await controller.readyMs
    await restful(api, [controller])
    await end(firstSpeaker)
    const speaker = start('speaker')
    const readySpeaker = await speaker.readyMs
    await restful(api, [controller, speaker])

    const both = { controller, speaker }
    const requests = async () => ({
      controller: await requestsOf(api, 'controller'),
      speaker: await requestsOf(api, 'speaker'),
    })
    const costs = async (work: () => Promise<unknown>): Promise<Record<Component, Costs>> => {
      const requestsBefore = await requests()
      const before = { controller: readProcess(controller.pid), speaker: readProcess(speaker.pid) }
      const sinceMs = performance.now()
      await work()
      const forMs = performance.now() - sinceMs
      const requestsAfter = await requests()
      const of = (component: Component): Costs => {
        const { residentMb, processorMs } = readProcess(both[component].pid)
        return {
          residentMb,
          processor: (processorMs - before[component].processorMs) / forMs,
          requestsPerSecond: ((requestsAfter[component] - requestsBefore[component]) / forMs) * 1_000,
        }
      }
      return { controller: of('controller'), speaker: of('speaker') }
    }
    say('at rest')
    const idle = await costs(() => new Promise(resolve => setTimeout(resolve, windowMs)))
    say(`${perSecond} changes a second`)
    let made = 0
    const busy = await costs(async () => {
      made = await makeChanges(client, { perSecond, forMs: windowMs, services })
    })
    return {
      ...{ size, allocatedMs, watchers: elected.watchers.length },
      ready: { controller: readyController, speaker: readySpeaker },
      ...{ idle, busy, changesPerSecond: (made / windowMs) * 1_000, load: load() },
    }
  } finally {
    for (const each of running) await each.end()
    await reflector.stop()
    client.close()
    await segment.close()
    await api.stop()
  }
}

/** Waits until neither process has asked anything of the API server for some seconds but what it always asks, nor computed much. */
async function restful(api: Pick<ApiServer, 'kubectl'>, processes: readonly HeraldProcess[]): Promise<void> {
  const used = async () => ({
    processorMs: processes.map(({ pid }) => readProcess(pid).processorMs),
    requests: (await requestsOf(api, 'controller')) + (await requestsOf(api, 'speaker')),
  })
  const deadlineMs = performance.now() + ALLOCATION_TIMEOUT_MS
  for (let before = await used(); performance.now() < deadlineMs; ) {
    await new Promise(resolve => setTimeout(resolve, REST_MS))
    const after = await used()
    const isQuiet = after.requests - before.requests < REST_REQUESTS
    if (isQuiet && after.processorMs.every((ms, index) => ms - before.processorMs[index]! < REST_MS / 4)) return
    before = after
  }
  throw new Error('the processes do not come to rest')
}

function print(all: readonly Figures[]): void {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`
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
  console.log(`\n${machine()}; load average ${all.map(({ load }) => load).join(', ')}\n`)
  console.log(
    table(head, [
      row('controller started: every Service has its address', ({ allocatedMs }) => allocatedMs, ms),
      ...COMPONENTS.flatMap(component => [
        row(`${component}: start to ready`, ({ ready }) => ready[component], ms),
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
