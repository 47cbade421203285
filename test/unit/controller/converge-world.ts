import assert from 'node:assert/strict'
import { Allocator } from '../../../src/allocator/allocator.ts'
import { type AddressPool, comparePools } from '../../../src/config/address-pool.ts'
import { ADDRESS_ALLOCATED } from '../../../src/controller/conditions.ts'
import type { Decision } from '../../../src/controller/converge.ts'
import type { World } from '../../../src/controller/world.ts'
import { formatAddress } from '../../../src/ip/address.ts'
import type { ServiceView } from '../../../src/resources/service.ts'
import { service } from '../../support/services.ts'

/** Two IPv4 addresses, as a pool writes them. */
export const v4 = ['192.0.2.10-192.0.2.11']
const dual = { clusterIPs: ['10.96.0.1', 'fd00::1'] }
/** The specs of Services that have cluster IPs of both families, and would like an address of each, or need it. */
export const prefers = { ...dual, ipFamilyPolicy: 'PreferDualStack' }
export const requires = { ...dual, ipFamilyPolicy: 'RequireDualStack' }

/** A world with these pools, in which every Service is Herald's and no pool is refused. */
export function world(...pools: AddressPool[]): World {
  const allocator = new Allocator()
  pools.sort(comparePools)
  allocator.setPools(pools)
  return {
    allocator,
    pools,
    loadBalancerClass: '',
    isRefused: () => false,
    namespaceLabels: () => ({}),
  }
}

/** The Service as it stands once the decision has been written. */
export function written(before: ServiceView, { desired }: Decision): ServiceView {
  assert.ok(desired)
  const { condition } = desired
  return {
    ...before,
    ingress: desired.addresses
      ? desired.addresses.map(one => ({ ip: formatAddress(one), ipMode: 'VIP' }))
      : before.ingress,
    annotations: desired.pool ? { ...before.annotations, 'metallb.io/ip-allocated-from-pool': desired.pool } : {},
    conditions: condition
      ? [{ type: ADDRESS_ALLOCATED, ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }]
      : [],
  }
}

/** The addresses that a decision gives. */
export function addresses({ desired }: Decision): string[] {
  return (desired?.addresses ?? []).map(formatAddress)
}

/** A Service whose status shows these addresses of the pool "p", as Herald wrote it. */
export function showing(
  name: string,
  ips: string[],
  spec: object = {},
  annotations: Record<string, string> = {},
): ServiceView {
  return service(name, {
    metadata: { annotations: { 'metallb.io/ip-allocated-from-pool': 'p', ...annotations } },
    spec,
    status: { loadBalancer: { ingress: ips.map(ip => ({ ip, ipMode: 'VIP' })) } },
  })
}
