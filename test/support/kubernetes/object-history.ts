import type { KubernetesObject } from '../../../src/kubernetes/resources.ts'

export type StoredObject = KubernetesObject & { metadata: NonNullable<KubernetesObject['metadata']> }

/** What a request is about; an empty namespace or name means all. */
export interface Target {
  plural: string
  namespace: string
  name: string
}

/** One step of the history. */
export interface Change {
  version: number
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  plural: string
  namespace: string
  object: StoredObject
}

export interface Page {
  version: number
  items: StoredObject[]
  /** stands for what is left of the list */
  continueToken: string | undefined
}

/** The objects of a scripted API server, and how they came to be what they are. It keeps no time of its own. */
export class ObjectHistory {
  readonly #objects = new Map<string, StoredObject>()
  readonly #snapshots = new Map<string, { version: number; objects: StoredObject[] }>()
  readonly #onChange: (change: Change) => void
  #changes: Change[] = []
  #version = 100
  #oldest = 100
  /** continue tokens from before this version have expired */
  #continueFrom = 0

  constructor(onChange: (change: Change) => void) {
    this.#onChange = onChange
  }

  get version(): string {
    return String(this.#version)
  }

  /** Creates or changes an object, as someone else would; returns it as stored. */
  put(plural: string, object: KubernetesObject): StoredObject {
    const { namespace = '', name = '' } = object.metadata ?? {}
    const key = keyOf({ plural, namespace, name })
    const before = this.#objects.get(key)
    const version = ++this.#version
    const stored: StoredObject = {
      ...object,
      metadata: { ...object.metadata, uid: before?.metadata.uid ?? `uid-${version}`, resourceVersion: String(version) },
    }
    this.#objects.set(key, stored)
    this.#record({ version, type: before ? 'MODIFIED' : 'ADDED', plural, namespace, object: stored })
    return stored
  }

  remove(plural: string, { namespace = '', name = '' }: { namespace?: string; name?: string }): void {
    const key = keyOf({ plural, namespace, name })
    const before = this.#objects.get(key)
    if (!before) return
    this.#objects.delete(key)
    const version = ++this.#version
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(version) } }
    this.#record({ version, type: 'DELETED', plural, namespace, object })
  }

  get({ plural, namespace, name }: Target): StoredObject | undefined {
    return this.#objects.get(keyOf({ plural, namespace, name }))
  }

  /** All objects of a kind, by key as stores have it. */
  state(plural: string): Map<string, StoredObject> {
    const state = new Map<string, StoredObject>()
    for (const object of this.listed({ plural, namespace: '', name: '' })) {
      const { namespace, name } = object.metadata
      state.set(namespace ? `${namespace}/${name}` : (name ?? ''), object)
    }
    return state
  }

  /** Forgets the history: a watch that resumes before now is told 410, unless nothing has happened since. */
  compact(): void {
    this.#oldest = this.#version
    this.#changes = []
  }

  /** What `continue` tokens stand for is forgotten too. */
  expireContinueTokens(): void {
    this.#continueFrom = ++this.#version
  }

  /** Whether a watch from this version on would miss something that is forgotten. */
  hasForgotten(version: number): boolean {
    return version < this.#oldest
  }

  changesAfter(version: number): Change[] {
    return this.#changes.filter(change => change.version > version)
  }

  listed({ plural, namespace }: Target): StoredObject[] {
    const prefix = `${plural}|${namespace ? `${namespace}|` : ''}`
    return [...this.#objects].filter(([key]) => key.startsWith(prefix)).map(([, object]) => object)
  }

  /** One page of a list, or of what a token of an earlier page stands for; undefined when that has expired. */
  page(target: Target, { limit, continueToken }: { limit: number; continueToken: string | null }): Page | undefined {
    let { version, objects } = { version: this.#version, objects: this.listed(target) }
    let from = 0
    if (continueToken) {
      const [id = '', place = ''] = continueToken.split('-')
      const snapshot = this.#snapshots.get(id)
      if (!snapshot || snapshot.version < this.#continueFrom) return undefined
      ;({ version, objects } = snapshot)
      from = Number(place)
    }
    if (limit === 0) return { version, items: objects, continueToken: undefined }
    const items = objects.slice(from, from + limit)
    if (from + limit >= objects.length) return { version, items, continueToken: undefined }
    const id = String(version)
    this.#snapshots.set(id, { version, objects })
    return { version, items, continueToken: `${id}-${from + limit}` }
  }

  #record(change: Change): void {
    this.#changes.push(change)
    this.#onChange(change)
  }
}

function keyOf({ plural, namespace, name }: Target): string {
  return `${plural}|${namespace}|${name}`
}
