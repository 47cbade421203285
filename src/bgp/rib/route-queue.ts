import type { Prefix } from '../../ip/prefix.ts'
import { encodedPrefixLength } from '../codec/prefixes.ts'
import type { Route, RouteAttributes } from '../route.ts'

interface Group {
  readonly prefixes: Map<string, Prefix>
  /** that they take in UPDATEs */
  octets: number
}

/** What waits to be told to a peer about prefixes of one family, those with the same attributes together. */
export class RouteQueue {
  readonly #withdrawn = new Map<string, Prefix>()
  readonly #announced = new Map<RouteAttributes, Group>()

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
    let group = this.#announced.get(attributes)
    if (!group) {
      group = { prefixes: new Map(), octets: 0 }
      this.#announced.set(attributes, group)
    }
    group.prefixes.set(key, prefix)
    group.octets += encodedPrefixLength(prefix)
  }

  /** @param announced what was queued for the prefix; undefined: a withdrawal */
  remove(key: string, announced: RouteAttributes | undefined): void {
    if (!announced) {
      this.#withdrawn.delete(key)
      return
    }
    const group = this.#announced.get(announced)
    const prefix = group?.prefixes.get(key)
    if (!group || !prefix) return
    group.prefixes.delete(key)
    group.octets -= encodedPrefixLength(prefix)
    if (group.prefixes.size === 0) this.#announced.delete(announced)
  }

  /** The attributes that have waited longest; undefined when nothing is to be announced. */
  firstAttributes(): RouteAttributes | undefined {
    for (const attributes of this.#announced.keys()) return attributes
    return undefined
  }

  /** Whether there are so many prefixes with these attributes that they take all the room. */
  fills(attributes: RouteAttributes, room: number): boolean {
    return (this.#announced.get(attributes)?.octets ?? 0) >= room
  }

  /** Takes out as many prefixes with these attributes as fit. */
  takeAnnounced(attributes: RouteAttributes, room: number): Map<string, Prefix> {
    const group = this.#announced.get(attributes)
    if (!group) return new Map()
    const taken = take(group.prefixes, room)
    for (const prefix of taken.values()) group.octets -= encodedPrefixLength(prefix)
    if (group.prefixes.size === 0) this.#announced.delete(attributes)
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
