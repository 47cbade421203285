import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { inNamespace, namespaceFile } from '../../lab/network.ts'
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

/**
 * A proxy between Herald's Pods and the API server. It presents the API server's own certificate and hands on the Pods' tokens, so that nothing in Herald or its
 * manifests knows of it. Pods reach the API server by the address of the Service "kubernetes"; a rule on each node leads that address here, before
 * kube-proxy's rules, while kubelet and kube-proxy, which know the server's own address, go past.
 */
export class ApiProxy {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface

  static async start(lab: TestLab): Promise<ApiProxy> {
    const { topology, folder } = lab.lab
    const program = fileURLToPath(new URL('api-proxy-program.ts', import.meta.url))
    const numbers = [apiServerAddress, proxyPort, apiServerPort].map(String)
    const nodes = topology.nodes.map(({ namespace }) => namespaceFile(namespace))
    const command = [process.execPath, program, join(folder, 'pki'), kubernetesService, ...numbers, ...nodes]
    const child = spawn('nsenter', [...inNamespace(topology.control.namespace).slice(1), ...command], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true, // Ctrl-C is the driver's, who ends it
    })
    const proxy = new ApiProxy(child)
    await proxy.#nextCounts()
    return proxy
  }

  private constructor(child: ChildProcess) {
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
    const closed = once(this.#child, 'close')
    this.#child.stdin!.end()
    await closed
    this.#reader.close()
  }

  async #nextCounts(): Promise<ProxyCounts> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('the proxy before the API server died')
    return JSON.parse(value) as ProxyCounts
  }
}
