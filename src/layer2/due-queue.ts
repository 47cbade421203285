interface Entry<Item> {
  readonly item: Item
  readonly dueMs: number
}

/** So many places that items have left behind are borne before the heap is cleared of them. */
const STALE_MAX = 64

/**
 * Items and when each is due: a binary heap, in which an item that was set anew leaves its old place behind until that comes up, or until
 * most places are such.
 */
export class DueQueue<Item> {
  #heap: Entry<Item>[] = []
  readonly #current = new Map<Item, Entry<Item>>()

  /** The earliest time at which an item is due, undefined when there is none. */
  get dueMs(): number | undefined {
    this.#dropStale()
    return this.#heap[0]?.dueMs
  }

  /** Sets or moves the time of an item; `undefined` takes it out. */
  set(item: Item, dueMs: number | undefined): void {
    if (dueMs === undefined) {
      this.#current.delete(item)
      return
    }
    if (this.#current.get(item)?.dueMs === dueMs) return
    const entry = { item, dueMs }
    this.#current.set(item, entry)
    this.#push(entry)
    if (this.#heap.length > 2 * this.#current.size + STALE_MAX) this.#clear()
  }

  /** Takes out and gives the items that are due, the earliest first. */
  take(nowMs: number): Item[] {
    const items: Item[] = []
    for (let dueMs = this.dueMs; dueMs !== undefined && dueMs <= nowMs; dueMs = this.dueMs) {
      const { item } = this.#pop()
      this.#current.delete(item)
      items.push(item)
    }
    return items
  }

  #dropStale(): void {
    for (let top = this.#heap[0]; top && this.#current.get(top.item) !== top; top = this.#heap[0]) this.#pop()
  }

  /** A sorted list is a heap. */
  #clear(): void {
    this.#heap = [...this.#current.values()].sort((a, b) => a.dueMs - b.dueMs)
  }

  #push(entry: Entry<Item>): void {
    const heap = this.#heap
    let index = heap.push(entry) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (heap[parent]!.dueMs <= entry.dueMs) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = entry
  }

  #pop(): Entry<Item> {
    const heap = this.#heap
    const top = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return top
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.dueMs < heap[child]!.dueMs) child++
      if (heap[child]!.dueMs >= last.dueMs) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = last
    return top
  }
}
