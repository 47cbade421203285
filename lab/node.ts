import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type Daemon, startDaemon } from './daemons.ts'
import type { Lab } from './lab.ts'
import { inNamespace } from './network.ts'
import type { Pki } from './pki.ts'
import { writePodNetwork } from './pod-network.ts'
import { waitFor } from './process.ts'
import { clusterCidrs, dnsServiceAddress, type NodeHost, ofFamilies, primaryFirst } from './topology.ts'

/** Reference of the sandbox image that containerd is told to use. */
export const pauseImage = 'herald.lab/pause:1'

/** Folders that programs expect at fixed places. Every node sees its own there. */
export const privateFolders = ['/run/containerd', '/var/lib/cni', '/var/lib/kubelet', '/var/log/containers'] as const

export const containerdSocket = (lab: Lab, node: NodeHost) => join(nodeFolder(lab, node), 'containerd.sock')

const nodeFolder = (lab: Lab, node: NodeHost) => join(lab.folder, 'nodes', node.name)

/** Name of the control group that holds all of a node's Pods. */
export const nodeCgroup = (lab: Lab, node: NodeHost) => `${lab.config.name}-lab-${node.name}`

/**
 * Starts the part of a node that needs no API server, and waits until containerd takes images.
 *
 * A node has a mount namespace of its own beside its network namespace. What containerd and kubelet mount is seen there
 * alone and vanishes with the last process, however it ends.
 */
export async function startContainerd(lab: Lab, node: NodeHost): Promise<void> {
  const folder = nodeFolder(lab, node)
  await mkdir(join(folder, 'kubelet'), { recursive: true })
  await chmod(folder, 0o711) // processes of Pods that are not root pass through on the way to their volumes
  await writePodNetwork(join(folder, 'cni'), node)
  await writeFile(join(folder, 'containerd.toml'), containerdConfig(lab, node))
  await writeFile(join(folder, 'resolv.conf'), `nameserver ${dnsServiceAddress}\n`)

  const ready = join(folder, 'ready')
  const holder = startDaemon(lab, node.name, [
    ...inNamespace(node.namespace),
    ...['unshare', '--mount', '--uts', '--propagation', 'private', 'sh', '-ec', holderScript(lab, node, ready)],
  ])
  await waitFor(() => existsSync(ready), { what: `${node.name}'s mount namespace`, timeoutMs: 60_000, everyMs: 10 })
  startDaemon(lab, `containerd-${node.name}`, [
    ...onNode(holder, node),
    ...['containerd', '--config', join(folder, 'containerd.toml')],
  ])
  const socket = containerdSocket(lab, node)
  await waitFor(() => answers(socket), { what: `containerd of ${node.name}`, timeoutMs: 60_000, everyMs: 25 })
}

/** Starts kubelet and kube-proxy. The API server must have been given its keys; it need not answer yet. */
export async function startKubelet(lab: Lab, node: NodeHost, pki: Pki): Promise<void> {
  const folder = nodeFolder(lab, node)
  const holder = { pid: Number(await readFile(join(folder, 'ready'), 'utf8')) }
  const enter = onNode(holder, node)
  await writeFile(join(folder, 'kubelet.yaml'), JSON.stringify(kubeletConfig(lab, node, pki), null, 2))
  await writeFile(join(folder, 'kube-proxy.yaml'), JSON.stringify(proxyConfig(lab, node), null, 2))
  startDaemon(lab, `kubelet-${node.name}`, [
    ...enter,
    lab.kubernetes,
    'kubelet',
    `--config=${join(folder, 'kubelet.yaml')}`,
    `--kubeconfig=${join(lab.folder, `kubelet-${node.name}.kubeconfig`)}`,
    `--hostname-override=${node.name}`,
    `--node-ip=${ofFamilies(lab.config.nodeFamilies, node.addresses).join(',')}`,
    `--cert-dir=${join(folder, 'kubelet-pki')}`,
  ])
  startDaemon(lab, `kube-proxy-${node.name}`, [
    ...enter,
    lab.kubernetes,
    'kube-proxy',
    `--config=${join(folder, 'kube-proxy.yaml')}`,
  ])
}

/**
 * Shell commands that make a node: its name, its private folders, its control groups. containerd puts its groups at the
 * top of each hierarchy; a cgroup namespace makes a group of the node's own the top, where `down` finds all of them.
 * Daemons sit in a group below it, because in version 2 a group that has groups may have no processes.
 *
 * A node is a machine of its own: each thread of the control plane, or of a test, would else count as much as all of a node.
 */
