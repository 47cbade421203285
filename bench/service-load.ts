import { SystemClock } from '../src/io/clock.ts'
import { ApiClient } from '../src/kubernetes/client.ts'
import { loadCredentials } from '../src/kubernetes/credentials.ts'
import { silentLogger } from '../src/kubernetes/logger.ts'
import { Reflector } from '../src/kubernetes/reflector.ts'
import { services } from '../src/kubernetes/resources.ts'
import { Store } from '../src/kubernetes/store.ts'
import { type ServiceView, viewService } from '../src/resources/service.ts'
import { eventually } from '../test/support/processes.ts'

const CLIENTS = 8

/** What became of Services that were created at once. */
export interface Burst {
  /** of each: from the answer to its creation until its address was seen in a watch */
  readonly latenciesMs: readonly number[]
  /** until the last was created */
  readonly createdMs: number
  /** until the last had its address */
  readonly addressedMs: number
}

/** The users of a cluster: creates Services and waits for their addresses. */
export class ServiceLoad {
  readonly #client: ApiClient
  readonly #store = new Store<ServiceView>()
  readonly #reflector: Reflector<ServiceView>
  /** who waits for the address of which Service */
  readonly #waiting = new Map<string, () => void>()

  private constructor(client: ApiClient) {
    this.#client = client
    this.#reflector = new Reflector(
      { client, store: this.#store, clock: new SystemClock(), random: Math.random, logger: silentLogger },
      { resource: services, view: viewService },
    )
    this.#store.subscribe((_key, _before, after) => {
      if (after && after.ingress.length > 0) this.#waiting.get(after.name)?.()
    })
  }

  static async connect(kubeconfig: string): Promise<ServiceLoad> {
    const clock = new SystemClock()
    const credentials = await loadCredentials({ clock }, { kubeconfig })
    const load = new ServiceLoad(new ApiClient({ credentials, clock, logger: silentLogger }))
    load.#reflector.start()
    await load.#reflector.whenSynced()
    return load
  }

  async close(): Promise<void> {
    await this.#reflector.stop()
    this.#client.close()
  }

  /** Creates one Service; the time from the answer until its address was seen. */
  async one(name: string, timeoutMs = 30_000): Promise<number> {
    const { created, latencyMs } = this.#begin(name, timeoutMs)
    await created
    return await latencyMs
  }

  /** Creates a Service and does not wait for its address; `addressed` settles when that is seen. */
  async ask(name: string, timeoutMs: number): Promise<{ addressed: Promise<unknown> }> {
    const { created, latencyMs } = this.#begin(name, timeoutMs)
    await created
    return { addressed: latencyMs }
  }

  /** Creates Services by 8 clients, each as fast as it is answered. */
  async many(prefix: string, count: number, timeoutMs: number): Promise<Burst> {
    const startedMs = performance.now()
    const latencies: Promise<number>[] = []
    await eachOf(
      Array.from({ length: count }, (_, i) => `${prefix}-${i}`),
      async name => {
        const { created, latencyMs } = this.#begin(name, timeoutMs)
        latencies.push(latencyMs)
        await created
      },
    )
    const createdMs = performance.now() - startedMs
    const latenciesMs = await Promise.all(latencies)
    return { latenciesMs, createdMs, addressedMs: performance.now() - startedMs }
  }

  async removeAll(): Promise<void> {
    await eachOf(this.#ours(), ({ namespace, name }) => this.#client.delete(services, { namespace, name }))
    await eventually('all Services are gone', () => this.#ours().length === 0, { timeoutMs: 60_000 })
  }

  #ours(): ServiceView[] {
    return [...this.#store.list()].filter(({ type }) => type === 'LoadBalancer')
  }

  #begin(name: string, timeoutMs: number): { created: Promise<unknown>; latencyMs: Promise<number> } {
    const latency = Promise.withResolvers<number>()
    const timer = setTimeout(() => latency.reject(new Error(`${name} has no address after ${timeoutMs} ms`)), timeoutMs)
    let createdAtMs: number | undefined
    let seenAtMs: number | undefined
    const settle = () => {
      if (createdAtMs === undefined || seenAtMs === undefined) return
      clearTimeout(timer)
      // The watch may be faster than the answer.
      latency.resolve(Math.max(0, seenAtMs - createdAtMs))
    }
    this.#waiting.set(name, () => {
      this.#waiting.delete(name)
      seenAtMs = performance.now()
      settle()
    })
    const object = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: {
        type: 'LoadBalancer',
        // There are not enough IPv4 addresses for documentation, nor enough node ports.
        ipFamilyPolicy: 'SingleStack',
        ipFamilies: ['IPv6'],
        allocateLoadBalancerNodePorts: false,
        ports: [{ port: 80 }],
      },
    }
    const created = this.#client.create(services, object).then(() => {
      createdAtMs = performance.now()
      settle()
    })
    latency.promise.catch(() => {}) // told to whoever awaits it
    return { created, latencyMs: latency.promise }
  }
}

async function eachOf<T>(items: T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const next = items.values()
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      for (const item of next) await work(item)
    }),
  )
}
