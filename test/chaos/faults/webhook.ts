import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { inNamespace } from '../../../lab/network.ts'
import { paths } from '../api-client.ts'
import { type FaultKind, unfelt } from '../fault.ts'
import { untilDone } from '../until-done.ts'

const name = 'chaos-hangs'
const port = 9444

/** Where Services, their status and Leases of Herald are written, everyone waits for somebody else's webhook, in vain. */
const configuration = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name },
  webhooks: [
    {
      name: 'hangs.chaos.herald.io',
      clientConfig: { url: `https://127.0.0.1:${port}/` },
      rules: [
        {
          apiGroups: [''],
          apiVersions: ['v1'],
          operations: ['CREATE', 'UPDATE'],
          resources: ['services', 'services/status'],
        },
        {
          apiGroups: ['herald.io', 'metallb.io'],
          ...{ apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['*', '*/status'] },
        },
      ],
      namespaceSelector: {
        matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] }],
      },
      failurePolicy: 'Fail',
      timeoutSeconds: 4,
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    },
  ],
}

export const webhookHangs: FaultKind = {
  name: 'webhook-hang',
  summary: "somebody else's webhook for Services and Herald's objects takes connections and answers nothing",
  ...{ target: 'none', durationMs: [5_000, 25_000], touches: ['admission'] },
  bounds: unfelt(45_000),
  strike: async ({ lab, api }) => {
    const enter = inNamespace(lab.lab.topology.control.namespace).slice(1)
    const listener = spawn('nsenter', [...enter, 'socat', `TCP-LISTEN:${port},fork,reuseaddr`, 'EXEC:sleep 60'], {
      stdio: 'ignore',
    })
    const closed = once(listener, 'close')
    // Where another fault has taken the API server away it comes when that is back, and may be gone by then.
    await api.request('POST', paths.webhooks, configuration).catch(() => {})
    return async () => {
      await untilDone(async () => await api.delete(`${paths.webhooks}/${name}`))
      listener.kill('SIGTERM')
      await closed
    }
  },
}
