import { chmod, copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { heraldNamespace } from '../lab/herald.ts'
import { importImages } from '../lab/images.ts'
import { writeOciArchive } from '../lab/oci-archive.ts'
import { cacheDir } from '../lab/paths.ts'
import type { HeraldComponent, TestLab } from '../test/support/lab/lab.ts'
import { buildMetallb, metallbVersion } from './metallb.ts'

const image = `herald.lab/metallb:${metallbVersion}`
const scope = `--namespace=${heraldNamespace}`

/** Which of MetalLB's programs run in the place of Herald's. */
export type Swapped = 'speaker' | 'controller and speaker'

/**
 * Runs MetalLB's speakers in the place of Herald's, on the same pools, advertisements and Services, and where it is asked for its
 * controller too. It works with its defaults, without the webhooks.
 * @returns what puts Herald's in their place again
 */
export async function swapForMetallb(lab: TestLab, what: Swapped): Promise<() => Promise<void>> {
  const added = await bring(lab)
  const withController = what === 'controller and speaker'
  await park(lab, true)
  if (withController) await scaleController(lab, 0)
  const manifests = [...rights, speaker, ...(withController ? [controller] : [])]
  const workloads = ['daemonset/metallb-speaker', ...(withController ? ['deployment/metallb-controller'] : [])]
  await lab.apply(...manifests)
  for (const workload of workloads) await lab.kubectl(['rollout', 'status', workload, scope, '--timeout=60s'])
  return async () => {
    await lab.remove(...manifests)
    if (added.length > 0) await lab.kubectl(['delete', 'customresourcedefinition', ...added])
    if (withController) await scaleController(lab, 1)
    await park(lab, false)
    await lab.kubectl(['rollout', 'status', 'daemonset/herald-speaker', scope, '--timeout=60s'])
  }
}

/** Brings the programs to every node, as one image, and defines the kinds that Herald does not have. @returns their definitions */
async function bring(lab: TestLab): Promise<string[]> {
  const { crds, ...programs } = await buildMetallb()
  const folder = await mkdtemp(join(cacheDir(), `building-${process.pid}-`))
  try {
    const root = join(folder, 'root')
    await mkdir(root)
    await chmod(root, 0o755)
    for (const [name, program] of Object.entries(programs)) await copyFile(program, join(root, name))
    const archive = join(folder, 'image.tar')
    await writeOciArchive(archive, image, [root], {})
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
  return added
}

/** Sends Herald's speakers away, by asking for nodes that do not exist, or back. */
async function park(lab: TestLab, away: boolean): Promise<void> {
  const nodeSelector = { 'herald.io/no-such-node': away ? 'true' : null }
  const patch = JSON.stringify({ spec: { template: { spec: { nodeSelector } } } })
  await lab.kubectl(['patch', 'daemonset/herald-speaker', scope, '--type=merge', `--patch=${patch}`])
  if (away) await gone(lab, 'speaker')
}

async function scaleController(lab: TestLab, replicas: number): Promise<void> {
  await lab.kubectl(['scale', 'deployment/herald-controller', scope, `--replicas=${replicas}`])
  if (replicas === 0) await gone(lab, 'controller')
  else await lab.kubectl(['rollout', 'status', 'deployment/herald-controller', scope, '--timeout=60s'])
}

async function gone(lab: TestLab, component: HeraldComponent): Promise<void> {
  const selector = `--selector=app.kubernetes.io/component=${component}`
  await lab.kubectl(['wait', 'pod', scope, selector, '--for=delete', '--timeout=60s'])
}

const fromField = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })
const account = { name: 'metallb', namespace: heraldNamespace }

const rights = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'metallb' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  },
]

function workload(kind: string, component: string, pod: { env: object[]; args: string[]; spec?: object }): object {
  const labels = { app: 'metallb', component }
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name: `metallb-${component}`, namespace: heraldNamespace },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: account.name,
          ...pod.spec,
          containers: [
            {
              name: component,
              image,
              imagePullPolicy: 'Never',
              command: [`/${component}`],
              args: [...pod.args, '--port=7472', '--log-level=info'],
              env: pod.env,
              readinessProbe: { httpGet: { path: '/metrics', port: 7472 }, periodSeconds: 1 },
              securityContext: { capabilities: { drop: ['ALL'], add: ['NET_RAW'] } },
            },
          ],
        },
      },
    },
  }
}

// Both as in MetalLB's own manifests (config/rbac, config/manifests/metallb-native.yaml).
const speaker = workload('DaemonSet', 'speaker', {
  args: [],
  env: [
    fromField('METALLB_NODE_NAME', 'spec.nodeName'),
    fromField('METALLB_POD_NAME', 'metadata.name'),
    fromField('METALLB_NAMESPACE', 'metadata.namespace'),
    fromField('METALLB_HOST', 'status.hostIP'),
    fromField('METALLB_ML_BIND_ADDR', 'status.podIP'),
    { name: 'METALLB_ML_LABELS', value: 'app=metallb,component=speaker' },
  ],
  spec: { hostNetwork: true, terminationGracePeriodSeconds: 2 },
})

const controller = workload('Deployment', 'controller', {
  args: ['--webhook-mode=disabled'],
  env: [
    fromField('METALLB_POD_NAME', 'metadata.name'),
    fromField('METALLB_NAMESPACE', 'metadata.namespace'),
    { name: 'METALLB_DEPLOYMENT', value: 'metallb-controller' },
  ],
  spec: { terminationGracePeriodSeconds: 0 },
})
