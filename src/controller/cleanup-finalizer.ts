import type { ServiceView } from '../resources/service.ts'

/** https://kubernetes.io/docs/concepts/services-networking/service/#garbage-collecting-load-balancers */
export const CLEANUP_FINALIZER = 'service.kubernetes.io/load-balancer-cleanup'

/**
 * Stands beside the finalizer where Herald has added it. Cloud providers use a finalizer of the same name: one that is not ours
 * is never removed.
 */
export const FINALIZER_MARK = 'herald.io/load-balancer-cleanup'

/** What is to be done about the finalizer of one Service; undefined: nothing. */
export type FinalizerStep = 'add' | 'remove' | undefined

type Guarded = Pick<ServiceView, 'annotations' | 'finalized' | 'deleting'>

/** Whether Herald has put its finalizer on the Service. */
export function isGuarded({ annotations }: Pick<Guarded, 'annotations'>): boolean {
  return annotations[FINALIZER_MARK] !== undefined
}

/**
 * @param wanted whether the Service is Herald's and finalizers are switched on
 */
export function nextFinalizerStep(service: Guarded, wanted: boolean): FinalizerStep {
  const guarded = isGuarded(service)
  // The API server refuses new finalizers on an object that is being deleted.
  if (wanted && !service.deleting) return service.finalized ? undefined : 'add'
  return guarded ? 'remove' : undefined
}
