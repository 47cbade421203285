interface Entry {
  readonly timeMs: number
  readonly number: number
  readonly run: () => void
}

/** What happens when: the only clock of a simulation. Events of the same time happen in the order in which they were planned. */
export class EventQueue {
  nowMs = 0
  /** events so far */
  count = 0
  readonly #heap: Entry[] = []
  #next = 0

  at(timeMs: number, run: () => void): void {
    const heap = this.#heap
    const entry: Entry = { timeMs, number: this.#next++, run }
    let index = heap.length
    heap.push(entry)
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (before(heap[parent]!, entry)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = entry
  }

  in(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run)
  }

  /** Lets everything happen that is planned until then, as long as `goesOn` says so after each event. */
  runUntil(endMs: number, goesOn: () => boolean): void {
    for (let first = this.#heap[0]; first && first.timeMs <= endMs; first = this.#heap[0]) {
      this.#removeFirst()
      if (first.timeMs > this.nowMs) this.nowMs = first.timeMs
      this.count++
      first.run()
      if (!goesOn()) return
    }
    this.nowMs = endMs
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()!
    const { length } = heap
    if (length === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= length) break
      if (child + 1 < length && before(heap[child + 1]!, heap[child]!)) child++
      if (before(last, heap[child]!)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = last
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.number < b.number)
}
