import { SimulatedCluster, type SimulatedService } from '../../support/simulated-cluster.ts'

// One test for each row of MetalLB's rules of allocation, as Herald's users know them: what must be so is shown by what
// a Service carries in the end. Where Herald does something else, the title says "deviation", and docs/compatibility.md why.
// These are the clusters and Services of the files reference-*.test.ts.

export const four = '192.0.2.10-192.0.2.13'
export const six = '2001:db8::a-2001:db8::d'
/** the cluster IPs of a Service with both families */
export const dual = ['10.96.0.1', 'fd00::1']
/** The annotation that tells the pool of a Service's addresses. */
export const FROM = 'metallb.io/ip-allocated-from-pool'

/** By name: the addresses, then the rest of the spec. */
export type Pools = Record<string, [addresses: string[], spec?: object]>

/** A cluster that has come to rest with these pools and Services; its one namespace has these labels. */
export async function rest(
  pools: Pools,
  services: Record<string, SimulatedService> = {},
  labels: Record<string, string> = {},
) {
  const cluster = new SimulatedCluster()
  cluster.labelNamespace(labels)
  for (const [name, [addresses, spec]] of Object.entries(pools)) cluster.putPool(name, { addresses, ...spec })
  for (const [name, service] of Object.entries(services)) {
    cluster.putService(name, service)
    await cluster.settle()
  }
  await cluster.settle()
  return cluster
}

/** Creates or edits a Service; what addresses it has then. */
export async function edit(cluster: SimulatedCluster, name: string, service: SimulatedService): Promise<string[]> {
  cluster.putService(name, service)
  await cluster.settle()
  return cluster.addresses(name)
}

/** What a test says of Services and pools, in short. */
export const prefer = (...clusterIPs: string[]): SimulatedService => ({
  spec: { clusterIPs, ipFamilyPolicy: 'PreferDualStack' },
})
export const require = (...clusterIPs: string[]): SimulatedService => ({
  spec: { clusterIPs, ipFamilyPolicy: 'RequireDualStack' },
})
export const asking = (ips: string, more: SimulatedService = {}): SimulatedService => ({
  ...more,
  annotations: { 'metallb.io/loadBalancerIPs': ips, ...more.annotations },
})
export const from = (pool: string): SimulatedService => ({ annotations: { 'metallb.io/address-pool': pool } })
export const sharing = (key: string, port: number, spec: object = {}, annotations: Record<string, string> = {}) => ({
  annotations: { 'metallb.io/allow-shared-ip': key, ...annotations },
  spec: { ports: [{ port }], ...spec },
})
export const only = (...namespaces: string[]) => ({ serviceAllocation: { namespaces } })
