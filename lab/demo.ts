import { join } from 'node:path'
import { kubectl, kubectlJson } from './kubectl.ts'
import type { Lab } from './lab.ts'
import { inNamespace } from './network.ts'
import { repository } from './paths.ts'
import { run, waitFor } from './process.ts'

interface LoadBalancerService {
  status: { loadBalancer?: { ingress?: { ip?: string }[] } }
}

/**
 * Applies the demo's pool and web server and fetches its page as the outside client through the address that the Service
 * was given.
 */
export async function runDemo(lab: Lab): Promise<{ address: string; page: string }> {
  await kubectl(lab, [
    'apply',
    '--filename',
    join(repository, 'lab/demo/pool.yaml'),
    '--filename',
    join(repository, 'lab/demo/web.yaml'),
  ])
  await kubectl(lab, ['rollout', 'status', 'deployment/web', '--timeout=90s'])
  const address = await waitFor(
    async () =>
      (await kubectlJson<LoadBalancerService>(lab, ['get', 'service', 'web'])).status.loadBalancer?.ingress?.[0]?.ip,
    { what: 'the Service "web" to get an address ("npm run lab -- logs controller" says why not)', timeoutMs: 30_000 },
  )
  const url = `http://${address.includes(':') ? `[${address}]` : address}/`
  const page = await waitFor(async () => (await fetchAsClient(lab, url)).trim(), {
    what: `the client to get ${url} ("npm run lab -- logs speaker" says who announces it)`,
    timeoutMs: 30_000,
  })
  return { address, page }
}

async function fetchAsClient(lab: Lab, url: string): Promise<string> {
  const command = [
    ...inNamespace(lab.topology.client.namespace),
    'curl',
    '--silent',
    '--show-error',
    '--fail',
    '--max-time',
    '2',
    url,
  ]
  return (await run(command)).stdout
}
