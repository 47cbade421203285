import type { AddressRequest } from '../allocator/choose-addresses.ts'
import type { AllocationReason } from '../allocator/reasons.ts'
import { type SharingTerms, UNSHARED } from '../allocator/sharing.ts'
import { type Address, type Family, formatAddress, parseAddress } from '../ip/address.ts'
import { REQUEST_ANNOTATIONS, readAnnotation } from '../resources/annotations.ts'
import type { ServiceView } from '../resources/service.ts'

export type ReadRequest =
  | { readonly request: AddressRequest }
  | {
      readonly reason: Extract<AllocationReason, 'InvalidRequest' | 'NoClusterIP' | 'NotEnoughClusterIPs'>
      readonly message: string
    }

/** Reads what a Service asks for from its spec and annotations; the first contradiction is told in words. */
export function readRequest(service: ServiceView, namespaceLabels: Readonly<Record<string, string>>): ReadRequest {
  const alternatives = familyAlternatives(service)
  if (!alternatives) {
    return familiesOf(service).length === 0
      ? { reason: 'NoClusterIP', message: 'The Service has no cluster IP: a headless Service cannot have an address.' }
      : { reason: 'NotEnoughClusterIPs', message: 'The Service requires dual stack but has only one cluster IP.' }
  }
  const requested = requestedAddresses(service)
  if ('problem' in requested) return { reason: 'InvalidRequest', message: requested.problem }
  const { addresses } = requested
  if (addresses && !alternatives.some(families => sameFamilies(families, addresses))) {
    const wanted = alternatives.map(describeFamilies).join(', or ')
    const message = `${requested.field} asks for ${addresses.map(formatAddress).join(', ')}, but the Service needs ${wanted}.`
    return { reason: 'InvalidRequest', message }
  }
  const pool = readAnnotation(service.annotations, REQUEST_ANNOTATIONS.pool)?.value
  const terms = sharingTerms(service)
  return {
    request: {
      key: service.key,
      namespace: service.namespace,
      labels: service.labels,
      namespaceLabels,
      alternatives,
      ...(terms !== UNSHARED && { terms }),
      ...(pool && { pool }),
      ...(addresses && { addresses }),
    },
  }
}

/** On which terms a Service shares addresses: the annotation, and what must agree beside it. */
export function sharingTerms({ annotations, externalTrafficPolicy, selector, ports }: ServiceView): SharingTerms {
  const key = readAnnotation(annotations, REQUEST_ANNOTATIONS.sharingKey)?.value ?? ''
  if (key === '') return UNSHARED
  return { key, backend: externalTrafficPolicy === 'Local' ? selector : '', ports }
}

/**
 * The families that the Service's cluster IPs and ipFamilyPolicy call for, best first; IPv4 comes before IPv6 where both
 * are given. undefined when the cluster IPs do not allow what the policy asks for.
 */
function familyAlternatives(service: ServiceView): (readonly Family[])[] | undefined {
  const { ipFamilyPolicy } = service
  const [primary, secondary] = familiesOf(service)
  if (primary === undefined) return undefined
  const dual = secondary !== undefined && secondary !== primary
  if (ipFamilyPolicy === 'RequireDualStack') return dual ? [[4, 6]] : undefined
  if (!dual || ipFamilyPolicy !== 'PreferDualStack') return [[primary]]
  return [[4, 6], [primary], [secondary]]
}

function familiesOf({ clusterIPs }: ServiceView): Family[] {
  return clusterIPs.map(ip => parseAddress(ip)?.family).filter(family => family !== undefined)
}

function sameFamilies(families: readonly Family[], addresses: readonly Address[]): boolean {
  return (
    families.length === addresses.length &&
    families.every(family => addresses.some(address => address.family === family))
  )
}

type RequestedAddresses =
  | { readonly field: string; readonly addresses?: readonly Address[] }
  | { readonly problem: string }

function requestedAddresses({ annotations, loadBalancerIP }: ServiceView): RequestedAddresses {
  const annotation = readAnnotation(annotations, REQUEST_ANNOTATIONS.addresses)
  if (annotation?.value && loadBalancerIP) {
    return { problem: `spec.loadBalancerIP and the annotation ${annotation.name} are both set: use one of them.` }
  }
  // An empty annotation asks for nothing: templates leave such behind.
  const field = annotation?.value ? `The annotation ${annotation.name}` : 'spec.loadBalancerIP'
  const text = annotation?.value || loadBalancerIP
  if (text === undefined) return { field }
  const addresses: Address[] = []
  for (const part of text.split(',').map(part => part.trim())) {
    const address = parseAddress(part)
    if (!address) return { problem: `${field}: "${part}" is not an IP address.` }
    if (addresses.some(({ family }) => family === address.family)) {
      return { problem: `${field}: "${text}" has two IPv${address.family} addresses; one of each family is allowed.` }
    }
    addresses.push(address)
  }
  return { field, addresses: addresses.sort((a, b) => a.family - b.family) }
}

function describeFamilies(families: readonly Family[]): string {
  return families.map(family => `one IPv${family} address`).join(' and ')
}
