import type { Appraisal } from '../../src/speaker/appraise.ts'
import { FreshEndpoints } from '../../src/speaker/fresh-endpoints.ts'
import type { SpeakerEntry } from './api-server.ts'
import type { Context } from './context.ts'
import type { ClusterConfig } from './orders.ts'

/** Which addresses a node has only just begun to serve, by the code that the main thread has for it. */
export class Patience {
  readonly #context: Context
  readonly #fresh: FreshEndpoints
  readonly #appraised = new Map<string, Appraisal>()
  readonly #after: (delayMs: number, run: () => void) => void
  readonly #onOver: () => void

  /** @param init.after a timer of the node's process */
  constructor(
    context: Context,
    init: { node: string; after: (delayMs: number, run: () => void) => void; onOver: () => void },
  ) {
    this.#context = context
    this.#fresh = new FreshEndpoints({ nodeName: init.node })
    this.#after = init.after
    this.#onOver = init.onOver
  }

  /** Under the Local policy the nodes that may announce an address are those with an endpoint. */
  follow(config: ClusterConfig): void {
    const { queue, addresses, names } = this.#context
    for (const { index, key, local } of addresses) {
      if (!local) continue
      const { present, eligible } = config.addresses[index]!
      const endpointNodes = present ? names.filter((_, node) => (eligible >> node) & 1) : []
      const after = { addresses: [], local, endpointNodes }
      this.#fresh.follow(key, this.#appraised.get(key), after, queue.nowMs)
      this.#appraised.set(key, after)
    }
    this.#plan()
  }

  /** Whether it waits for those that have served the address before it, as far as they live. */
  isPatient(key: string, speakers: readonly SpeakerEntry[]): boolean {
    const { names } = this.#context
    return this.#fresh.earlierNodes(key).some(node => {
      const { registered, expired } = speakers[names.indexOf(node)]!
      return registered && !expired
    })
  }

  #plan(): void {
    const { queue } = this.#context
    const { dueMs } = this.#fresh
    if (dueMs === undefined) return
    // A timer is late, never early.
    this.#after(dueMs - queue.nowMs + 1, () => {
      if (this.#fresh.takeDue(queue.nowMs).length > 0) this.#onOver()
      this.#plan()
    })
  }
}
