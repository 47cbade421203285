import type { ServiceEndpoints } from '../../resources/endpoint-slice.ts'
import { RULES_PROGRAMMED_AFTER_MS } from '../fresh-endpoints.ts'

/** So much later than the node itself others count on it: watches and clocks are not that far apart. */
const OVERLAP_MS = 500

/**
 * Where Services with `externalTrafficPolicy: Local` are served, without nodes that have only just begun to: their kube-proxies do not forward yet what
 * arrives. While others serve, terminating or not, they announce nothing, and nobody withdraws because of them. Nodes that are there when a
 * Service is seen for the first time are not new.
 */
export class SettledEndpoints {
  readonly #self: string
  /** by Service: the nodes that served when it was last asked for */
  readonly #nodes = new Map<string, readonly string[]>()
  /** by Service that has new nodes: until when each of them is new */
  readonly #untilMs = new Map<string, ReadonlyMap<string, number>>()

  /** @param init.self the node of this process */
  constructor(init: { self: string }) {
    this.#self = init.self
  }

  /** When the first of the new nodes is new no longer. */
  get dueMs(): number | undefined {
    let dueMs: number | undefined
    for (const nodes of this.#untilMs.values()) {
      for (const untilMs of nodes.values()) dueMs = Math.min(dueMs ?? untilMs, untilMs)
    }
    return dueMs
  }

  /** Services of which a node is new no longer. */
  takeDue(nowMs: number): string[] {
    return [...this.#untilMs]
      .filter(([, nodes]) => [...nodes.values()].some(until => until <= nowMs))
      .map(([key]) => key)
  }

  /** Whether this node is new among those that serve a Service. */
  isNew(serviceKey: string): boolean {
    return this.#untilMs.get(serviceKey)?.has(this.#self) ?? false
  }

  forget(serviceKey: string): void {
    this.#nodes.delete(serviceKey)
    this.#untilMs.delete(serviceKey)
  }

  /** @param endpoints all that serve the Service now */
  of(serviceKey: string, endpoints: ServiceEndpoints, nowMs: number): ServiceEndpoints {
    const before = this.#nodes.get(serviceKey) ?? endpoints.nodes
    this.#nodes.set(serviceKey, endpoints.nodes)
    const untilBefore = this.#untilMs.get(serviceKey)
    const untilMs = new Map<string, number>()
    for (const node of endpoints.nodes) {
      const until = before.includes(node) ? untilBefore?.get(node) : this.#newUntilMs(node, nowMs)
      if (until !== undefined && until > nowMs) untilMs.set(node, until)
    }
    const settled = (nodes: readonly string[]): string[] => nodes.filter(node => !untilMs.has(node))
    const nodes = settled(endpoints.nodes)
    if (untilMs.size === 0 || nodes.length === 0) {
      this.#untilMs.delete(serviceKey)
      return endpoints
    }
    this.#untilMs.set(serviceKey, untilMs)
    return { ...endpoints, nodes, leavingNodes: settled(endpoints.leavingNodes ?? []) }
  }

  #newUntilMs(node: string, nowMs: number): number {
    return nowMs + RULES_PROGRAMMED_AFTER_MS + (node === this.#self ? 0 : OVERLAP_MS)
  }
}
