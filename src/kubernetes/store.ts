/** Called after the store changed: `before` is missing for a new object, `after` for one that went. */
export type StoreListener<T> = (key: string, before: T | undefined, after: T | undefined) => void

/** Names of the groups that an object belongs to, such as the Service of an EndpointSlice. */
export type IndexFunction<T> = (value: T, key: string) => Iterable<string>

export interface StoreInit<T> {
  indexes?: Readonly<Record<string, IndexFunction<T>>>
  /** Whether two views of an object say the same: then the older one stays, and nobody is told. */
  same?: (before: T, after: T) => boolean
}

/** What readers of a store see. */
export interface ReadableStore<T> {
  readonly size: number
  get(key: string): T | undefined
  keys(): Iterable<string>
  list(): Iterable<T>
  entries(): Iterable<readonly [string, T]>
  byIndex(index: string, name: string): Iterable<T>
  subscribe(listener: StoreListener<T>): () => void
}

interface Entry<T> {
  readonly resourceVersion: string
  readonly value: T
}

/**
 * The last known state of one kind of object, cut to what is used, by key. Filled by a reflector; the rest reads it and
 * listens. A value is never changed in place: before and after can be compared.
 */
export class Store<T> implements ReadableStore<T> {
  readonly #entries = new Map<string, Entry<T>>()
  readonly #listeners = new Set<StoreListener<T>>()
  readonly #indexFunctions: Readonly<Record<string, IndexFunction<T>>>
  readonly #indexes = new Map<string, Map<string, Set<string>>>()
  readonly #same: StoreInit<T>['same']

  constructor({ indexes = {}, same }: StoreInit<T> = {}) {
    this.#indexFunctions = indexes
    this.#same = same
    for (const index of Object.keys(indexes)) this.#indexes.set(index, new Map())
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.value
  }

  /** the version in which the object is held */
  resourceVersion(key: string): string | undefined {
    return this.#entries.get(key)?.resourceVersion
  }

  keys(): Iterable<string> {
    return this.#entries.keys()
  }

  *list(): Iterable<T> {
    for (const { value } of this.#entries.values()) yield value
  }

  *entries(): Iterable<readonly [string, T]> {
    for (const [key, { value }] of this.#entries) yield [key, value]
  }

  /** The objects that the index function put under this name. Throws on an index that the store does not have: a bug. */
  *byIndex(index: string, name: string): Iterable<T> {
    const groups = this.#indexes.get(index)
    if (!groups) throw new Error(`the store has no index ${index}`)
    for (const key of groups.get(name) ?? []) {
      const entry = this.#entries.get(key)
      if (entry) yield entry.value
    }
  }

  /** Calls back on every change from now on, at once and in order; returns what ends it. */
  subscribe(listener: StoreListener<T>): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes an object as it now is; one that is held in the same version is dropped. */
  upsert(key: string, resourceVersion: string, value: T): void {
    const before = this.#entries.get(key)
    if (before && resourceVersion !== '' && before.resourceVersion === resourceVersion) return
    if (before && this.#same?.(before.value, value)) {
      this.#entries.set(key, { resourceVersion, value: before.value })
      return
    }
    this.#entries.set(key, { resourceVersion, value })
    this.#reindex(key, before?.value, value)
    this.#notify(key, before?.value, value)
  }

  delete(key: string): void {
    const before = this.#entries.get(key)
    if (!before) return
    this.#entries.delete(key)
    this.#reindex(key, before.value, undefined)
    this.#notify(key, before.value, undefined)
  }

  /** Takes the whole state after a list: what is missing in it was deleted, what is held in the same version stays untouched. */
  replace(objects: ReadonlyMap<string, { readonly resourceVersion: string; readonly value: T }>): void {
    // Deletions first, so that what an object held is free before another asks for it.
    for (const key of [...this.#entries.keys()]) if (!objects.has(key)) this.delete(key)
    for (const [key, { resourceVersion, value }] of objects) this.upsert(key, resourceVersion, value)
  }

  #reindex(key: string, before: T | undefined, after: T | undefined): void {
    for (const [index, groups] of this.#indexes) {
      const namesOf = this.#indexFunctions[index]
      if (!namesOf) continue
      const old = new Set(before === undefined ? [] : namesOf(before, key))
      const now = new Set(after === undefined ? [] : namesOf(after, key))
      for (const name of old) {
        if (now.has(name)) continue
        const group = groups.get(name)
        group?.delete(key)
        if (group?.size === 0) groups.delete(name)
      }
      for (const name of now) {
        const group = groups.get(name)
        if (group) group.add(key)
        else groups.set(name, new Set([key]))
      }
    }
  }

  #notify(key: string, before: T | undefined, after: T | undefined): void {
    for (const listener of this.#listeners) listener(key, before, after)
  }
}
