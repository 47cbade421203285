import { sameCondition } from '../controller/conditions.ts'
import type { Condition, ServiceView } from '../resources/service.ts'
import { isApiError } from './api-error.ts'
import type { ApiClient } from './client.ts'
import { done, type Outcome, retryAfter } from './outcome.ts'
import { type KubernetesObject, type ObjectRef, type Resource, services } from './resources.ts'

/** What a Service should carry. Whatever is left out, or not named in a record, is not touched. */
export interface DesiredServiceStatus {
  /** the whole list of status.loadBalancer.ingress, in order */
  readonly addresses?: readonly string[]
  /** by key; undefined removes the annotation */
  readonly annotations?: Readonly<Record<string, string | undefined>>
  /** by type; undefined removes the condition */
  readonly conditions?: Readonly<Record<string, Condition | undefined>>
  /** adds finalizers to those that there are, or removes them */
  readonly finalizers?: { readonly add?: readonly string[]; readonly remove?: readonly string[] }
}

type ServiceState = Pick<ServiceView, 'resourceVersion' | 'annotations' | 'ingress' | 'conditions'>

/**
 * The one patch that makes a Service carry what it should, with the version seen as precondition; undefined when it does
 * already. A strategic merge patch of the status subresource: lists of conditions are merged by type there, and metadata
 * is taken too.
 */
export function serviceStatusPatch(view: ServiceState, desired: DesiredServiceStatus): object | undefined {
  const annotations = annotationChanges(view, desired.annotations ?? {})
  const conditions = conditionChanges(view, desired.conditions ?? {})
  const { addresses, finalizers } = desired
  const readdressed = addresses !== undefined && !sameIngress(view, addresses)
  if (!annotations && conditions.length === 0 && !readdressed && !finalizers) return undefined
  // The server's default for ipMode is written too, so that the next comparison finds what it expects.
  const ingress = readdressed && addresses.length > 0 ? addresses.map(ip => ({ ip, ipMode: 'VIP' })) : null
  return {
    metadata: {
      resourceVersion: view.resourceVersion,
      ...(annotations && { annotations }),
      ...(finalizers?.add && { finalizers: finalizers.add }),
      // https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
      ...(finalizers?.remove && { '$deleteFromPrimitiveList/finalizers': finalizers.remove }),
    },
    ...((readdressed || conditions.length > 0) && {
      status: { ...(readdressed && { loadBalancer: { ingress } }), ...(conditions.length > 0 && { conditions }) },
    }),
  }
}

/** `conflict`: the object is newer than the view; `gone`: it was deleted. */
export type WriteResult = 'unchanged' | 'written' | 'conflict' | 'gone'

/** What a reconcile makes of a write. After a conflict the watch brings the newer object; the time is for a watch that is late. */
export function outcomeOfWrite(result: WriteResult): Outcome {
  return result === 'conflict' ? retryAfter(1_000) : done
}

/** Writes what was decided, once, and only what differs. */
export class StatusWriter {
  readonly #client: Pick<ApiClient, 'patch' | 'create'>

  constructor({ client }: { client: Pick<ApiClient, 'patch' | 'create'> }) {
    this.#client = client
  }

  /** Throws an ApiError when the write fails otherwise than by a conflict. */
  async writeService(
    view: ServiceState & Pick<ServiceView, 'namespace' | 'name'>,
    desired: DesiredServiceStatus,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<WriteResult> {
    const patch = serviceStatusPatch(view, desired)
    if (!patch) return 'unchanged'
    const { namespace, name } = view
    return this.#write(
      this.#client.patch(services, { namespace, name, subresource: 'status' }, patch, { kind: 'strategic', signal }),
    )
  }

  /**
   * Merges `status` into that of a custom resource: lists are replaced whole, null removes a field. With a
   * `resourceVersion` only in that version. The caller has found that something differs.
   */
  patchStatus(
    resource: Resource,
    ref: ObjectRef,
    status: object,
    { resourceVersion, signal }: { resourceVersion?: string; signal?: AbortSignal } = {},
  ): Promise<WriteResult> {
    const patch = { ...(resourceVersion && { metadata: { resourceVersion } }), status }
    return this.#write(
      this.#client.patch(resource, { ...ref, subresource: 'status' }, patch, { kind: 'merge', signal }),
    )
  }

  /** Creates an object unless it is there; true when it was created. A status in it is not kept by kinds with that subresource. */
  async createIfMissing(
    resource: Resource,
    object: KubernetesObject,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<boolean> {
    try {
      await this.#client.create(resource, object, { signal })
      return true
    } catch (error) {
      if (isApiError(error, 'alreadyExists')) return false
      throw error
    }
  }

  async #write(request: Promise<unknown>): Promise<WriteResult> {
    try {
      await request
      return 'written'
    } catch (error) {
      if (isApiError(error, 'conflict')) return 'conflict'
      if (isApiError(error, 'notFound')) return 'gone'
      throw error
    }
  }
}

function annotationChanges(
  { annotations }: ServiceState,
  desired: Readonly<Record<string, string | undefined>>,
): Record<string, string | null> | undefined {
  const changed = Object.entries(desired).filter(([key, value]) => annotations[key] !== value)
  return changed.length > 0 ? Object.fromEntries(changed.map(([key, value]) => [key, value ?? null])) : undefined
}

function conditionChanges(
  { conditions }: ServiceState,
  desired: Readonly<Record<string, Condition | undefined>>,
): object[] {
  const changes: object[] = []
  for (const [type, condition] of Object.entries(desired)) {
    const before = conditions.find(held => held.type === type)
    if (!condition) {
      if (before) changes.push({ type, $patch: 'delete' })
    } else if (!before || !sameCondition(before, condition)) changes.push({ ...condition, type })
  }
  return changes
}

function sameIngress({ ingress }: ServiceState, addresses: readonly string[]): boolean {
  return (
    ingress.length === addresses.length &&
    ingress.every(({ ip, ipMode }, place) => ip === addresses[place] && ipMode === 'VIP')
  )
}
