import type { Logger } from './logger.ts'
import { type KubernetesObject, objectKey } from './resources.ts'
import type { Store } from './store.ts'
import type { WatchEvent } from './watch-event.ts'

/** A state as it is read, object by object, before it takes the place of what the store holds. */
export type Listed<T> = Map<string, { readonly resourceVersion: string; readonly value: T }>

export type ObjectEvent = Extract<WatchEvent, { object: KubernetesObject }>

export interface ObjectMirrorComponents<T> {
  store: Store<T>
  logger: Logger
}

export interface ObjectMirrorInit<T> {
  /** the plural of the kind, for the log */
  resource: string
  /** Cuts an object to what is kept of it. */
  view: (object: KubernetesObject) => T
}

/** Brings what the API server says of objects into a store. An object that cannot be read is left out, and told of. */
export class ObjectMirror<T> {
  readonly #store: Store<T>
  readonly #logger: Logger
  readonly #init: ObjectMirrorInit<T>

  constructor({ store, logger }: ObjectMirrorComponents<T>, init: ObjectMirrorInit<T>) {
    this.#store = store
    this.#logger = logger
    this.#init = init
  }

  /** One change; returns the version that it made. */
  apply({ type, object }: ObjectEvent): string {
    const { key, resourceVersion } = identityOf(object)
    if (type === 'DELETED') this.#store.delete(key)
    else {
      const value = this.#view(key, object)
      if (value !== undefined) this.#store.upsert(key, resourceVersion, value)
    }
    return resourceVersion
  }

  /** One change while the state is still being read. */
  collectEvent(objects: Listed<T>, { type, object }: ObjectEvent): void {
    if (type === 'DELETED') objects.delete(objectKey(object.metadata ?? {}))
    else this.collect(objects, object)
  }

  collect(objects: Listed<T>, object: KubernetesObject): void {
    const { key, resourceVersion } = identityOf(object)
    // A relist of what did not change makes no garbage.
    const held = this.#store.resourceVersion(key) === resourceVersion ? this.#store.get(key) : undefined
    const value = held ?? this.#view(key, object)
    if (value !== undefined) objects.set(key, { resourceVersion, value })
  }

  replace(objects: Listed<T>): void {
    this.#store.replace(objects)
  }

  #view(key: string, object: KubernetesObject): T | undefined {
    const { resource, view } = this.#init
    try {
      return view(object)
    } catch (error) {
      this.#logger.error({ resource, key, err: error }, 'cannot read an object: it is left out')
      return undefined
    }
  }
}

function identityOf({ metadata = {} }: KubernetesObject): { key: string; resourceVersion: string } {
  return { key: objectKey(metadata), resourceVersion: metadata.resourceVersion ?? '' }
}
