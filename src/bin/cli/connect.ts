import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { SystemClock } from '../../io/clock.ts'
import { ApiClient } from '../../kubernetes/client.ts'
import { type Credentials, loadCredentials } from '../../kubernetes/credentials.ts'
import { silentLogger } from '../../kubernetes/logger.ts'
import { KubectlReader } from './kubectl-reader.ts'

export interface Connection {
  readonly client: Pick<ApiClient, 'list'>
  /** host and port */
  readonly server: string
  /** of the kubeconfig's context, or the pod's own */
  readonly namespace: string
  close(): void
}

export interface ConnectInit {
  kubeconfig?: string
  context?: string
  env: NodeJS.ProcessEnv
}

/** A person waits, but some API servers are slow with large lists. */
const TIMEOUT_MS = 30_000

/**
 * Connects as kubectl would: by the file named, else ~/.kube/config, else as the pod that this is. What the own client cannot do (several
 * files, another context, programs that log in) is left to kubectl itself.
 *
 * @throws Error when the credentials cannot be used
 */
export async function connect({ kubeconfig, context, env }: ConnectInit): Promise<Connection> {
  if (context || kubeconfig?.includes(delimiter)) return connectByKubectl({ kubeconfig, context, env })
  const clock = new SystemClock()
  let credentials: Credentials
  try {
    credentials = await loadCredentials({ clock }, { kubeconfig: kubeconfig ?? standardFile() })
  } catch (error) {
    if (/ logs in by (exec|auth-provider)/.test((error as Error).message)) return connectByKubectl({ kubeconfig, env })
    throw error
  }
  const client = new ApiClient(
    { credentials, clock, logger: silentLogger },
    { userAgent: 'kubectl-herald', timeoutMs: TIMEOUT_MS },
  )
  const { server, namespace = 'default' } = credentials
  return { client, server: server.host, namespace, close: () => client.close() }
}

async function connectByKubectl(init: ConnectInit): Promise<Connection> {
  const client = new KubectlReader(init)
  return { client, ...(await client.describe()), close: () => {} }
}

function standardFile(): string | undefined {
  const file = join(homedir(), '.kube', 'config')
  return existsSync(file) ? file : undefined
}
