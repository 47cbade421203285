import { ApiError } from '../../../src/kubernetes/api-error.ts'
import type { ApiClient, RequestOptions } from '../../../src/kubernetes/client.ts'
import {
  describeResource,
  type KubernetesObject,
  type ObjectRef,
  objectKey,
  type Resource,
} from '../../../src/kubernetes/resources.ts'
import { sleep } from '../../../src/kubernetes/sleep.ts'
import type { FakeClock } from '../io/fake-clock.ts'
import { applyJsonPatch, applyMergePatch, type Json } from './patch.ts'

/** What one side of a network makes of its requests. */
export interface Link {
  /** before the request is carried out, and again before its answer is there */
  delayMs: number
  /** nothing gets through */
  cut: boolean
  /** the request is carried out, but its answer is lost */
  losesAnswers: boolean
}

/** An API server in memory, on the test's clock: get, create and patch with preconditions, over links that can fail. */
export class MemoryApi {
  readonly #clock: FakeClock
  readonly #objects = new Map<string, KubernetesObject>()
  #version = 0

  constructor({ clock }: { clock: FakeClock }) {
    this.#clock = clock
  }

  object<T extends KubernetesObject>(key: string): T | undefined {
    return this.#objects.get(key) as T | undefined
  }

  remove(key: string): void {
    this.#objects.delete(key)
  }

  /** A client behind this link. */
  client(link: Link): Pick<ApiClient, 'get' | 'create' | 'patch'> {
    const call = async <T>(
      what: string,
      { signal, timeoutMs = 15_000 }: RequestOptions,
      work: () => KubernetesObject,
    ): Promise<T> => {
      const never = new AbortController().signal
      const dueMs = this.#clock.monotonicMs() + timeoutMs
      const pass = async (): Promise<void> => {
        const leftMs = dueMs - this.#clock.monotonicMs()
        const lost = link.cut || link.delayMs >= leftMs
        await sleep(this.#clock, lost ? leftMs : link.delayMs, signal ?? never)
        if (signal?.aborted) throw signal.reason
        if (lost) throw new ApiError('timeout', `${what}: no answer`)
      }
      if (link.delayMs > 0 || link.cut) await pass()
      const answer = work()
      if (link.losesAnswers) throw new ApiError('unreachable', `${what}: cut`)
      if (link.delayMs > 0 || link.cut) await pass()
      return structuredClone(answer) as T
    }
    return {
      get: (resource, ref, options = {}) =>
        call(`get ${describeResource(resource, ref)}`, options, () => this.#get(resource, ref)),
      create: (resource, object, options = {}) =>
        call(`create ${resource.plural}`, options, () => this.#create(resource, object)),
      patch: (resource, ref, body, options) =>
        call(`patch ${describeResource(resource, ref)}`, options, () =>
          this.#patch(resource, ref, body as Json, options.kind),
        ),
    }
  }

  #get(resource: Resource, ref: ObjectRef): KubernetesObject {
    const object = this.#objects.get(objectKey(ref))
    if (!object) throw new ApiError('notFound', `${describeResource(resource, ref)}: 404`, { status: 404 })
    return object
  }

  #create(resource: Resource, object: KubernetesObject): KubernetesObject {
    const key = objectKey(object.metadata ?? {})
    if (this.#objects.has(key)) throw new ApiError('alreadyExists', `${resource.plural} ${key}: 409`, { status: 409 })
    return this.#put(key, object)
  }

  #patch(resource: Resource, ref: ObjectRef, body: Json, kind: string): KubernetesObject {
    const before = this.#get(resource, ref) as unknown as Json
    const after = (kind === 'json' ? applyJsonPatch(before, body) : applyMergePatch(before, body)) as
      | KubernetesObject
      | undefined
    if (!after) throw new ApiError('invalid', 'test failed', { status: 422 })
    const expected = (before as KubernetesObject).metadata?.resourceVersion
    if (after.metadata?.resourceVersion !== expected)
      throw new ApiError('conflict', '409', { status: 409, reason: 'Conflict' })
    return this.#put(objectKey(ref), after)
  }

  #put(key: string, object: KubernetesObject): KubernetesObject {
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } }
    this.#objects.set(key, stored)
    return stored
  }
}
