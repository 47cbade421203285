import { type AddressPool, type AddressPoolResource, parseAddressPool } from '../../src/config/address-pool.ts'
import { type AddressReservation, parseAddressReservation } from '../../src/config/address-reservation.ts'
import { type ServiceView, viewService } from '../../src/resources/service.ts'

type ServiceObject = Parameters<typeof viewService>[0]

/** A LoadBalancer Service with one IPv4 cluster IP, `default/web`, as far as the test does not say otherwise. */
export function service(name = 'web', parts: ServiceObject = {}): ServiceView {
  return viewService({
    ...parts,
    metadata: { namespace: 'default', name, uid: `uid-${name}`, resourceVersion: '1', ...parts.metadata },
    spec: { type: 'LoadBalancer', clusterIPs: ['10.96.0.10'], ipFamilies: ['IPv4'], ...parts.spec },
  })
}

/** A pool that a test knows to be right; throws with the problem when it is not. */
export function pool(
  name: string,
  addresses: string[],
  spec: AddressPoolResource['spec'] = {},
  createdAtMs = 0,
): AddressPool {
  const creationTimestamp = new Date(createdAtMs).toISOString()
  const parsed = parseAddressPool({ metadata: { name, creationTimestamp }, spec: { addresses, ...spec } })
  if ('problem' in parsed) throw new Error(`${parsed.problem.field}: ${parsed.problem.message}`)
  return parsed.pool
}

/** A reservation that a test knows to be right; throws with the problem when it is not. */
export function reservation(name: string, addresses: string[], service?: string, createdAtMs = 0): AddressReservation {
  const [namespace, serviceName] = service?.split('/') ?? []
  const parsed = parseAddressReservation({
    metadata: { name, creationTimestamp: new Date(createdAtMs).toISOString() },
    spec: { addresses, ...(namespace && serviceName && { service: { namespace, name: serviceName } }) },
  })
  if ('problem' in parsed) throw new Error(`${parsed.problem.field}: ${parsed.problem.message}`)
  return parsed.reservation
}
