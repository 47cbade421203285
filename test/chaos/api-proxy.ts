import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { inNamespace } from '../../lab/network.ts'
import { apiServerAddress, apiServerPort, serviceCidrs } from '../../lab/topology.ts'
import type { TestLab } from '../support/lab/lab.ts'

/** Which answers are spoilt, and how. */
export interface Spoiling {
  how: 'not' | 'late' | 'cut' | 429 | 500
  /** of all requests, 0 to 1 */
  share: number
  /** of those that are late, in ms */
  lateMs?: number
}

export interface ProxyCounts {
  requests: number
  spoilt: number
}

const proxyPort = 6444
/** The Service "kubernetes" has the first address of its range. */
const kubernetesService = serviceCidrs[0].replace(/\.0\/\d+$/, '.1')
const table = 'herald-chaos-api'

/**
 * A proxy between Herald's Pods and the API server. It presents the API server's own certificate and hands on the Pods' tokens, so that nothing in Herald or its
 * manifests knows of it. Pods reach the API server by the address of the Service "kubernetes"; a rule on each node leads that address here, before
 * kube-proxy's rules, while kubelet and kube-proxy, which know the server's own address, go past.
 */
export class ApiProxy {
  readonly #lab: TestLab
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface

  static async start(lab: TestLab): Promise<ApiProxy> {
    const { topology, folder } = lab.lab
    const program = fileURLToPath(new URL('api-proxy-program.ts', import.meta.url))
    const numbers = [apiServerAddress, proxyPort, apiServerPort].map(String)
    const command = [process.execPath, program, join(folder, 'pki'), ...numbers]
    const child = spawn('nsenter', [...inNamespace(topology.control.namespace).slice(1), ...command], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const proxy = new ApiProxy(lab, child)
    await proxy.#nextCounts()
    const rule = `ip daddr ${kubernetesService} tcp dport 443 dnat ip to ${apiServerAddress}:${proxyPort}`
    const script = [
      `table inet ${table} {`,
      `  chain out { type nat hook output priority -150; ${rule}; }`,
      `  chain pre { type nat hook prerouting priority -150; ${rule}; }`,
      '}',
    ].join('\n')
    for (const node of topology.nodes) {
      await removeRules(lab, node.name)
      await lab.runOn(node.name, ['nft', script])
    }
    return proxy
  }

  private constructor(lab: TestLab, child: ChildProcess) {
    this.#lab = lab
    this.#child = child
    this.#reader = createInterface({ input: child.stdout! })
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  /** Spoils answers from now on, or no longer. @returns the counts of the time before */
  async spoil(spoiling: Spoiling): Promise<ProxyCounts> {
    this.#child.stdin!.write(`${JSON.stringify(spoiling)}\n`)
    return await this.#nextCounts()
  }

  async stop(): Promise<void> {
    for (const { name } of this.#lab.lab.topology.nodes) await removeRules(this.#lab, name)
    this.#child.stdin!.end()
    this.#reader.close()
  }

  async #nextCounts(): Promise<ProxyCounts> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('the proxy before the API server died')
    return JSON.parse(value) as ProxyCounts
  }
}

async function removeRules(lab: TestLab, node: string): Promise<void> {
  await lab.runOn(node, ['nft', `add table inet ${table}; delete table inet ${table}`])
}
