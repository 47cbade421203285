import type { Prefix } from '../../ip/prefix.ts'
import { encodedPrefixLength } from '../codec/prefixes.ts'
import type { Route, RouteAttributes } from '../route.ts'

/** What waits to be told to a peer about prefixes of one family, those with the same attributes together. */
export class RouteQueue {
  readonly #withdrawn = new Map<string, Prefix>()
  readonly #announced = new Map<RouteAttributes, Map<string, Prefix>>()

  get isEmpty(): boolean {
    return this.#withdrawn.size === 0 && this.#announced.size === 0
  }

  get withdraws(): boolean {
    return this.#withdrawn.size > 0
  }

  withdraw(key: string, prefix: Prefix): void {
    this.#withdrawn.set(key, prefix)
  }

  announce(key: string, { prefix, attributes }: Route): void {
    let prefixes = this.#announced.get(attributes)
    if (!prefixes) {
      prefixes = new Map()
      this.#announced.set(attributes, prefixes)
    }
    prefixes.set(key, prefix)
  }

  /** @param announced what was queued for the prefix; undefined: a withdrawal */
  remove(key: string, announced: RouteAttributes | undefined): void {
    if (!announced) {
      this.#withdrawn.delete(key)
      return
    }
    const prefixes = this.#announced.get(announced)
    if (prefixes?.delete(key) && prefixes.size === 0) this.#announced.delete(announced)
  }

  /** The attributes that have waited longest; undefined when nothing is to be announced. */
  firstAttributes(): RouteAttributes | undefined {
    for (const attributes of this.#announced.keys()) return attributes
    return undefined
  }

  /** Takes out as many prefixes with these attributes as fit. */
  takeAnnounced(attributes: RouteAttributes, room: number): Map<string, Prefix> {
    const prefixes = this.#announced.get(attributes) ?? new Map<string, Prefix>()
    const taken = take(prefixes, room)
    if (prefixes.size === 0) this.#announced.delete(attributes)
    return taken
  }

  takeWithdrawn(room: number): Map<string, Prefix> {
    return take(this.#withdrawn, room)
  }
}

function take(queued: Map<string, Prefix>, room: number): Map<string, Prefix> {
  const taken = new Map<string, Prefix>()
  for (const [key, prefix] of queued) {
    room -= encodedPrefixLength(prefix)
    if (room < 0) break
    taken.set(key, prefix)
    queued.delete(key)
  }
  return taken
}
