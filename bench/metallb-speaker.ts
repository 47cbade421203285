import { chmod, copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { heraldNamespace } from '../lab/herald.ts'
import { importImages } from '../lab/images.ts'
import { writeOciArchive } from '../lab/oci-archive.ts'
import { cacheDir } from '../lab/paths.ts'
import type { TestLab } from '../test/support/lab/lab.ts'
import { buildMetallb, metallbVersion } from './metallb.ts'

const image = `herald.lab/metallb-speaker:${metallbVersion}`
const labels = { app: 'metallb', component: 'speaker' }
const scope = `--namespace=${heraldNamespace}`

/**
 * Runs MetalLB's speakers in the place of Herald's, on the same pools, advertisements and Services. It works with its defaults;
 * Herald's controller goes on to give the addresses.
 * @returns what puts Herald's speakers in their place again
 */
export async function swapForMetallb(lab: TestLab): Promise<() => Promise<void>> {
  const { speaker, crds } = await buildMetallb()
  const folder = await mkdtemp(join(cacheDir(), `building-${process.pid}-`))
  try {
    await mkdir(join(folder, 'root'))
    await chmod(join(folder, 'root'), 0o755)
    await copyFile(speaker, join(folder, 'root/speaker'))
    const archive = join(folder, 'image.tar')
    await writeOciArchive(archive, image, [join(folder, 'root')], { Entrypoint: ['/speaker'] })
    await Promise.all(lab.lab.topology.nodes.map(node => importImages(lab.lab, node, [archive])))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const added: string[] = []
  for (const file of await readdir(crds)) {
    const name = `${file.replace(/^metallb\.io_/, '').replace(/\.yaml$/, '')}.metallb.io`
    if ((await lab.get('customresourcedefinition', name)) !== undefined) continue
    await lab.kubectl(['apply', '--filename', join(crds, file)])
    added.push(name)
  }
  await park(lab, true)
  await lab.apply(...manifests)
  await lab.kubectl(['rollout', 'status', 'daemonset/metallb-speaker', scope, '--timeout=60s'])
  return async () => {
    await lab.remove(...manifests)
    if (added.length > 0) await lab.kubectl(['delete', 'customresourcedefinition', ...added])
    await park(lab, false)
    await lab.kubectl(['rollout', 'status', 'daemonset/herald-speaker', scope, '--timeout=60s'])
  }
}

/** Sends Herald's speakers away, by asking for nodes that do not exist, or back. */
async function park(lab: TestLab, away: boolean): Promise<void> {
  const nodeSelector = { 'herald.io/no-such-node': away ? 'true' : null }
  const patch = JSON.stringify({ spec: { template: { spec: { nodeSelector } } } })
  await lab.kubectl(['patch', 'daemonset/herald-speaker', scope, '--type=merge', `--patch=${patch}`])
  if (away)
    await lab.kubectl([
      'wait',
      'pod',
      scope,
      '--selector=app.kubernetes.io/component=speaker',
      '--for=delete',
      '--timeout=60s',
    ])
}

const fromField = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })
const metadata = { name: 'metallb-speaker', namespace: heraldNamespace }

const manifests = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'metallb-speaker' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', ...metadata }],
  },
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata,
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: metadata.name,
          hostNetwork: true,
          terminationGracePeriodSeconds: 2,
          containers: [
            {
              name: 'speaker',
              image,
              imagePullPolicy: 'Never',
              args: ['--port=7472', '--log-level=info'],
              // As in MetalLB's own manifests (config/rbac, config/manifests/metallb-native.yaml).
              env: [
                fromField('METALLB_NODE_NAME', 'spec.nodeName'),
                fromField('METALLB_POD_NAME', 'metadata.name'),
                fromField('METALLB_NAMESPACE', 'metadata.namespace'),
                fromField('METALLB_HOST', 'status.hostIP'),
                fromField('METALLB_ML_BIND_ADDR', 'status.podIP'),
                { name: 'METALLB_ML_LABELS', value: 'app=metallb,component=speaker' },
              ],
              readinessProbe: { httpGet: { path: '/metrics', port: 7472 }, periodSeconds: 1 },
              securityContext: { capabilities: { drop: ['ALL'], add: ['NET_RAW'] } },
            },
          ],
        },
      },
    },
  },
]
