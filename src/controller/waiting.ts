import { type Awaited, nameOfAwaited } from '../allocator/awaited.ts'
import type { Family } from '../ip/address.ts'

/** A Service as far as the order of waiting goes. */
interface Place {
  readonly key: string
  readonly createdAtMs: number
}

interface Entry extends Place {
  readonly pending: boolean
  readonly names: readonly string[]
}

/** Room in a pool, for which those that wait are asked one after the other. */
interface Room {
  readonly pool: string
  readonly family: Family
}

const NOTHING: readonly Awaited[] = []

/**
 * Services that would take an address if there were one. They are asked again in the order of their creation, and only those
 * that what happened can help: an address that is freed is one Service's gain, so that one is asked, and the next after it
 * only if there still is room then. The cost of a freed address does not grow with the number of Services that wait.
 */
export class Waiting {
  readonly #entries = new Map<string, Entry>()
  /** those that await a thing, the oldest first */
  readonly #queues = new Map<string, Place[]>()
  /** who was asked for the sake of which room, and has not answered yet */
  readonly #asked = new Map<string, { readonly place: Place; readonly rooms: Map<string, Room> }>()
  #pending = 0

  /**
   * @param awaits what can help it, beside changes of the configuration, after which all are asked
   * @param pending whether it has no address at all; the others have one and would take a second
   */
  add({ key, createdAtMs }: Place, awaits: readonly Awaited[] = NOTHING, pending = true): void {
    const before = this.#entries.get(key)
    const names = [...new Set(awaits.map(nameOfAwaited))]
    if (before?.createdAtMs === createdAtMs && sameNames(before.names, names)) {
      if (before.pending !== pending) {
        this.#pending += pending ? 1 : -1
        this.#entries.set(key, { ...before, pending })
      }
      return
    }
    this.delete(key)
    this.#entries.set(key, { key, createdAtMs, pending, names })
    if (pending) this.#pending++
    for (const name of names) {
      const queue = this.#queues.get(name)
      if (queue) queue.splice(placeIn(queue, { key, createdAtMs }), 0, { key, createdAtMs })
      else this.#queues.set(name, [{ key, createdAtMs }])
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    if (entry.pending) this.#pending--
    this.#entries.delete(key)
    for (const name of entry.names) {
      const queue = this.#queues.get(name) ?? []
      const place = placeIn(queue, entry)
      if (queue[place]?.key === key) queue.splice(place, 1)
      if (queue.length === 0) this.#queues.delete(name)
    }
  }

  /** how many have no address */
  get pending(): number {
    return this.#pending
  }

  /** All of them: for changes that can help anybody. */
  oldestFirst(): string[] {
    return [...this.#entries.values()].sort(compare).map(({ key }) => key)
  }

  /** Whom to ask, the oldest first, now that this has become available. */
  wake(news: readonly Awaited[]): string[] {
    const woken = new Map<string, Place>()
    for (const one of news) {
      const queue = this.#queues.get(nameOfAwaited(one)) ?? []
      if ('pool' in one) {
        const [first] = queue
        if (first) woken.set(first.key, this.#ask(first, one))
      } else if ('service' in one) {
        const entry = this.#entries.get(one.service)
        if (entry) woken.set(entry.key, entry)
      } else for (const place of queue) woken.set(place.key, place)
    }
    return [...woken.values()].sort(compare).map(({ key }) => key)
  }

  /**
   * To be called when a Service has been decided, or is gone: where it was asked for the sake of room that is still there, the
   * next is to be asked.
   */
  next(key: string, hasRoom: (pool: string, family: Family) => boolean): string[] {
    const asked = this.#asked.get(key)
    if (!asked) return []
    this.#asked.delete(key)
    const woken = new Map<string, Place>()
    for (const [name, room] of asked.rooms) {
      const queue = this.#queues.get(name)
      if (!queue || !hasRoom(room.pool, room.family)) continue
      let place = placeIn(queue, asked.place)
      if (queue[place]?.key === key) place++
      const following = queue[place]
      if (following) woken.set(following.key, this.#ask(following, room))
    }
    return [...woken.values()].sort(compare).map(({ key }) => key)
  }

  #ask(place: Place, room: Room): Place {
    const asked = this.#asked.get(place.key) ?? { place, rooms: new Map<string, Room>() }
    asked.rooms.set(nameOfAwaited(room), room)
    this.#asked.set(place.key, asked)
    return place
  }
}

/** Where in a queue a Service stands, or would have to. */
function placeIn(queue: readonly Place[], one: Place): number {
  let low = 0
  let high = queue.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compare(queue[middle] as Place, one) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function compare(a: Place, b: Place): number {
  return a.createdAtMs - b.createdAtMs || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index])
}

/**
 * The order of the first pass after a start: Services that hold an address before those that want one, so that nobody is
 * given what another holds; the older first in either group.
 */
export function firstPassOrder<
  S extends { readonly key: string; readonly createdAtMs: number; readonly ingress: readonly unknown[] },
>(services: Iterable<S>): S[] {
  return [...services].sort((a, b) => Math.min(b.ingress.length, 1) - Math.min(a.ingress.length, 1) || compare(a, b))
}
