import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openApiPort } from './api-port.ts'
import { apiServerCommand, controllerManagerCommand, etcdCommand, schedulerCommand } from './control-plane.ts'
import { daemon, daemonLog, daemonNames, isRunning, startDaemon, stopDaemon } from './daemons.ts'
import { importImages } from './images.ts'
import { kubectl, kubectlJson } from './kubectl.ts'
import { type Lab, saveLab } from './lab.ts'
import { createNetwork, inNamespace } from './network.ts'
import { startContainerd, startKubelet } from './node.ts'
import { Pki } from './pki.ts'
import { waitFor } from './process.ts'
import { startRouter } from './router.ts'
import {
  apiServerAddress,
  apiServerAddresses,
  apiServerPort,
  kubernetesServiceAddresses,
  primaryFirst,
  serviceCidrs,
} from './topology.ts'

const apiServerUrl = `https://${apiServerAddress}:${apiServerPort}`

/**
 * Starts a cluster on a machine that has nothing of this lab, and waits until every node is Ready.
 * @param archives images that every node shall have, as files
 */
export async function startCluster(lab: Lab, archives: readonly string[]): Promise<void> {
  await saveLab(lab, false, [])
  const pki = new Pki(join(lab.folder, 'pki'))
  await Promise.all([createNetwork(lab.topology), createKeys(lab, pki)])
  const controlPlane = startControlPlane(lab, pki)
  await Promise.all([
    controlPlane,
    openApiPort(lab, pki),
    startRouter(lab),
    ...lab.topology.nodes.map(async node => {
      await startContainerd(lab, node)
      await importImages(lab, node, archives)
      await controlPlane // a kubelet that is refused tries again only after a while
      await startKubelet(lab, node, pki)
    }),
  ])
  await waitForNodes(lab)
  await saveLab(lab, true, archives)
}

/** Whether all processes that the lab started are alive and its API server answers. */
export async function isHealthy(lab: Lab): Promise<boolean> {
  const names = daemonNames(lab)
  if (names.length === 0 || names.some(name => !isRunning(daemon(lab, name)))) return false
  return (await kubectl(lab, ['get', '--raw', '/readyz'], { check: false, timeoutMs: 10_000 })).code === 0
}

/** Stops the API server alone; etcd and everything that talks to it go on. */
export async function stopApiServer(lab: Lab): Promise<void> {
  await stopDaemon(lab, 'kube-apiserver')
}

/** Starts the API server again with the same keys and data, and waits until it is ready. */
export async function startApiServer(lab: Lab): Promise<void> {
  startDaemon(lab, 'kube-apiserver')
  await waitForApiServer(lab)
}

async function createKeys(lab: Lab, pki: Pki): Promise<void> {
  await pki.createAuthority(`${lab.config.name}-lab-ca`)
  const user = async (name: string, commonName: string, groups: string[] = []) => {
    const certificate = await pki.issue({ name, commonName, groups })
    await pki.writeKubeconfig({ file: join(lab.folder, `${name}.kubeconfig`), server: apiServerUrl, certificate })
  }
  await Promise.all([
    pki.issue({
      name: 'kube-apiserver',
      commonName: 'kube-apiserver',
      dnsNames: [
        'localhost',
        'kubernetes',
        'kubernetes.default',
        'kubernetes.default.svc',
        'kubernetes.default.svc.cluster.local',
      ],
      addresses: ['127.0.0.1', ...apiServerAddresses, ...kubernetesServiceAddresses],
    }),
    pki.issue({ name: 'kube-apiserver-kubelet-client', commonName: 'kube-apiserver', groups: ['system:masters'] }),
    pki.createKeyPair('service-accounts'),
    user('admin', 'admin', ['system:masters']),
    user('kube-controller-manager', 'system:kube-controller-manager'),
    user('kube-scheduler', 'system:kube-scheduler'),
    user('kube-proxy', 'system:kube-proxy', ['system:node-proxier']),
    ...lab.topology.nodes.map(async node => {
      const name = `kubelet-${node.name}`
      const addresses = [...node.addresses]
      const certificate = await pki.issue({
        name,
        commonName: `system:node:${node.name}`,
        groups: ['system:nodes'],
        dnsNames: [node.name],
        addresses,
      })
      await pki.writeKubeconfig({ file: join(lab.folder, `${name}.kubeconfig`), server: apiServerUrl, certificate })
    }),
  ])
}

