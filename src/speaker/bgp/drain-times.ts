/**
 * Since when nodes have been draining: they are given time in which routers move the traffic away by themselves, and announce only then
 * nothing any more but what no other node would. A node that drains when it is first looked at has had this time.
 */
export class DrainTimes {
  readonly #withdrawAfterMs: number
  /** by node that drains: when its time is over */
  readonly #overMs = new Map<string, number>()
  #started = false

  constructor(init: { withdrawAfterMs: number }) {
    this.#withdrawAfterMs = init.withdrawAfterMs
  }

  /** @param draining all nodes that drain now */
  follow(draining: readonly string[], nowMs: number): void {
    for (const node of this.#overMs.keys()) if (!draining.includes(node)) this.#overMs.delete(node)
    const overMs = this.#started ? nowMs + this.#withdrawAfterMs : nowMs
    for (const node of draining) if (!this.#overMs.has(node)) this.#overMs.set(node, overMs)
    this.#started = true
  }

  isDrained(node: string, nowMs: number): boolean {
    return (this.#overMs.get(node) ?? Number.POSITIVE_INFINITY) <= nowMs
  }

  /** When the next node's time is over; undefined when none's is to be. */
  dueMs(nowMs: number): number | undefined {
    const due = [...this.#overMs.values()].filter(overMs => overMs > nowMs)
    return due.length > 0 ? Math.min(...due) : undefined
  }
}
