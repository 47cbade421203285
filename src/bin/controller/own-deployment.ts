import { isApiError } from '../../kubernetes/api-error.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import {
  deployments,
  type KubernetesObject,
  type OwnerReference,
  ownerReferenceTo,
} from '../../kubernetes/resources.ts'

/** Finds out what an object that is about to be created goes with. */
export type OwnerLookup = (signal?: AbortSignal) => Promise<OwnerReference | undefined>

/**
 * Names the controller's Deployment as owner, so that what the controller makes for itself goes with an uninstall. It is read each time: a
 * Deployment that was made anew has another uid, and what names the old one is collected as garbage.
 *
 * One that was there and is gone means that this process is about to end: what it made is being taken away, and it must not make it anew.
 * Then the lookup rejects. Where there never was one, or it may not be read, nothing is owned.
 *
 * @param ref.name empty: there is none, as for a controller outside of the cluster
 */
export function ownDeployment(client: Pick<ApiClient, 'get'>, ref: { namespace: string; name: string }): OwnerLookup {
  const { name } = ref
  let wasThere = false
  return async signal => {
    if (!name) return undefined
    const found = await client.get<KubernetesObject>(deployments, ref, { signal }).catch(error => {
      if (!isApiError(error, 'notFound', 'forbidden')) throw error
      if (wasThere) throw new Error(`the Deployment "${name}" is gone, and what belongs to it goes with it`)
      return undefined
    })
    const uid = found?.metadata?.uid
    if (uid === undefined) return undefined
    wasThere = true
    return ownerReferenceTo(deployments, { name, uid })
  }
}

/**
 * Without blockOwnerDeletion: that would need the right to update finalizers of the Deployment
 * (https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/).
 */
export function withOwner<T extends KubernetesObject>(object: T, owner: OwnerReference | undefined): T {
  return owner ? { ...object, metadata: { ...object.metadata, ownerReferences: [owner] } } : object
}