async function startControlPlane(lab: Lab, pki: Pki): Promise<void> {
  const { kubernetes } = lab
  const primaryFamily = lab.config.nodeFamilies[0]!
  const enter = inNamespace(lab.topology.control.namespace)
  const dataDir = join(lab.folder, 'etcd')
  await mkdir(dataDir, { mode: 0o700 })
  startDaemon(lab, 'etcd', [...enter, ...etcdCommand({ kubernetes, dataDir, clientPort: 2379, peerPort: 2380 })])
  const serviceAccounts = {
    privateFile: join(pki.folder, 'service-accounts.key'),
    publicFile: join(pki.folder, 'service-accounts.pub'),
  }
  startDaemon(lab, 'kube-apiserver', [
    ...enter,
    ...apiServerCommand({
      ...{ kubernetes, pki, serviceCidrs: primaryFirst(primaryFamily, serviceCidrs) },
      servingCertificate: pki.certificate('kube-apiserver'),
      kubeletClientCertificate: pki.certificate('kube-apiserver-kubelet-client'),
      serviceAccountKeys: serviceAccounts,
      etcdUrl: 'http://127.0.0.1:2379',
      bindAddress: '::', // IPv4 too
      port: apiServerPort,
      // Of the first family of Services, because it stands behind one.
      advertiseAddress: primaryFirst(primaryFamily, apiServerAddresses)[0],
    }),
  ])
  await waitForApiServer(lab)
  const controllerManager = { kubernetes, pki, kubeconfig: join(lab.folder, 'kube-controller-manager.kubeconfig') }
  startDaemon(lab, 'kube-controller-manager', [
    ...enter,
    ...controllerManagerCommand({ ...controllerManager, serviceAccountKeyFile: serviceAccounts.privateFile }),
  ])
  startDaemon(lab, 'kube-scheduler', [
    ...enter,
    ...schedulerCommand({ kubernetes, kubeconfig: join(lab.folder, 'kube-scheduler.kubeconfig') }),
  ])
}

async function waitForApiServer(lab: Lab): Promise<void> {
  await waitFor(
    async () => {
      if (!isRunning(daemon(lab, 'kube-apiserver'))) return 'ended'
      return (await kubectl(lab, ['get', '--raw', '/readyz'], { check: false, timeoutMs: 5000 })).code === 0 && 'ready'
    },
    {
      what: `kube-apiserver to be ready (its log: ${daemonLog(lab, 'kube-apiserver')})`,
      timeoutMs: 90_000,
      everyMs: 100,
    },
  ).then(outcome => {
    if (outcome === 'ended') throw new Error(`kube-apiserver ended: see ${daemonLog(lab, 'kube-apiserver')}`)
  })
}

interface NodeList {
  items: {
    metadata: { name: string }
    spec: { taints?: unknown[] }
    status: { conditions?: { type: string; status: string; message: string }[] }
  }[]
}

async function waitForNodes(lab: Lab): Promise<void> {
  await waitFor(
    async () => {
      const { items } = await kubectlJson<NodeList>(lab, ['get', 'nodes'])
      const unready = lab.topology.nodes.map(({ name }) => {
        const node = items.find(item => item.metadata.name === name)
        const ready = node?.status.conditions?.find(condition => condition.type === 'Ready')
        if (ready?.status === 'True' && (node?.spec.taints ?? []).length === 0) return ''
        return `${name}: ${ready?.message ?? 'not registered yet'}`
      })
      const reasons = unready.filter(reason => reason !== '')
      if (reasons.length > 0) throw new Error(reasons.join('; '))
      return true
    },
    { what: `all nodes to be Ready (logs: ${lab.logFolder})`, timeoutMs: 120_000, everyMs: 200 },
  )
}
