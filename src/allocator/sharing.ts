import type { ServicePort } from '../resources/service.ts'

/** On which terms a Service shares its addresses with others. */
export interface SharingTerms {
  /** value of the annotation `metallb.io/allow-shared-ip`; empty: it shares with nobody */
  readonly key: string
  /**
   * What must be the same for all that share: empty for externalTrafficPolicy Cluster, the selector for Local, because there
   * only nodes with endpoints may receive the traffic of an address, and these are chosen by the selector.
   */
  readonly backend: string
  readonly ports: readonly ServicePort[]
}

/** A Service that shares with nobody. */
export const UNSHARED: SharingTerms = { key: '', backend: '', ports: [] }

export type SharingObjection = 'not-shared' | 'other-key' | 'other-backend' | 'port-in-use'

/**
 * Why two Services may not have the same address; undefined when they may: both name the same sharing key, their backends are
 * the same, and no port of one is a port of the other. Namespaces do not matter.
 */
export function sharingObjection(a: SharingTerms, b: SharingTerms): SharingObjection | undefined {
  if (a.key === '' || b.key === '') return 'not-shared'
  if (a.key !== b.key) return 'other-key'
  if (a.backend !== b.backend) return 'other-backend'
  const clash = a.ports.some(({ protocol, port }) =>
    b.ports.some(other => other.protocol === protocol && other.port === port),
  )
  return clash ? 'port-in-use' : undefined
}

export function sameTerms(a: SharingTerms, b: SharingTerms): boolean {
  return a === b || (a.key === b.key && a.backend === b.backend && JSON.stringify(a.ports) === JSON.stringify(b.ports))
}
