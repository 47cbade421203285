import { heraldNamespace } from '../../lab/herald.ts'
import { isApiError } from '../../src/kubernetes/api-error.ts'
import type { ApiClient } from '../../src/kubernetes/client.ts'
import { ipAddressPools, services } from '../../src/kubernetes/resources.ts'
import { loadBalancer } from '../support/lab/manifests.ts'

const NAMESPACE = 'default'
const EVERY_MS = 1_000
/** Services that come and go, so many at a time */
const PASSING = 10
const ENDPOINTS_EVERY = 30
const POOL_EVERY = 60

/**
 * A small change of the cluster every second, so that nothing is ever at rest and the cluster is always of the same size: Services come, change and
 * go, a Deployment's replicas are two or three, and a pool gets another label.
 */
export class SteadyChanges {
  readonly #client: ApiClient
  readonly #kubectl: (args: readonly string[]) => Promise<unknown>
  readonly #pool: string
  #turn = 0
  #stopped = false
  #running: Promise<void> | undefined
  /** changes that were refused or not answered, but for those that had to be */
  failed = 0

  constructor(
    components: { client: ApiClient; kubectl: (args: readonly string[]) => Promise<unknown> },
    init: { pool: string },
  ) {
    this.#client = components.client
    this.#kubectl = components.kubectl
    this.#pool = init.pool
  }

  get made(): number {
    return this.#turn
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const startedMs = performance.now()
      await this.#change(this.#turn++).catch(error => {
        if (!isApiError(error, 'notFound')) this.failed++
      })
      await new Promise(resolve => setTimeout(resolve, Math.max(0, EVERY_MS - (performance.now() - startedMs))))
    }
  }

  async #change(turn: number): Promise<void> {
    if (turn % ENDPOINTS_EVERY === ENDPOINTS_EVERY - 1) {
      const replicas = 2 + (Math.floor(turn / ENDPOINTS_EVERY) % 2)
      await this.#kubectl(['scale', 'deployment/web', `--replicas=${replicas}`])
      return
    }
    if (turn % POOL_EVERY === POOL_EVERY / 2) {
      const target = { namespace: heraldNamespace, name: this.#pool }
      const labels = { turn: String(turn) }
      await this.#client.patch(ipAddressPools, target, { metadata: { labels } }, { kind: 'merge' })
      return
    }
    const round = Math.floor(turn / 3)
    const passing = (index: number) => ({ namespace: NAMESPACE, name: `passing-${index}` })
    if (turn % 3 === 0) await this.#client.create(services, loadBalancer(passing(round).name))
    else if (turn % 3 === 1) {
      const patch = { metadata: { labels: { turn: String(turn) } } }
      await this.#client.patch(services, passing(round - (round % 2)), patch, { kind: 'merge' })
    } else if (round >= PASSING) await this.#client.delete(services, passing(round - PASSING))
  }
}
