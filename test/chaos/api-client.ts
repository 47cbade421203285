import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { machineKubeconfig } from '../../lab/api-port.ts'
import type { Lab } from '../../lab/lab.ts'

/** The API server refused. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  object: T
}

interface ObjectList<T> {
  metadata: { resourceVersion: string }
  items: T[]
}

/**
 * The API server as an observer sees it: as the administrator, past Herald's own client and past the proxy that spoils its answers. Requests have
 * a time limit, since the server may be stopped.
 */
export class ObserverApi {
  readonly #server: URL
  readonly #agent: Agent

  constructor(lab: Lab) {
    const config = JSON.parse(readFileSync(machineKubeconfig(lab), 'utf8')) as {
      clusters: [{ cluster: { server: string } }]
    }
    const read = (file: string) => readFileSync(join(lab.folder, 'pki', file))
    this.#server = new URL(config.clusters[0].cluster.server)
    this.#agent = new Agent({
      ...{ ca: read('ca.crt'), cert: read('admin.crt'), key: read('admin.key') },
      ...{ keepAlive: true, maxSockets: 12 },
    })
  }

  /** @throws ApiError when the server answers with an error; another Error when it does not answer */
  async request<T>(
    method: string,
    path: string,
    body?: object,
    options: { timeoutMs?: number; contentType?: string } = {},
  ): Promise<T> {
    const response = await this.#send(method, path, body, options)
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += chunk
    const status = response.statusCode ?? 0
    if (status >= 400) throw new ApiError(status, `${method} ${path}: ${status} ${text.slice(0, 300)}`)
    return JSON.parse(text) as T
  }

  async list<T>(path: string): Promise<T[]> {
    return (await this.request<ObjectList<T>>('GET', path)).items
  }

  /** Deletes an object; one that is gone counts as deleted. */
  async delete(path: string): Promise<void> {
    await this.request('DELETE', path).catch(error => {
      if (!(error instanceof ApiError && error.status === 404)) throw error
    })
  }

  /** Changes fields of an object (RFC 7396). */
  async merge(path: string, patch: object): Promise<void> {
    await this.request('PATCH', path, patch, { contentType: 'application/merge-patch+json' })
  }

  /**
   * Follows a collection until the signal: the whole of it at first and after each interruption, and every change in between.
   * @param heard.all also tells how many there were before a gap in which changes may have been missed
   */
  async follow<T>(
    path: string,
    heard: { all(items: readonly T[]): void; event(event: WatchEvent<T>): void },
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      try {
        const { metadata, items } = await this.request<ObjectList<T>>('GET', path)
        heard.all(items)
        await this.#watch(
          `${path}?watch=true&timeoutSeconds=120&resourceVersion=${metadata.resourceVersion}`,
          heard.event,
          signal,
        )
      } catch {
        // The server is away, by a fault as likely as not.
        await new Promise(resolve => setTimeout(resolve, 200))
      }
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  async #watch<T>(path: string, event: (event: WatchEvent<T>) => void, signal: AbortSignal): Promise<void> {
    const response = await this.#send('GET', path, undefined, { timeoutMs: 0, signal })
    if (response.statusCode !== 200) throw new ApiError(response.statusCode ?? 0, path)
    let rest = ''
    // Iterating over the stream itself, which throws when the connection breaks; readline would wait for ever.
    for await (const chunk of response.setEncoding('utf8')) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()!
      for (const line of lines) {
        const parsed = JSON.parse(line) as WatchEvent<T>
        if (parsed.type === 'ERROR') return // too old a version: the caller lists anew
        event(parsed)
      }
    }
  }

  #send(
    method: string,
    path: string,
    body: object | undefined,
    options: { timeoutMs?: number; contentType?: string; signal?: AbortSignal },
  ): Promise<IncomingMessage> {
    const { timeoutMs = 10_000, contentType = 'application/json', signal } = options
    return new Promise((resolve, reject) => {
      const limits = [...(signal ? [signal] : []), ...(timeoutMs > 0 ? [AbortSignal.timeout(timeoutMs)] : [])]
      const outgoing = httpsRequest(new URL(path, this.#server), {
        ...{ method, agent: this.#agent, signal: AbortSignal.any(limits) },
        headers: { accept: 'application/json', ...(body && { 'content-type': contentType }) },
      })
      outgoing.on('response', resolve).on('error', reject)
      outgoing.end(body && JSON.stringify(body))
    })
  }
}

const collection = (group: string, version: string, plural: string, namespace: string) =>
  `/${group === '' ? 'api' : `apis/${group}`}/${version}/namespaces/${namespace}/${plural}`

/** Paths of the collections that the driver reads and writes. */
export const paths = {
  services: collection('', 'v1', 'services', 'default'),
  allServices: '/api/v1/services',
  pods: collection('', 'v1', 'pods', 'herald-system'),
  configMaps: collection('', 'v1', 'configmaps', 'default'),
  leases: collection('coordination.k8s.io', 'v1', 'leases', 'herald-system'),
  speakerStatuses: collection('herald.io', 'v1alpha1', 'speakerstatuses', 'herald-system'),
  sessionStatuses: collection('herald.io', 'v1alpha1', 'bgpsessionstatuses', 'herald-system'),
  l2Statuses: collection('metallb.io', 'v1beta1', 'servicel2statuses', 'herald-system'),
  bgpStatuses: collection('metallb.io', 'v1beta1', 'servicebgpstatuses', 'herald-system'),
  pools: collection('metallb.io', 'v1beta1', 'ipaddresspools', 'herald-system'),
  l2Advertisements: collection('metallb.io', 'v1beta1', 'l2advertisements', 'herald-system'),
  bgpAdvertisements: collection('metallb.io', 'v1beta1', 'bgpadvertisements', 'herald-system'),
  peers: collection('metallb.io', 'v1beta2', 'bgppeers', 'herald-system'),
  webhooks: '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
} as const
