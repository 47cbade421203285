import type { ApiClient } from '../../src/kubernetes/client.ts'
import { endpointSlices, services, speakerStatuses } from '../../src/kubernetes/resources.ts'
import type { ApiServer } from '../../test/support/api-server.ts'
import { apply, defineKinds } from '../arp/cluster.ts'
import { livenessSecret } from '../arp/speakers.ts'
import { eachOf, NAMESPACE } from './api.ts'

/** The node whose speaker is real. */
export const OWN_NODE = nodeName(0)
/** The Pod of that speaker. */
export const OWN_POD = 'speaker'
const CREATED = '2026-01-01T00:00:00Z'

export function nodeName(index: number): string {
  return `node-${String(index).padStart(3, '0')}`
}

/** The address of a node on the segment of the benchmark. */
export function nodeAddress(index: number): string {
  return `192.0.2.${index + 1}`
}

/**
 * Custom resources, pool, advertisement, key, and nodes, of which the first has a Pod; all speakers but the first say that they are there.
 *
 * @param options.metallbToo MetalLB finds the kinds that Herald does not have
 */
export async function createCluster(
  api: ApiServer,
  client: ApiClient,
  { speakers, metallbToo }: { speakers: number; metallbToo: boolean },
): Promise<void> {
  await defineKinds(api, { metallbToo })
  const metadata = { name: 'bench', namespace: NAMESPACE }
  await apply(api, [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata, spec: { addresses: ['2001:db8:b::/112'] } },
    { apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement', metadata, spec: {} },
    livenessSecret(NAMESPACE),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: NAMESPACE } },
  ])
  const nodes = Array.from({ length: speakers }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeName(index), labels: { 'kubernetes.io/hostname': nodeName(index) } },
  }))
  await apply(api, [...nodes, ownPod()])
  await eachOf(range(1, speakers), async index => {
    const object = {
      apiVersion: 'herald.io/v1alpha1',
      kind: 'SpeakerStatus',
      metadata: { name: nodeName(index), namespace: NAMESPACE },
    }
    await client.create(speakerStatuses, object)
    await tellAnnouncements(client, index, [])
  })
}

/** What the speaker of a node says that it announces. */
export async function tellAnnouncements(client: ApiClient, index: number, addresses: readonly string[]): Promise<void> {
  const mac = `02:00:5e:00:00:${index.toString(16).padStart(2, '0')}`
  const status = {
    interfaces: [{ name: 'eth0', mac, addresses: [`${nodeAddress(index)}/24`] }],
    announcements: addresses.map(address => ({ address, interfaces: ['eth0'], since: CREATED })),
    announcementCount: addresses.length,
    conflicts: [],
    sessions: [],
  }
  const target = { namespace: NAMESPACE, name: nodeName(index), subresource: 'status' } as const
  await client.patch(speakerStatuses, target, { status }, { kind: 'merge' })
}

/** So many Services, each with an endpoint that is ready; the controller gives them their addresses. */
export async function createServices(client: ApiClient, count: number): Promise<void> {
  await eachOf(range(0, count), async index => {
    await createService(client, serviceName(index))
    await client.create(endpointSlices, endpointSlice(serviceName(index)))
  })
}

function ownPod(): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: OWN_POD, namespace: NAMESPACE },
    spec: {
      nodeName: OWN_NODE,
      serviceAccountName: 'default',
      automountServiceAccountToken: false,
      containers: [{ name: 'speaker', image: 'none' }],
    },
  }
}

export function serviceName(index: number): string {
  return `service-${index}`
}

export async function createService(client: ApiClient, name: string): Promise<void> {
  await client.create(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: {
      type: 'LoadBalancer',
      // There are not enough IPv4 addresses for documentation, nor enough node ports.
      ...{ ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6'], allocateLoadBalancerNodePorts: false },
      selector: { app: name },
      ports: [{ port: 80 }],
    },
  })
}

function endpointSlice(name: string): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv6',
    ports: [{ port: 80 }],
    endpoints: [{ addresses: ['2001:db8:e::1'], nodeName: OWN_NODE, conditions: { ready: true } }],
  }
}

function range(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, index) => first + index)
}
