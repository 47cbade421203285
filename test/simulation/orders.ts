import type { WantedInterfaces } from '../../src/layer2/desired.ts'
import { type Candidates, Election } from '../../src/layer2/election.ts'
import type { Context } from './context.ts'

/** What the objects in the API server say of one address. Sets of nodes are bit masks. */
export interface AddressConfig {
  readonly present: boolean
  readonly eligible: number
  readonly preferred: number
  readonly interfaces: WantedInterfaces
}

/** What the objects in the API server say, besides who is registered. Never changed, only replaced. */
export interface ClusterConfig {
  readonly version: number
  readonly addresses: readonly AddressConfig[]
  readonly drained: number
}

const NOBODY: readonly string[] = []

/**
 * The order of candidates for every address under a configuration and a set of registered nodes, by Herald's own election. All nodes of a
 * simulation share it, because it is the same function for all; each view of the world is elected once.
 */
export class Orders {
  readonly #context: Context
  readonly #election = new Election()
  readonly #candidates = new Map<number, Candidates>()
  readonly #known = new Map<number, readonly (readonly string[])[]>()

  constructor(context: Context) {
    this.#context = context
  }

  /** By address: the elected node, then the others, at most three; empty when it has no candidate. */
  of(config: ClusterConfig, registered: number): readonly (readonly string[])[] {
    const key = config.version * 64 + registered
    let orders = this.#known.get(key)
    if (!orders) {
      orders = this.#elect(config, registered)
      this.#known.set(key, orders)
    }
    return orders
  }

  #elect(config: ClusterConfig, registered: number): readonly (readonly string[])[] {
    const { addresses } = this.#context
    for (const { index, key } of addresses) {
      const { present, eligible, preferred } = config.addresses[index]!
      const candidates = eligible & registered
      if (!present || candidates === 0) this.#election.delete(key)
      else {
        const fittest = candidates & ~config.drained || candidates
        this.#election.set({ address: key, size: 1, candidates: this.#candidatesOf(fittest, preferred & fittest) })
      }
    }
    this.#election.deal()
    return addresses.map(({ index, key }) => {
      const { present, eligible } = config.addresses[index]!
      return present && (eligible & registered) !== 0 ? this.#election.orderOf(key) : NOBODY
    })
  }

  #candidatesOf(nodes: number, preferred: number): Candidates {
    const key = nodes * 64 + preferred
    let candidates = this.#candidates.get(key)
    if (!candidates) {
      const scores = new Map<string, number>()
      for (const [index, name] of this.#context.names.entries()) {
        if ((nodes >> index) & 1) scores.set(name, (preferred >> index) & 1 ? 10 : 0)
      }
      candidates = scores
      this.#candidates.set(key, candidates)
    }
    return candidates
  }
}
