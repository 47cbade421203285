import type { ChildProcess } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import type { ApiServer } from '../../test/support/api-server.ts'
import { connectByVeth, NetworkNamespace } from '../../test/support/netns.ts'
import { residentMb } from '../figures.ts'
import { buildHerald, chartNodeFlags, HERALD_ENVIRONMENT } from '../herald-bundles.ts'
import { buildMetallb } from '../metallb.ts'
import { relay, TellingRelay } from './api-relay.ts'
import { apply, configuration } from './cluster.ts'
import { Requester } from './requester.ts'

/** Who answers, on a segment of its own: a veth pair between a node and who asks. */
export interface Answerer {
  readonly name: string
  readonly requester: Requester
  close(): Promise<void>
}

/** A speaker as a process. */
export interface Speaker extends Answerer {
  /** resident memory now */
  memoryMb(): number
  /** processor time since its start */
  processorMs(): number
}

const client = { interfaceName: 'uplink', address: '192.0.2.200' }
export const KERNEL_ADDRESS = '192.0.2.1'
// Linux: clock ticks of /proc/PID/stat are hundredths of a second
const TICK_MS = 10

class Segment {
  readonly node: NetworkNamespace
  readonly asker: NetworkNamespace

  constructor(label: string) {
    this.node = new NetworkNamespace(label)
    this.asker = new NetworkNamespace(`${label}-client`)
    const near = { namespace: this.asker, interfaceName: client.interfaceName }
    connectByVeth({ namespace: this.node, interfaceName: 'eth0' }, near)
    this.node.ip(`address add ${KERNEL_ADDRESS}/24 dev eth0`)
    this.asker.ip(`address add ${client.address}/24 dev ${client.interfaceName}`)
  }

  requester(): Promise<Requester> {
    return Requester.make({ namespace: this.asker, ...client })
  }

  remove(): void {
    this.node.remove()
    this.asker.remove()
  }
}

/** The kernel, for an address of its own. */
export async function kernel(): Promise<Answerer> {
  const segment = new Segment('kernel')
  return { name: 'kernel', requester: await segment.requester(), close: async () => segment.remove() }
}

/** Herald's speaker as the image has it, and the way by which it hears of Services. */
export async function herald(api: ApiServer): Promise<Speaker & { relay: TellingRelay }> {
  const name = 'herald'
  const folder = await buildHerald()
  const segment = new Segment(name)
  const way = new TellingRelay(segment.node, api)
  const kubeconfig = `${folder}/kubeconfig.json`
  const cluster = { name, cluster: { server: `http://127.0.0.1:${api.port}` } }
  const context = { name, context: { cluster: name, user: name } }
  const config = { apiVersion: 'v1', kind: 'Config', clusters: [cluster], contexts: [context], 'current-context': name }
  writeFileSync(kubeconfig, JSON.stringify({ ...config, users: [{ name, user: {} }] }))
  await apply(api, [...surroundings(name), ...configuration(name, name), livenessSecret(name)])
  const flags = ['--namespace', name, '--node-name', name, '--pod-name', name, '--kubeconfig', kubeconfig]
  const child = segment.node.spawn(
    process.execPath,
    [
      ...chartNodeFlags('speaker'),
      ...[`${folder}/speaker.js`, ...flags, '--log-level', 'warn', '--port', '0', '--health-probe-host', '127.0.0.1'],
    ],
    { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...HERALD_ENVIRONMENT } },
  )
  const close = async () => {
    await end(child)
    way.close()
    segment.remove()
  }
  return { name: 'Herald', requester: await segment.requester(), relay: way, ...measured(child), close }
}

/** MetalLB's speaker without its list of members: it is alone. Its log costs it time, so it says only errors. */
export async function metallb(api: ApiServer): Promise<Speaker> {
  const name = 'metallb'
  const { speaker } = await buildMetallb()
  const segment = new Segment(name)
  const way = relay(segment.node, api)
  await apply(api, [...surroundings(name), ...configuration(name, name)])
  const flags = ['--namespace', name, '--node-name', name, '--pod-name', name, '--kubeconfig', api.kubeconfigFile]
  const child = segment.node.spawn(speaker, [...flags, '--log-level', 'error', '--host', '127.0.0.1', '--port', '0'], {
    stdio: 'ignore',
  })
  const close = async () => {
    await end(child)
    way.close()
    segment.remove()
  }
  return { name: 'MetalLB', requester: await segment.requester(), ...measured(child), close }
}

/** The key by which Herald's speakers of this namespace know each other. */
export function livenessSecret(namespace: string): object {
  const metadata = { name: 'herald-liveness', namespace }
  return { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { key: 'no secret in a benchmark' } }
}

/** What each speaker finds in the cluster as its own: namespace, pod, node. */
export function surroundings(name: string): object[] {
  const container = { name: 'speaker', image: 'none' }
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } },
    { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { 'kubernetes.io/hostname': name } } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: name },
      spec: {
        nodeName: name,
        serviceAccountName: 'default',
        automountServiceAccountToken: false,
        containers: [container],
      },
    },
  ]
}

function measured(child: ChildProcess): Pick<Speaker, 'memoryMb' | 'processorMs'> {
  const pid = child.pid ?? 0
  return {
    memoryMb: () => residentMb(pid),
    processorMs: () => {
      // proc(5): utime and stime are the 14th and 15th field; the second may hold spaces, in parentheses
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return (Number(fields[11]) + Number(fields[12])) * TICK_MS
    },
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
}
