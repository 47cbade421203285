import type { ApiObject } from './snapshot.ts'

/** Addresses by Service, `namespace/name`. */
export type NotedAddresses = ReadonlyMap<string, readonly string[]>

/** The ConfigMap with the addresses as they were before a migration. It also says that one is under way. */
export const NOTE_NAME = 'herald-migration'
export const NOTE_LABEL = { name: 'app.kubernetes.io/managed-by', value: 'kubectl-herald' } as const
const FIELD = 'addresses'

/** The ConfigMap: a line for each Service that has addresses, so that a person can read it too. */
export function writeNote(namespace: string, addresses: NotedAddresses): object {
  const lines = [...addresses]
    .filter(([, ips]) => ips.length > 0)
    .map(([service, ips]) => `${service} ${ips.join(',')}\n`)
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: NOTE_NAME, namespace, labels: { [NOTE_LABEL.name]: NOTE_LABEL.value } },
    data: { [FIELD]: lines.sort().join('') },
  }
}

/** What writeNote() wrote; lines that are none of its are passed over. */
export function readNote(object: ApiObject): NotedAddresses {
  const { data } = object as { data?: Record<string, unknown> | null }
  const text = data?.[FIELD]
  const lines = typeof text === 'string' ? text.split('\n') : []
  return new Map(
    lines.flatMap(line => {
      const [service = '', ips = ''] = line.split(' ')
      return service && ips ? [[service, ips.split(',')] as const] : []
    }),
  )
}

/** What each Service lost of what was noted, in words. Those that are gone, and those that are new, are no concern. */
export function changedAddresses(noted: NotedAddresses, now: NotedAddresses): string[] {
  return [...noted].flatMap(([service, before]) => {
    const after = now.get(service)
    if (!after || before.every(ip => after.includes(ip))) return []
    return [`the Service ${service} had ${before.join(', ')} and has ${after.join(', ') || 'no address'} now`]
  })
}
