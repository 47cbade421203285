import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { SystemClock } from '../../io/clock.ts'
import { ApiClient } from '../../kubernetes/client.ts'
import { loadCredentials } from '../../kubernetes/credentials.ts'
import { silentLogger } from '../../kubernetes/logger.ts'
import { UsageError } from './arguments.ts'

export interface Connection {
  readonly client: ApiClient
  /** host and port */
  readonly server: string
  /** of the kubeconfig's context, or the pod's own */
  readonly namespace: string
}

/** A person waits, but some API servers are slow with large lists. */
const TIMEOUT_MS = 30_000

/**
 * Connects as kubectl would: by the file named, else ~/.kube/config, else as the pod that this is.
 *
 * @throws UsageError for a list of files, Error when the credentials cannot be used
 */
export async function connect(kubeconfig: string | undefined): Promise<Connection> {
  const clock = new SystemClock()
  const credentials = await loadCredentials({ clock }, { kubeconfig: fileOf(kubeconfig) })
  const client = new ApiClient(
    { credentials, clock, logger: silentLogger },
    { userAgent: 'kubectl-herald', timeoutMs: TIMEOUT_MS },
  )
  return { client, server: credentials.server.host, namespace: credentials.namespace ?? 'default' }
}

function fileOf(kubeconfig: string | undefined): string | undefined {
  if (kubeconfig?.includes(':')) {
    throw new UsageError(`several kubeconfig files (${kubeconfig}) are not supported: name one with --kubeconfig`)
  }
  if (kubeconfig) return kubeconfig
  const standard = join(homedir(), '.kube', 'config')
  return existsSync(standard) ? standard : undefined
}
