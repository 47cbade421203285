import { heal } from './faults.ts'
import { isFullRun } from './full-run.ts'
import { ensureLab, type TestLab, waitFor } from './lab.ts'
import { type LoadBalancerService, loadBalancer, pool, webServer } from './manifests.ts'

/** A lab with dual-stack Services, whose addresses every node may announce on segment A. */
export interface Layer2Lab {
  readonly lab: TestLab
  /** all addresses of the Services, IPv4 and IPv6 */
  readonly addresses: readonly string[]
  /** the addresses of the first Services, which a page loop can fetch from all at once */
  readonly visited: readonly string[]
}

/** With the names of the nodes that are preferred. */
export function advertisement(preferred: readonly string[] = []): object {
  return {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'L2Advertisement',
    metadata: { name: 'segment-a', namespace: 'herald-system' },
    spec: {
      preferredNodeSelectors: preferred.map(node => ({
        weight: 10,
        preference: { matchLabels: { 'kubernetes.io/hostname': node } },
      })),
    },
  }
}

let shared: Promise<Layer2Lab> | undefined

/** The lab of all layer 2 tests of one run: made at the first call. */
export function layer2Lab({ services = isFullRun() ? 100 : 12 } = {}): Promise<Layer2Lab> {
  shared ??= prepareLayer2Lab(services)
  return shared
}

/** The same for a test that takes Herald off the lab: whoever comes next makes it anew. */
export async function prepareLayer2Lab(count: number): Promise<Layer2Lab> {
  const lab = await ensureLab({ nodes: 3, name: process.env.HERALD_TEST_LAB })
  await heal(
    lab,
    lab.lab.topology.nodes.map(({ name }) => name),
  )
  const services = Array.from({ length: count }, (_, i) => `dual-${i}`)
  await lab.apply(
    ...webServer(),
    pool('main', ['192.0.2.100-192.0.2.199', '2001:db8:a::100-2001:db8:a::1ff']),
    pool('spare', ['192.0.2.60-192.0.2.69', '2001:db8:a::500-2001:db8:a::50f'], { autoAssign: false }),
    advertisement(),
    ...services.map(name => loadBalancer(name, { ipFamilyPolicy: 'RequireDualStack' })),
  )
  await lab.kubectl(['rollout', 'status', 'deployment/web', '--timeout=90s'])
  const addresses = await waitFor(
    async () => {
      const found = await lab.list<LoadBalancerService>('services', { namespace: 'default', selector: 'made=by-test' })
      const all = found.flatMap(({ status }) => status.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? [])
      return all.length === 2 * services.length && all
    },
    { what: 'every Service to have two addresses', timeoutMs: 20_000 },
  )
  // kube-proxy may need a moment for the last of them.
  await waitFor(
    async () =>
      (await lab.client.fetch(urlOf(addresses.findLast(address => !address.includes(':'))!), { timeoutMs: 500 })).ok,
    {
      what: 'the client to get a page',
      timeoutMs: 20_000,
    },
  )
  return { lab, addresses, visited: addresses.slice(0, 8) }
}

const urlOf = (address: string) => `http://${address.includes(':') ? `[${address}]` : address}/`
