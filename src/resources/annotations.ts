const PREFIX = 'metallb.io/'
const DEPRECATED_PREFIX = 'metallb.universe.tf/'

/** The annotations that users set on a Service, each under `metallb.io/` or the deprecated `metallb.universe.tf/`. */
export const REQUEST_ANNOTATIONS = {
  pool: 'address-pool',
  addresses: 'loadBalancerIPs',
  sharingKey: 'allow-shared-ip',
} as const

/** The annotation that Herald writes: the pool that the Service's addresses come from. */
export const ALLOCATED_FROM = `${PREFIX}ip-allocated-from-pool`

/** The value of a request annotation and the name it stands under; the deprecated one counts only where the other is absent. */
export function readAnnotation(
  annotations: Readonly<Record<string, string>>,
  key: (typeof REQUEST_ANNOTATIONS)[keyof typeof REQUEST_ANNOTATIONS],
): { name: string; value: string } | undefined {
  for (const name of [PREFIX + key, DEPRECATED_PREFIX + key]) {
    const value = annotations[name]
    if (value !== undefined) return { name, value }
  }
  return undefined
}

/** The request annotations that stand under the deprecated prefix. */
export function deprecatedAnnotations(annotations: Readonly<Record<string, string>>): string[] {
  return Object.values(REQUEST_ANNOTATIONS)
    .map(key => DEPRECATED_PREFIX + key)
    .filter(name => annotations[name] !== undefined)
}
