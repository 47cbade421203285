import { SystemClock } from '../../src/io/clock.ts'
import type { ApiClient } from '../../src/kubernetes/client.ts'
import { silentLogger } from '../../src/kubernetes/logger.ts'
import { Reflector } from '../../src/kubernetes/reflector.ts'
import { services as serviceKind } from '../../src/kubernetes/resources.ts'
import { Store } from '../../src/kubernetes/store.ts'
import { type ServiceView, viewService } from '../../src/resources/service.ts'
import { type ApiServer, startApiServer } from '../../test/support/api-server.ts'
import { readProcess } from '../../test/support/proc.ts'
import { eventually } from '../../test/support/processes.ts'
import { connect, createUser, eachOf, requestsOf } from './api.ts'
import type { Size } from './calculation.ts'
import { makeChanges } from './changes.ts'
import { elect } from './elections.ts'
import { createCluster, createServices, tellAnnouncements } from './objects.ts'
import type { MeasuredProcess, MeasuredProcesses, Surroundings } from './processes.ts'
import { SpeakerSegment } from './segment.ts'

export const COMPONENTS = ['controller', 'speaker'] as const
export type Component = (typeof COMPONENTS)[number]

export interface Costs {
  readonly residentMb: number
  /** share of one processor */
  readonly processor: number
  readonly requestsPerSecond: number
}

/** What was measured in a cluster of one size. */
export interface Figures {
  readonly size: Size
  /** from the start of the first controller until every Service had its address */
  readonly allocatedMs: number
  /** speakers that watch the one that was measured */
  readonly watchers: number
  /** from the start of a process, where all Services have their addresses, until it was ready; NaN where it was not asked for */
  readonly readyMs: Record<Component, number>
  readonly idle: Record<Component, Costs>
  readonly busy: Record<Component, Costs>
  readonly changesPerSecond: number
}

export interface MeasureInit {
  readonly size: Size
  /** what is measured */
  readonly processes: (surroundings: Surroundings) => MeasuredProcesses | Promise<MeasuredProcesses>
  /** the kinds of MetalLB are defined as well */
  readonly metallbToo?: boolean
  /** the processes are started once more where everything is done, and their time to readiness is taken */
  readonly restart: boolean
  /** for kubeconfigs */
  readonly folder: string
  /** how long the cluster is looked at, at rest and busy */
  readonly windowMs: number
  readonly changesPerSecond: number
  readonly say: (text: string) => void
}

const PATIENCE_MS = 1_800_000
const REST_MS = 5_000
const REST_REQUESTS = 10

/** Makes a cluster of this size, measures, and takes it down. */
export async function measure(init: MeasureInit): Promise<Figures> {
  const cluster = await LargeCluster.begin(init)
  try {
    return await Promise.race([cluster.measure(), cluster.died])
  } finally {
    await cluster.end()
  }
}

class LargeCluster {
  readonly #init: MeasureInit
  readonly #api: ApiServer
  readonly #client: ApiClient
  readonly #segment: SpeakerSegment
  readonly #services = new Store<ServiceView>()
  readonly #reflector: Reflector<ServiceView>
  readonly #running = new Map<Component, MeasuredProcess>()
  readonly #died = Promise.withResolvers<never>()

  static async begin(init: MeasureInit): Promise<LargeCluster> {
    const api = await startApiServer()
    return new LargeCluster(init, api, await connect(api.kubeconfigFile))
  }

  private constructor(init: MeasureInit, api: ApiServer, client: ApiClient) {
    this.#init = init
    this.#api = api
    this.#client = client
    this.#segment = new SpeakerSegment(api, init.size.speakers)
    this.#reflector = new Reflector(
      { client, store: this.#services, clock: new SystemClock(), random: Math.random, logger: silentLogger },
      { resource: serviceKind, view: viewService },
    )
    this.#died.promise.catch(() => {}) // told to whoever awaits it
  }

  /** Rejects when one of the processes that are measured ends by itself. */
  get died(): Promise<never> {
    return this.#died.promise
  }

  async end(): Promise<void> {
    for (const running of this.#running.values()) await running.end()
    await this.#reflector.stop()
    this.#client.close()
    await this.#segment.close()
    await this.#api.stop()
  }

  async measure(): Promise<Figures> {
    const { size, windowMs, changesPerSecond: perSecond, restart, say } = this.#init
    say('creating them')
    const start = await this.#create()
    say('allocating')
    const allocatedMs = await this.#allocate(start)
    const watchers = await this.#announce(start)
    const readyMs = { controller: Number.NaN, speaker: Number.NaN }
    if (restart) {
      say('restarting')
      for (const component of COMPONENTS) readyMs[component] = await this.#restart(component, start)
    }
    say('at rest')
    const idle = await this.#costs(() => new Promise(resolve => setTimeout(resolve, windowMs)))
    say(`${perSecond} changes a second`)
    let made = 0
    const busy = await this.#costs(async () => {
      made = await makeChanges(this.#client, { perSecond, forMs: windowMs, services: size.services })
    })
    const changesPerSecond = (made / windowMs) * 1_000
    return { size, allocatedMs, watchers, readyMs, idle, busy, changesPerSecond }
  }

