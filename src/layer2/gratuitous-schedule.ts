/** After claiming, the segment is told again after so many milliseconds, because frames get lost and switches learn late. */
export const REPEAT_AFTER_MS: readonly number[] = [200, 1_000, 3_000, 10_000, 30_000, 60_000]
/** Then for as long as the address is owned: two owners can only settle what they hear of each other. */
export const REPEAT_EVERY_MS = 300_000

/**
 * Who is to be announced again, and when. All that wait for the same repetition wait equally long, so that each stage is a queue: what
 * entered first is due first, and nothing is ever searched or sorted.
 */
export class GratuitousSchedule<Item> {
  /** due times by item, a queue for each stage */
  readonly #stages: Map<Item, number>[] = Array.from({ length: REPEAT_AFTER_MS.length + 1 }, () => new Map())
  readonly #stageOf = new Map<Item, number>()

  /** The earliest due time, undefined when there is nothing. */
  get dueMs(): number | undefined {
    let earliest: number | undefined
    for (const stage of this.#stages) {
      for (const dueMs of stage.values()) {
        if (earliest === undefined || dueMs < earliest) earliest = dueMs
        break
      }
    }
    return earliest
  }

  /** Starts the repetitions of an item claimed now. Time must not go back from call to call. */
  add(item: Item, nowMs: number): void {
    this.remove(item)
    this.#enter(item, 0, nowMs + REPEAT_AFTER_MS[0]!)
  }

  remove(item: Item): void {
    const stage = this.#stageOf.get(item)
    if (stage === undefined) return
    this.#stages[stage]!.delete(item)
    this.#stageOf.delete(item)
  }

  /** The items that are due, each once however late the call comes; they are put down for their next repetition. */
  due(nowMs: number): Item[] {
    const items: Item[] = []
    const moves: { item: Item; stage: number }[] = []
    for (const [stage, entries] of this.#stages.entries()) {
      for (const [item, dueMs] of entries) {
        if (dueMs > nowMs) break
        entries.delete(item)
        items.push(item)
        moves.push({ item, stage })
      }
    }
    for (const { item, stage } of moves) {
      const next = Math.min(stage + 1, REPEAT_AFTER_MS.length)
      this.#enter(item, next, nowMs + waitBefore(next))
    }
    return items
  }

  #enter(item: Item, stage: number, dueMs: number): void {
    this.#stages[stage]!.set(item, dueMs)
    this.#stageOf.set(item, stage)
  }
}

function waitBefore(stage: number): number {
  const afterMs = REPEAT_AFTER_MS[stage]
  return afterMs === undefined ? REPEAT_EVERY_MS : afterMs - (REPEAT_AFTER_MS[stage - 1] ?? 0)
}