function holderScript(lab: Lab, node: NodeHost, ready: string): string {
  const binds: Record<string, string | undefined> = { '/var/lib/kubelet': join(nodeFolder(lab, node), 'kubelet') }
  const eachHierarchy = (commands: string[]) => [
    'mounts=$(cat /proc/self/mounts)', // read whole first: the loop adds to it
    'while read -r _ path type _; do',
    'case $path:$type in /sys/fs/cgroup*:cgroup|/sys/fs/cgroup*:cgroup2) ;; *) continue ;; esac',
    ...commands,
    'done <<END',
    '$mounts',
    'END',
  ]
  const makeGroup = (name: string) => [
    `group=$path/${name}`,
    'mkdir -p "$group"',
    // A new cpuset of version 1 has no processors and takes no process until it is given some.
    'for file in cpuset.cpus cpuset.mems; do',
    'if [ "$type" = cgroup ] && [ -e "$path/$file" ]; then cat "$path/$file" > "$group/$file"; fi',
    'done',
  ]
  const inside = [
    ...eachHierarchy([...makeGroup('daemons'), 'echo $$ > "$group/cgroup.procs"']),
    'mount --make-rshared /', // Pods with mountPropagation
    `echo $$ > ${ready}.new`,
    `mv ${ready}.new ${ready}`,
    'exec sleep infinity',
  ]
  return [
    `echo ${node.name} > /proc/sys/kernel/hostname`,
    ...privateFolders.map(path => {
      const source = binds[path]
      return `mkdir -p ${path}\n${source === undefined ? `mount -t tmpfs tmpfs ${path}` : `mount --bind ${source} ${path}`}`
    }),
    ...eachHierarchy([
      // As kubelet does on any node; version 1 has no such file.
      'for controller in cpu cpuset io memory pids; do',
      '[ "$type" = cgroup ] || echo +$controller > "$path/cgroup.subtree_control" || true',
      'done',
      ...makeGroup(nodeCgroup(lab, node)),
      'if [ -e "$group/cpu.shares" ]; then echo 8192 > "$group/cpu.shares"; fi',
      'if [ -e "$group/cpu.weight" ]; then echo 800 > "$group/cpu.weight"; fi',
      'echo $$ > "$group/cgroup.procs"',
      'mount --bind "$group" "$path"',
    ]),
    `exec unshare --cgroup sh -ec '${inside.join('\n')}'`,
  ].join('\n')
}

/** Prefix of a command that shall run as if on the node. */
function onNode(holder: Pick<Daemon, 'pid'>, node: NodeHost): string[] {
  const join =
    'for file in /sys/fs/cgroup/daemons/cgroup.procs /sys/fs/cgroup/*/daemons/cgroup.procs; do [ ! -e $file ] || echo $$ > $file; done'
  const enter = [
    'nsenter',
    `--target=${holder.pid}`,
    '--mount',
    '--uts',
    '--cgroup',
    ...inNamespace(node.namespace).slice(1),
  ]
  return [...enter, 'sh', '-ec', `${join}; exec "$@"`, 'sh']
}

function containerdConfig(lab: Lab, node: NodeHost): string {
  const folder = nodeFolder(lab, node)
  const cri = 'plugins."io.containerd.grpc.v1.cri"'
  return `version = 2
root = "${folder}/containerd"
state = "/run/containerd/state"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]

[grpc]
  address = "${containerdSocket(lab, node)}"

[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/opt"

[${cri}]
  sandbox_image = "${pauseImage}"
  # Where the machine grants no CAP_SYS_RESOURCE, runc cannot lower the score that Kubernetes asks for.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true

[${cri}.cni]
  bin_dir = "${folder}/cni/bin"
  conf_dir = "${folder}/cni/conf"

[${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
`
}

function kubeletConfig(lab: Lab, node: NodeHost, pki: Pki): object {
  const certificate = pki.certificate(`kubelet-${node.name}`)
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${containerdSocket(lab, node)}`,
    authentication: { x509: { clientCAFile: pki.caFile }, webhook: { enabled: true }, anonymous: { enabled: false } },
    authorization: { mode: 'Webhook' },
    tlsCertFile: certificate.certFile,
    tlsPrivateKeyFile: certificate.keyFile,
    clusterDomain: 'cluster.local',
    clusterDNS: [dnsServiceAddress],
    resolvConf: join(nodeFolder(lab, node), 'resolv.conf'),
    podLogsDir: join(lab.logFolder, 'pods', node.name),
    // The machine may have either version of control groups, and no systemd.
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    localStorageCapacityIsolation: false,
    failSwapOn: false,
    oomScoreAdj: 0,
    makeIPTablesUtilChains: false,
    // The disk is the machine's, and how full it is no business of the lab's Pods.
    evictionHard: {
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'imagefs.available': '0%',
      'imagefs.inodesFree': '0%',
    },
    imageGCHighThresholdPercent: 100,
    syncFrequency: '10s', // new contents of Secret volumes arrive within seconds
    nodeStatusUpdateFrequency: '5s',
    serializeImagePulls: false,
    shutdownGracePeriod: '0s',
    maxPods: 110,
  }
}

function proxyConfig(lab: Lab, node: NodeHost): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    hostnameOverride: node.name,
    clientConnection: { kubeconfig: join(lab.folder, 'kube-proxy.kubeconfig') },
    clusterCIDR: primaryFirst(lab.config.nodeFamilies[0]!, clusterCidrs).join(','),
    detectLocalMode: 'ClusterCIDR',
    conntrack: { maxPerCore: 0 }, // a limit for the whole machine, which is not the lab's to set
    oomScoreAdj: 0,
    metricsBindAddress: '127.0.0.1:10249',
  }
}

function answers(socket: string): Promise<boolean> {
  return new Promise(resolve => {
    const connection = connect(socket)
    connection.on('connect', () => {
      connection.destroy()
      resolve(true)
    })
    connection.on('error', () => resolve(false))
  })
}
