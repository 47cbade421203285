import { SystemClock } from '../../../src/io/clock.ts'
import { ApiClient } from '../../../src/kubernetes/client.ts'
import { loadCredentials } from '../../../src/kubernetes/credentials.ts'
import { silentLogger } from '../../../src/kubernetes/logger.ts'

/** A client with the rights of a kubeconfig. */
export async function connect(kubeconfig: string): Promise<ApiClient> {
  const clock = new SystemClock()
  const credentials = await loadCredentials({ clock }, { kubeconfig })
  return new ApiClient({ credentials, clock, logger: silentLogger }, { timeoutMs: 60_000 })
}
