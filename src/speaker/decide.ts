import { advertisesFromNode } from '../config/advertisement.ts'
import type { L2Advertisement } from '../config/l2-advertisement.ts'
import type { Address } from '../ip/address.ts'
import type { WantedInterfaces } from '../layer2/desired.ts'
import type { ServiceEndpoints } from '../resources/endpoint-slice.ts'
import type { ServiceView } from '../resources/service.ts'
import { type Appraisal, type AppraisedAddress, appraise } from './appraise.ts'
import type { CandidateIndex } from './candidate-index.ts'
import type { WithholdReason } from './withhold-reason.ts'

export interface AnnouncedAddress {
  /** the address in canonical form */
  readonly key: string
  readonly address: Address
  readonly interfaces: WantedInterfaces
}

export type Decision = { readonly announce: readonly AnnouncedAddress[] } | { readonly withhold: WithholdReason }

/** Everything that the decision about one Service on one node depends on. */
export interface World {
  readonly nodeName: string
  readonly loadBalancerClass: string
  readonly index: CandidateIndex
  readonly endpoints: ServiceEndpoints
  /** the node elected for an address in canonical form */
  ownerOf(key: string): string | undefined
}

/** Decides what one node announces for one Service, or why it announces nothing. */
export function decide(service: ServiceView, world: World): Decision {
  return decideAppraised(appraise(service, world), world)
}

/** The part of decide() that is different on every node. */
export function decideAppraised(appraisal: Appraisal, world: Pick<World, 'nodeName' | 'index' | 'ownerOf'>): Decision {
  if ('withhold' in appraisal) return appraisal
  const { nodeName, index } = world
  const nodeProblem = index.nodeProblem(nodeName)
  if (nodeProblem) return { withhold: nodeProblem }
  const labels = index.nodeLabels(nodeName)
  const announce: AnnouncedAddress[] = []
  let reason: WithholdReason | undefined
  for (const item of appraisal.addresses) {
    const selecting = item.advertisements.filter(advertisement => advertisesFromNode(advertisement, labels))
    const problem = addressProblem(item, selecting, appraisal, world)
    reason ??= problem
    if (!problem) announce.push({ key: item.key, address: item.address, interfaces: interfacesOf(selecting) })
  }
  return announce.length > 0 ? { announce } : { withhold: reason ?? 'notOwner' }
}

function addressProblem(
  { key, passedOver }: AppraisedAddress,
  selecting: readonly L2Advertisement[],
  { local, endpointNodes }: { local: boolean; endpointNodes: readonly string[] },
  { nodeName, ownerOf }: Pick<World, 'nodeName' | 'ownerOf'>,
): WithholdReason | undefined {
  if (selecting.length === 0) return 'noMatchingAdvertisement'
  if (local && !endpointNodes.includes(nodeName)) return 'noLocalEndpoints'
  return ownerOf(key) === nodeName ? undefined : (passedOver.get(nodeName) ?? 'notOwner')
}

/** The union of what the advertisements ask for; one that names no interface asks for all. */
export function interfacesOf(advertisements: readonly L2Advertisement[]): WantedInterfaces {
  const names = new Set<string>()
  for (const { interfaces } of advertisements) {
    if (interfaces.length === 0) return 'all'
    for (const name of interfaces) names.add(name)
  }
  return [...names].sort()
}

export function sameDecision(a: Decision, b: Decision): boolean {
  if ('withhold' in a || 'withhold' in b) return 'withhold' in a && 'withhold' in b && a.withhold === b.withhold
  return (
    a.announce.length === b.announce.length &&
    a.announce.every(({ key, interfaces }, index) => {
      const other = b.announce[index]!
      return key === other.key && String(interfaces) === String(other.interfaces)
    })
  )
}
