import { machineKubeconfig } from '../../../lab/api-port.ts'
import { startApiServer, stopApiServer } from '../../../lab/cluster.ts'
import { daemonLog, signalDaemon } from '../../../lab/daemons.ts'
import { namespacePattern } from '../../../lab/down.ts'
import { heraldNamespace } from '../../../lab/herald.ts'
import { kubectl } from '../../../lab/kubectl.ts'
import type { Lab } from '../../../lab/lab.ts'
import { lockLab } from '../../../lab/lock.ts'
import { namespaceFile } from '../../../lab/network.ts'
import { nodeCgroup } from '../../../lab/node.ts'
import { type RunResult, run, waitFor } from '../../../lab/process.ts'
import { findProcesses } from '../../../lab/processes.ts'
import { up } from '../../../lab/up.ts'
import { LabClient } from './client.ts'

export { waitFor } from '../../../lab/process.ts'

/** What a Kubernetes object always has; tests name the rest in a type of their own. */
export interface KubernetesObject {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; [field: string]: unknown }
  [field: string]: unknown
}

export type HeraldComponent = 'controller' | 'speaker'

/** A running lab with Herald on it, as an end-to-end test uses it. */
export class TestLab {
  readonly lab: Lab
  /** On the nodes' segment: 192.0.2.201 and .202, 2001:db8:a::201 and ::202. */
  readonly client: LabClient
  /** Behind the router: 203.0.113.201 and .202. */
  readonly outside: LabClient

  /** Administrator's kubeconfig for programs that run where the tests do. */
  readonly kubeconfigFile: string

  constructor(lab: Lab) {
    this.lab = lab
    this.kubeconfigFile = machineKubeconfig(lab)
    this.client = new LabClient(lab.topology.client.namespace)
    this.outside = new LabClient(lab.topology.outside.namespace)
  }

  /** kubectl as administrator; rejects when it fails, unless `check` is false. */
  async kubectl(args: readonly string[], options: { input?: string; check?: boolean } = {}): Promise<RunResult> {
    return await kubectl(this.lab, args, options)
  }

  /** `kubectl apply` of all objects at once. */
  async apply(...objects: readonly object[]): Promise<void> {
    await this.kubectl(['apply', '--filename=-'], { input: listOf(objects) })
  }

  /** Deletes objects and waits until they are gone; those that do not exist count as gone. */
  async remove(...objects: readonly object[]): Promise<void> {
    await this.kubectl(['delete', '--ignore-not-found', '--filename=-'], { input: listOf(objects) })
  }

  /** @returns undefined when there is no such object */
  async get<T = KubernetesObject>(kind: string, name: string, namespace = 'default'): Promise<T | undefined> {
    const { stdout } = await this.kubectl([
      'get',
      kind,
      name,
      `--namespace=${namespace}`,
      '--ignore-not-found',
      '--output=json',
    ])
    return stdout === '' ? undefined : (JSON.parse(stdout) as T)
  }

  /** @param options.namespace all of them when left out */
  async list<T = KubernetesObject>(
    kind: string,
    options: { namespace?: string; selector?: string } = {},
  ): Promise<T[]> {
    const scope = options.namespace === undefined ? '--all-namespaces' : `--namespace=${options.namespace}`
    const selector = options.selector === undefined ? [] : [`--selector=${options.selector}`]
    const { stdout } = await this.kubectl(['get', kind, scope, ...selector, '--output=json'])
    return (JSON.parse(stdout) as { items: T[] }).items
  }

  /** Address of a LoadBalancer Service as soon as it has one. */
  async addressOf(service: string, options: { namespace?: string; timeoutMs?: number } = {}): Promise<string> {
    type Service = { status: { loadBalancer?: { ingress?: { ip?: string }[] } } }
    return await waitFor(
      async () =>
        (await this.get<Service>('service', service, options.namespace))?.status.loadBalancer?.ingress?.[0]?.ip,
      { what: `the Service ${service} to have an address`, timeoutMs: options.timeoutMs ?? 10_000, everyMs: 50 },
    )
  }

  /** Does something while nobody is asked for admission, as when the webhook cannot be reached and may be ignored. */
  async withoutWebhook<T>(work: () => Promise<T>): Promise<T> {
    const kind = 'validatingwebhookconfiguration'
    const webhook = await this.get(kind, 'herald-webhook')
    await this.kubectl(['delete', kind, 'herald-webhook', '--ignore-not-found'])
    try {
      return await work()
    } finally {
      if (webhook) {
        const { resourceVersion: _, uid: __, ...metadata } = webhook.metadata
        await this.kubectl(['create', '--filename=-'], { input: JSON.stringify({ ...webhook, metadata }) })
      }
    }
  }

