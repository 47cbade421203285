import type { Route } from './route.ts'

/** One prefix of which two sets of routes say different things. */
export interface RouteDifference {
  /** formatPrefix() of the prefix */
  readonly key: string
  readonly before: Route | undefined
  readonly after: Route | undefined
}

type Bucket = ReadonlyMap<string, Route>

/** So many that a bucket of 50,000 routes is copied in microseconds, and so few that the list of them is. */
const BUCKETS = 256
const EMPTY: Bucket = new Map()

/**
 * All that a peer is to be told: routes by formatPrefix() of their prefix. It never changes; with() gives another one that shares with it
 * whatever is the same, so that to change a route among 10,000, and to find what changed, costs the few routes of its bucket. Any number
 * of peers can hold the same object, each as far behind as it is slow.
 */
export class Routes implements Iterable<readonly [key: string, route: Route]> {
  static readonly none = new Routes(new Array<Bucket>(BUCKETS).fill(EMPTY), 0)

  readonly size: number
  readonly #buckets: readonly Bucket[]

  private constructor(buckets: readonly Bucket[], size: number) {
    this.#buckets = buckets
    this.size = size
  }

  get(key: string): Route | undefined {
    return this.#buckets[bucketOf(key)]!.get(key)
  }

  /** With their keys, as a Map does; in no order. */
  *[Symbol.iterator](): Iterator<readonly [key: string, route: Route]> {
    for (const bucket of this.#buckets) yield* bucket
  }

  /**
   * @param changes new routes by key; undefined takes the route away
   * @returns this, when every key has that very route already
   */
  with(changes: Iterable<readonly [key: string, route: Route | undefined]>): Routes {
    const copied = new Map<number, Map<string, Route>>()
    let { size } = this
    for (const [key, route] of changes) {
      const index = bucketOf(key)
      let bucket = copied.get(index)
      const before = (bucket ?? this.#buckets[index]!).get(key)
      if (before === route) continue
      if (!bucket) {
        bucket = new Map(this.#buckets[index])
        copied.set(index, bucket)
      }
      if (route) bucket.set(key, route)
      else bucket.delete(key)
      size += Number(route !== undefined) - Number(before !== undefined)
    }
    if (copied.size === 0) return this
    const buckets = [...this.#buckets]
    for (const [index, bucket] of copied) buckets[index] = bucket.size === 0 ? EMPTY : bucket
    return new Routes(buckets, size)
  }

  /** The keys whose route was another object, or none, in `before`. */
  *differencesFrom(before: Routes): Iterable<RouteDifference> {
    if (before === this) return
    // Nearly all buckets are the same: a plain loop passes them fastest.
    for (let index = 0; index < BUCKETS; index++) {
      const [bucketBefore, bucket] = [before.#buckets[index]!, this.#buckets[index]!]
      if (bucketBefore === bucket) continue
      for (const [key, route] of bucket) {
        const routeBefore = bucketBefore.get(key)
        if (routeBefore !== route) yield { key, before: routeBefore, after: route }
      }
      for (const [key, route] of bucketBefore) {
        if (!bucket.has(key)) yield { key, before: route, after: undefined }
      }
    }
  }
}

/** FNV-1a, folded: prefixes that follow one another are spread over all buckets. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return (hash ^ (hash >>> 8) ^ (hash >>> 16)) & (BUCKETS - 1)
}
