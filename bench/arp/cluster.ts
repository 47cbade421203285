import { SystemClock } from '../../src/io/clock.ts'
import { formatAddress, parseAddress } from '../../src/ip/address.ts'
import { ApiClient } from '../../src/kubernetes/client.ts'
import { loadCredentials } from '../../src/kubernetes/credentials.ts'
import { silentLogger } from '../../src/kubernetes/logger.ts'
import { endpointSlices, services } from '../../src/kubernetes/resources.ts'
import type { ApiServer } from '../../test/support/api-server.ts'
import { definitions } from '../contenders.ts'
import { buildMetallb } from '../metallb.ts'
import type { Targets } from './requester.ts'

const CLIENTS = 8
/** the addresses that are asked for */
export const TARGETS: Targets = { first: '198.51.100.1', count: 200 }
// There are not enough IPv4 addresses for documentation: the rest are IPv6.
const IPV4_RANGES = ['198.51.100.1-198.51.100.254', '203.0.113.1-203.0.113.254']
const IPV6_RANGE = '2001:db8:b::/112'

/** Defines the custom resources of Herald, and those that MetalLB has besides. */
export async function defineKinds(api: ApiServer, { metallbToo }: { metallbToo: boolean }): Promise<void> {
  const ours = definitions('charts/herald/templates/crds/*.yaml') as { metadata: { name: string } }[]
  const names = new Set(ours.map(({ metadata }) => metadata.name))
  const theirs: object[] = []
  if (metallbToo) {
    const { crds } = await buildMetallb()
    // Where both define a kind, Herald's definition serves both.
    for (const definition of definitions(`${crds}/*.yaml`) as { metadata: { name: string } }[]) {
      if (!names.has(definition.metadata.name)) theirs.push(definition)
    }
  }
  await apply(api, [...ours, ...theirs])
  await api.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s'])
}

/** Creates a Service for each address, as a controller leaves it, with an endpoint that is ready. */
export async function createServices(api: ApiServer, addresses: readonly string[]): Promise<void> {
  const clock = new SystemClock()
  const credentials = await loadCredentials({ clock }, { kubeconfig: api.kubeconfigFile })
  const client = new ApiClient({ credentials, clock, logger: silentLogger })
  const turns = addresses.entries()
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      for (const [i, ip] of turns) {
        const name = `service-${i}`
        const family = ip.includes(':') ? 'IPv6' : 'IPv4'
        await client.create(services, service(name, family))
        await client.create(endpointSlices, endpointSlice(name, family))
        const status = { loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] } }
        const target = { namespace: 'default', name, subresource: 'status' } as const
        await client.patch(services, target, { status }, { kind: 'merge' })
      }
    }),
  )
  client.close()
}

/** The pool and its advertisement, from one node alone. */
export function configuration(namespace: string, node: string): object[] {
  const metadata = { name: 'bench', namespace }
  const nodeSelectors = [{ matchLabels: { 'kubernetes.io/hostname': node } }]
  return [
    {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'IPAddressPool',
      metadata,
      spec: { addresses: [...IPV4_RANGES, IPV6_RANGE] },
    },
    { apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement', metadata, spec: { nodeSelectors } },
  ]
}

export async function apply(api: ApiServer, items: readonly object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const { code, stderr } = await api.kubectl(['apply', '-f', '-'], list)
  if (code !== 0) throw new Error(stderr)
}

/** Addresses for so many Services, out of the ranges of the pool. */
export function addresses(count: number): string[] {
  const all: string[] = []
  for (const range of IPV4_RANGES) {
    const [first = '', last = ''] = range.split('-')
    for (let value = numberOf(first); value <= numberOf(last); value++) all.push(formatAddress({ family: 4, value }))
  }
  for (let i = 1; all.length < count; i++) all.push(`2001:db8:b::${i.toString(16)}`)
  return all.slice(0, count)
}

function numberOf(text: string): number {
  return Number(parseAddress(text)?.value)
}

function service(name: string, family: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: {
      type: 'LoadBalancer',
      ipFamilyPolicy: 'SingleStack',
      ipFamilies: [family],
      allocateLoadBalancerNodePorts: false,
      selector: { app: name },
      ports: [{ port: 80 }],
    },
  }
}

function endpointSlice(name: string, family: string): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
    addressType: family,
    ports: [{ port: 80 }],
    endpoints: [
      {
        addresses: [family === 'IPv6' ? '2001:db8:e::1' : '10.244.0.5'],
        nodeName: 'worker',
        conditions: { ready: true },
      },
    ],
  }
}