  /** Names of Herald's Pods of one kind, by node. */
  async heraldPods(component: HeraldComponent): Promise<{ name: string; node: string }[]> {
    type Pod = { metadata: { name: string }; spec: { nodeName: string } }
    const selector = `app.kubernetes.io/component=${component}`
    const pods = await this.list<Pod>('pods', { namespace: heraldNamespace, selector })
    return pods.map(pod => ({ name: pod.metadata.name, node: pod.spec.nodeName }))
  }

  /** Deletes all Pods of one kind at once, without grace, and waits until their successors are ready. */
  async replaceHerald(component: HeraldComponent, { timeoutSeconds = 60 } = {}): Promise<void> {
    const scope = [`--namespace=${heraldNamespace}`]
    const selector = `--selector=app.kubernetes.io/component=${component}`
    await this.kubectl(['delete', 'pods', ...scope, selector, '--force', '--grace-period=0'])
    const workload = component === 'controller' ? 'deployment/herald-controller' : 'daemonset/herald-speaker'
    await this.kubectl(['rollout', 'status', workload, ...scope, `--timeout=${timeoutSeconds}s`])
  }

  /** Process IDs of one component, as this machine sees them; with `node` only that on this node. */
  heraldProcesses(component: HeraldComponent, node?: string): number[] {
    const nodes = this.lab.topology.nodes.filter(({ name }) => node === undefined || name === node)
    const groups = new RegExp(`^(${nodes.map(each => nodeCgroup(this.lab, each)).join('|')})$`)
    return findProcesses('', [], groups)
      .filter(({ command }) => command.includes(`/${component}.js`))
      .map(({ pid }) => pid)
  }

  /**
   * Sends a signal to Herald's processes themselves, past Kubernetes: SIGKILL is a crash, SIGSTOP a hang.
   * @param node only the process on this node
   * @returns how many processes there were
   */
  signalHerald(component: HeraldComponent, signal: NodeJS.Signals, node?: string): number {
    const pids = this.heraldProcesses(component, node)
    for (const pid of pids) process.kill(pid, signal)
    return pids.length
  }

  /** Everything that Herald's Pods have logged, those before a container's restart too, by Pod. */
  async heraldLogs(): Promise<Record<string, string>> {
    const pods = [...(await this.heraldPods('controller')), ...(await this.heraldPods('speaker'))]
    const logs = async (pod: string) => {
      const read = (...more: string[]) =>
        this.kubectl(['logs', pod, `--namespace=${heraldNamespace}`, '--tail=-1', ...more], { check: false })
      const [before, now] = [await read('--previous'), await read()]
      return (before.code === 0 ? before.stdout : '') + now.stdout
    }
    return Object.fromEntries(await Promise.all(pods.map(async ({ name }) => [name, await logs(name)] as const)))
  }

  /** The API server alone; etcd, nodes and Herald go on. */
  async stopApiServer(): Promise<void> {
    await stopApiServer(this.lab)
  }

  async startApiServer(): Promise<void> {
    await startApiServer(this.lab)
  }

  /** Sends a signal to a process of the lab, e.g. "kubelet-node1". */
  signalDaemon(name: string, signal: NodeJS.Signals): void {
    signalDaemon(this.lab, name, signal)
  }

  daemonLog(name: string): string {
    return daemonLog(this.lab, name)
  }

  /** Pulls a node's cable out of the switch, or puts it back: the node's own card loses its carrier. */
  async setCable(node: string, card: string, state: 'up' | 'down'): Promise<void> {
    await run(['ip', '-n', this.lab.topology.switchNamespace, 'link', 'set', `${node}-${card}`, state])
  }

  /** Runs a command in the network namespace of a host of the lab, e.g. "node1", "router". */
  async runOn(host: string, command: readonly string[], options: { check?: boolean } = {}): Promise<RunResult> {
    const namespace = `${this.lab.config.name}-${host}`
    if (!namespacePattern(this.lab.config.name).test(namespace)) throw new Error(`the lab has no host ${host}`)
    return await run(['nsenter', `--net=${namespaceFile(namespace)}`, '--', ...command], options)
  }
}

/**
 * The lab that end-to-end tests run in: the one that is up, brought up to date with the sources, or a new one. Herald is
 * installed; there is no pool and no Service but what tests make.
 */
export async function ensureLab(options: { name?: string; nodes?: number; fresh?: boolean } = {}): Promise<TestLab> {
  const name = options.name ?? 'herald'
  const unlock = lockLab(name)
  try {
    const { lab } = await up({ name, nodes: options.nodes, fresh: options.fresh, herald: true, demo: false })
    const testLab = new TestLab(lab)
    // The Service "kubernetes" is the API server's own.
    await testLab.kubectl(['delete', 'deployments,services', '--selector=provider!=kubernetes', '--namespace=default'])
    const kinds = 'ipaddresspools,l2advertisements,bgpadvertisements,bgppeers,bfdprofiles,communities'
    await testLab.kubectl(['delete', kinds, '--all', `--namespace=${heraldNamespace}`])
    return testLab
  } finally {
    unlock()
  }
}

function listOf(objects: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
}