  /** What starts a process in the cluster. */
  async #create(): Promise<(component: Component) => MeasuredProcess> {
    const { size, folder, metallbToo = false } = this.#init
    await createCluster(this.#api, this.#client, { speakers: size.speakers, metallbToo })
    const kubeconfigs = {
      controller: await createUser(this.#api, 'controller', folder),
      speaker: await createUser(this.#api, 'speaker', folder),
    }
    await this.#segment.simulate(this.#api.kubeconfigFile)
    await createServices(this.#client, size.services)
    this.#reflector.start()
    await this.#reflector.whenSynced()
    const processes = await this.#init.processes({ kubeconfigs, node: this.#segment.node })
    return component => {
      const started = processes[component]()
      this.#running.set(component, started)
      started.died.catch(error => this.#died.reject(error))
      return started
    }
  }

  async #allocate(start: (component: Component) => MeasuredProcess): Promise<number> {
    const startedMs = performance.now()
    start('controller')
    const { services } = this.#init.size
    const options = { timeoutMs: PATIENCE_MS }
    await eventually('every Service to have an address', () => this.#addresses().length >= services, options)
    return performance.now() - startedMs
  }

  /** All speakers say what they announce, as an election has dealt it out; the number of those that watch the real one. */
  async #announce(start: (component: Component) => MeasuredProcess): Promise<number> {
    const { addressesOf, watchers } = elect(this.#addresses(), this.#init.size.speakers)
    await eachOf(addressesOf.entries(), async ([index, announced]) => {
      if (index > 0) await tellAnnouncements(this.#client, index, announced)
    })
    await start('speaker').readyMs
    this.#segment.watch(watchers)
    this.#init.say('waiting until all is told')
    await this.#rest()
    return watchers.length
  }

  async #restart(component: Component, start: (component: Component) => MeasuredProcess): Promise<number> {
    await this.#running.get(component)?.end()
    const readyMs = await start(component).readyMs
    await this.#rest()
    return readyMs
  }

  #addresses(): string[] {
    return [...this.#services.list()].flatMap(({ ingress }) => ingress.flatMap(({ ip }) => ip ?? []))
  }

  #pids(): [Component, number][] {
    return [...this.#running].map(([component, { pid }]) => [component, pid])
  }

  /** Waits until the processes have for some seconds asked nothing of the API server but what they always ask, nor computed much. */
  async #rest(): Promise<void> {
    const used = async () => ({
      processorMs: this.#pids().map(([, pid]) => readProcess(pid).processorMs),
      requests: (await requestsOf(this.#api, 'controller')) + (await requestsOf(this.#api, 'speaker')),
    })
    const deadlineMs = performance.now() + PATIENCE_MS
    for (let before = await used(); performance.now() < deadlineMs; ) {
      await new Promise(resolve => setTimeout(resolve, REST_MS))
      const after = await used()
      const isQuiet = after.requests - before.requests < REST_REQUESTS
      if (isQuiet && after.processorMs.every((ms, index) => ms - before.processorMs[index]! < REST_MS / 4)) return
      before = after
    }
    throw new Error('the processes do not come to rest')
  }

  async #costs(work: () => Promise<unknown>): Promise<Record<Component, Costs>> {
    const look = async (component: Component, pid: number) => ({
      ...readProcess(pid),
      requests: await requestsOf(this.#api, component),
      atMs: performance.now(),
    })
    const lookAtAll = async () => {
      const looks = await Promise.all(
        this.#pids().map(async ([component, pid]) => [component, await look(component, pid)]),
      )
      return Object.fromEntries(looks) as Record<Component, Awaited<ReturnType<typeof look>>>
    }
    const before = await lookAtAll()
    await work()
    const after = await lookAtAll()
    const costsOf = (component: Component): Costs => {
      const [first, last] = [before[component], after[component]]
      const forMs = last.atMs - first.atMs
      return {
        residentMb: last.residentMb,
        processor: (last.processorMs - first.processorMs) / forMs,
        requestsPerSecond: ((last.requests - first.requests) / forMs) * 1_000,
      }
    }
    return { controller: costsOf('controller'), speaker: costsOf('speaker') }
  }
}
