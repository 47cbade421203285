import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ApiServer } from '../../test/support/api-server.ts'
import { countedFlow, countRequests } from '../../test/support/kubernetes/request-counter.ts'
import { apply } from '../arp/cluster.ts'

export { connect } from '../../test/support/kubernetes/admin-client.ts'

export const NAMESPACE = 'herald-system'
const CLIENTS = 8

/** Does something with each, eight at once. */
export async function eachOf<T>(items: Iterable<T>, work: (item: T) => Promise<unknown>): Promise<void> {
  const next = items[Symbol.iterator]()
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      for (let item = next.next(); !item.done; item = next.next()) await work(item.value)
    }),
  )
}

/**
 * A user for a process, told apart by the API server: the requests of each are counted under a flow of their own.
 *
 * @returns the file of its kubeconfig
 */
export async function createUser(api: ApiServer, user: string, folder: string): Promise<string> {
  const subject = { kind: 'ServiceAccount', name: user, namespace: NAMESPACE }
  await apply(api, [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: user, namespace: NAMESPACE } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: `bench-${user}` },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [subject],
    },
    countedFlow(user, NAMESPACE),
  ])
  const { code, stdout, stderr } = await api.kubectl(['create', 'token', user, '-n', NAMESPACE, '--duration=12h'])
  if (code !== 0) throw new Error(stderr)
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'bench', cluster: { server: api.url, 'certificate-authority': api.caFile } }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user } }],
    'current-context': 'bench',
    users: [{ name: user, user: { token: stdout.trim() } }],
  }
  const file = join(folder, `${user}.json`)
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
  return file
}

/** Requests of a user so far, watches with them. */
export async function requestsOf(api: Pick<ApiServer, 'kubectl'>, user: string): Promise<number> {
  return (await countRequests(api.kubectl)).get(user) ?? 0
}
