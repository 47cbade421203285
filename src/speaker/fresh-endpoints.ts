import type { Appraisal } from './appraise.ts'

/**
 * So long after an endpoint is seen to serve, its node's kube-proxy has programmed the rules for it: it does so a second after the last time
 * at most (`minSyncPeriod`, 1 s unless configured), and takes part of another for very many Services.
 */
export const RULES_PROGRAMMED_AFTER_MS = 1_500

interface Fresh {
  readonly untilMs: number
  /** the nodes that have served since before this one began to */
  readonly earlier: readonly string[]
}

/**
 * The Services with `externalTrafficPolicy: Local` whose endpoint on this node has only just begun to serve, while other nodes serve them
 * already. Such a node had better leave the address where it is until its own kube-proxy forwards what arrives. Endpoints that are there when a
 * Service is seen for the first time are not fresh, so a speaker that has just started knows of none.
 */
export class FreshEndpoints {
  readonly #nodeName: string
  /** by Service; all wait equally long, so the first to be set is the first to be over */
  readonly #fresh = new Map<string, Fresh>()

  constructor(init: { nodeName: string }) {
    this.#nodeName = init.nodeName
  }

  /** When the first of them is fresh no longer. */
  get dueMs(): number | undefined {
    for (const { untilMs } of this.#fresh.values()) return untilMs
    return undefined
  }

  /** The nodes that serve the Service and did before this one began to; none when this node's endpoint is not fresh. */
  earlierNodes(serviceKey: string): readonly string[] {
    return this.#fresh.get(serviceKey)?.earlier ?? []
  }

  /** The Service was judged anew. */
  follow(serviceKey: string, before: Appraisal | undefined, after: Appraisal | undefined, nowMs: number): void {
    const known = this.#fresh.get(serviceKey)
    const nodes = localNodes(after)
    // One that is away, even for a moment, is no earlier node when it comes back; and neither is this one.
    const earlier = (known ? known.earlier : localNodes(before)).filter(node => nodes.includes(node))
    if (earlier.length === 0 || !nodes.includes(this.#nodeName)) this.#fresh.delete(serviceKey)
    else if (known) this.#fresh.set(serviceKey, { ...known, earlier })
    else if (!localNodes(before).includes(this.#nodeName)) {
      this.#fresh.set(serviceKey, { untilMs: nowMs + RULES_PROGRAMMED_AFTER_MS, earlier })
    }
  }

  /** The Services whose time is over; told once. */
  takeDue(nowMs: number): readonly string[] {
    const due: string[] = []
    for (const [serviceKey, { untilMs }] of this.#fresh) {
      if (untilMs > nowMs) break
      this.#fresh.delete(serviceKey)
      due.push(serviceKey)
    }
    return due
  }
}

function localNodes(appraisal: Appraisal | undefined): readonly string[] {
  return appraisal && 'addresses' in appraisal && appraisal.local ? appraisal.endpointNodes : []
}
