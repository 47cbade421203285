import { inNamespace } from '../../../lab/network.ts'
import { run } from '../../../lab/process.ts'
import { type Capture, startCapture } from './capture.ts'

export interface Fetched {
  ok: boolean
  body: string
  /** curl's own words when it failed, e.g. "Connection timed out after 1001 milliseconds". */
  error: string
}

/** A host outside the cluster, as a test uses it. */
export class LabClient {
  readonly namespace: string

  constructor(namespace: string) {
    this.namespace = namespace
  }

  /**
   * Fetches a page, over a connection of its own. Never rejects.
   * @param url with the bare address, IPv6 in brackets
   * @param options.source one of the client's addresses to come from
   */
  async fetch(url: string, options: { source?: string; timeoutMs?: number } = {}): Promise<Fetched> {
    const source = options.source === undefined ? [] : ['--interface', options.source]
    const limit = ['--max-time', String((options.timeoutMs ?? 2000) / 1000)]
    const command = ['curl', '--silent', '--show-error', '--fail', '--noproxy', '*', ...limit, ...source, url]
    const { code, stdout, stderr } = await run([...inNamespace(this.namespace), ...command], { check: false })
    return { ok: code === 0, body: stdout, error: stderr.trim() }
  }

  /**
   * Asks once by ARP who has an address.
   * @returns the link-layer addresses of all that answered, each once, within the time
   */
  async arping(address: string, options: { timeoutMs?: number } = {}): Promise<string[]> {
    const seconds = String((options.timeoutMs ?? 500) / 1000)
    const command = ['arping', '-r', '-c', '1', '-w', seconds, '-I', 'eth0', address]
    const { stdout } = await run([...inNamespace(this.namespace), ...command], { check: false })
    return [...new Set(stdout.split('\n').filter(line => /^[0-9a-f:]{17}$/.test(line)))]
  }

  /** Forgets what this host has learnt about its neighbours, so that it asks again. */
  async flushNeighbors(): Promise<void> {
    await run([...inNamespace(this.namespace), 'ip', 'neighbor', 'flush', 'all'])
  }

  /** Starts to record the frames on the first card that match a filter of tcpdump's, e.g. "arp". */
  async capture(filter: string): Promise<Capture> {
    return await startCapture(this.namespace, 'eth0', filter)
  }
}
