import type { RunResult } from '../../../lab/process.ts'

type Kubectl = (args: readonly string[]) => Promise<RunResult>

const PREFIX = 'counted-'

/**
 * A flow of its own for a service account, by which the API server counts its requests. It treats them as it does those of all service accounts.
 * https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
 */
export function countedFlow(serviceAccount: string, namespace: string): object {
  const everything = { apiGroups: ['*'], resources: ['*'], verbs: ['*'], namespaces: ['*'], clusterScope: true }
  return {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    metadata: { name: PREFIX + serviceAccount },
    spec: {
      // Just before the one of all service accounts, which has 9000.
      matchingPrecedence: 8_999,
      priorityLevelConfiguration: { name: 'workload-low' },
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: [{ kind: 'ServiceAccount', serviceAccount: { name: serviceAccount, namespace } }],
          resourceRules: [everything],
          nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
        },
      ],
    },
  }
}

/** Requests of service accounts with a countedFlow() so far, watches among them. */
export async function countRequests(kubectl: Kubectl): Promise<ReadonlyMap<string, number>> {
  const { stdout } = await kubectl(['get', '--raw', '/metrics'])
  const counts = new Map<string, number>()
  for (const line of stdout.split('\n')) {
    if (!line.startsWith('apiserver_flowcontrol_dispatched_requests_total{')) continue
    const [, flow = ''] = /flow_schema="([^"]*)"/.exec(line) ?? []
    if (!flow.startsWith(PREFIX)) continue
    const account = flow.slice(PREFIX.length)
    counts.set(account, (counts.get(account) ?? 0) + Number(line.slice(line.lastIndexOf(' '))))
  }
  return counts
}
