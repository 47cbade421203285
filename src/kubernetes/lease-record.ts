import type { Clock } from '../io/clock.ts'
import { isApiError } from './api-error.ts'
import type { ApiClient } from './client.ts'
import { type KubernetesObject, leases, type ObjectMeta } from './resources.ts'

/** coordination.k8s.io/v1 LeaseSpec, as far as Herald uses it. */
export interface LeaseSpec {
  holderIdentity?: string | null
  leaseDurationSeconds?: number | null
  acquireTime?: string | null
  renewTime?: string | null
  leaseTransitions?: number | null
}

export interface Lease extends KubernetesObject {
  metadata?: ObjectMeta
  spec?: LeaseSpec
}

/** A Lease, cut to what tells whether it is held. */
export interface LeaseView {
  readonly name: string
  readonly resourceVersion: string
  /** empty when it was given back */
  readonly holder: string
  readonly durationSeconds: number
}

// A holder must not be able to hold for ever by writing a huge number.
const longestDurationSeconds = 3_600

export function viewLease({ metadata = {}, spec = {} }: Lease): LeaseView {
  const seconds = spec.leaseDurationSeconds ?? 0
  return {
    name: metadata.name ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    holder: spec.holderIdentity ?? '',
    durationSeconds: seconds > 0 ? Math.min(seconds, longestDurationSeconds) : 0,
  }
}

/** metav1.MicroTime: RFC 3339 with six digits after the point. */
export function microTime(clock: Pick<Clock, 'now'>): string {
  return new Date(clock.now()).toISOString().replace('Z', '000Z')
}

/** Gives a Lease back, if it is still held by this identity. */
export async function releaseLease(
  client: Pick<ApiClient, 'patch'>,
  { namespace, name, identity }: { namespace: string; name: string; identity: string },
  timeoutMs: number,
): Promise<void> {
  const patch = [
    { op: 'test', path: '/spec/holderIdentity', value: identity },
    { op: 'replace', path: '/spec/holderIdentity', value: '' },
    { op: 'replace', path: '/spec/leaseDurationSeconds', value: 1 },
  ]
  try {
    await client.patch(leases, { namespace, name }, patch, { kind: 'json', timeoutMs })
  } catch (error) {
    // Another holds it, or it is gone: nothing to give back.
    if (!isApiError(error, 'invalid', 'notFound')) throw error
  }
}
