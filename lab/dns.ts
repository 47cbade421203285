import { existsSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Image } from './base-images.ts'
import { buildGoCommand } from './go-build.ts'
import { withImageFolder } from './image-folder.ts'
import { importImages } from './images.ts'
import { kubectl } from './kubectl.ts'
import type { Lab } from './lab.ts'
import { writeOciArchive } from './oci-archive.ts'
import { cacheDir } from './paths.ts'
import { dnsServiceAddress } from './topology.ts'

const coreDnsModule = 'github.com/coredns/coredns@v1.15.0'
const reference = 'herald.lab/coredns:1'
const name = 'coredns'
const labels = { 'k8s-app': 'kube-dns' }

/** Starts CoreDNS where the nodes' kubelets send Pods for names, and waits until it answers. */
export async function installDns(lab: Lab): Promise<void> {
  const image = await coreDnsImage()
  await Promise.all(lab.topology.nodes.map(node => importImages(lab, node, [image.file])))
  const list = { apiVersion: 'v1', kind: 'List', items: objects() }
  await kubectl(lab, ['apply', '--filename=-'], { input: JSON.stringify(list) })
  await kubectl(lab, ['rollout', 'status', `deployment/${name}`, '--namespace=kube-system', '--timeout=120s'])
}

async function coreDnsImage(): Promise<Image> {
  const program = await buildGoCommand(coreDnsModule, 'about 90 seconds the first time')
  const file = join(cacheDir(), 'images', `${basename(dirname(program))}.tar`)
  if (existsSync(file)) return { reference, file }
  await withImageFolder(async folder => {
    await copyFile(program, join(folder, name))
    await writeOciArchive(file, reference, [folder], { Entrypoint: [`/${name}`], User: '65532:65532' })
  })
  return { reference, file }
}

/** Port 53 needs no capability inside: DNS listens on a high port, and the Service leads there. */
const port = 5353

const corefile = `.:${port} {
  errors
  health :8080
  ready :8181
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    pods insecure
  }
}
`

function objects(): object[] {
  const metadata = { name, namespace: 'kube-system', labels }
  const readRights = [
    { apiGroups: [''], resources: ['services', 'pods', 'namespaces', 'nodes'], verbs: ['list', 'watch'] },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
  ]
  const account = { kind: 'ServiceAccount', name, namespace: 'kube-system' }
  const container = {
    ...{ name, image: reference, imagePullPolicy: 'Never', args: ['-conf', '/etc/coredns/Corefile'] },
    volumeMounts: [{ name: 'config', mountPath: '/etc/coredns' }],
    readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 1 },
  }
  const pod = { serviceAccountName: name, containers: [container], volumes: [{ name: 'config', configMap: { name } }] }
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules: readRights },
    {
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name } },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [account],
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { Corefile: corefile } },
    {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
    },
    {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { ...metadata, name: 'kube-dns' } },
      spec: {
        ...{ selector: labels, clusterIP: dnsServiceAddress, ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' },
        ports: ['UDP', 'TCP'].map(protocol => ({
          name: `dns-${protocol.toLowerCase()}`,
          protocol,
          port: 53,
          targetPort: port,
        })),
      },
    },
  ]
}
