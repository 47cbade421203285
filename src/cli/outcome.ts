import { ANNOUNCED_REASONS } from '../controller/announced-reasons.ts'
import type { Decision } from '../controller/converge.ts'
import { formatAddress } from '../ip/address.ts'
import { ALLOCATED_FROM } from '../resources/annotations.ts'
import { Cluster } from './cluster.ts'
import { type ApiObject, keyOf, objectsOf, type Snapshot, withObjects } from './snapshot.ts'

/** What one Service comes to when everything has settled. */
export interface ServiceOutcome {
  readonly addresses: readonly string[]
  readonly pool?: string
  /** why it has these addresses or none: a reason of AddressAllocated */
  readonly allocation: string
  /** a reason of Announced; undefined: without address there is nothing to announce */
  readonly announcing?: string
  /** some node is to announce every address; whether sessions come up, nobody knows before */
  readonly isAnnounced: boolean
  /** by address: the peers told, by node */
  readonly bgp: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>
}

/** What a cluster comes to when controller and speakers have done all that there is to do. */
export interface Outcome {
  readonly cluster: Cluster
  readonly services: ReadonlyMap<string, ServiceOutcome>
  /** the node elected for an address on layer 2 */
  ownerOf(address: string): string | undefined
}

/** A Service that frees an address may help another, which may free one in turn; this ends, and no real configuration takes more. */
const MOST_PASSES = 10

/** Works out what a cluster comes to: first the addresses, as the controller gives them, then with these who announces them. */
export function settle(snapshot: Snapshot): Outcome {
  const decisions = allocateAll(new Cluster(snapshot))
  const services = objectsOf(snapshot, 'Service').map(object => withDecision(object, decisions.get(keyOf(object))))
  const speakers = objectsOf(snapshot, 'SpeakerStatus').map(withoutReports)
  const cluster = new Cluster(withObjects(snapshot, { Service: services, SpeakerStatus: speakers }))
  return {
    cluster,
    services: new Map(
      cluster.handled.map(({ key }) => [key, outcomeOf(key, cluster, decisions.get(key)?.reason ?? '')] as const),
    ),
    ownerOf: address => cluster.orderOf(address)[0],
  }
}

function allocateAll({ allocation }: Cluster): Map<string, Decision> {
  let decisions = allocation.decideAll()
  for (let pass = 1; pass < MOST_PASSES; pass++) {
    const next = allocation.decideAll()
    const isSettled = [...next].every(([key, decision]) => textOf(decision) === textOf(decisions.get(key)))
    decisions = next
    if (isSettled) break
  }
  return decisions
}

function textOf(decision: Decision | undefined): string {
  return `${decision?.reason} ${(decision?.desired?.addresses ?? []).map(formatAddress)}`
}

/** The Service as it is when the controller has written what it decided. */
function withDecision(object: ApiObject, decision: Decision | undefined): ApiObject {
  const { addresses, pool } = decision?.desired ?? {}
  if (!addresses) return object
  const { [ALLOCATED_FROM]: _before, ...annotations } = object.metadata?.annotations ?? {}
  const metadata = { ...object.metadata, annotations: { ...annotations, ...(pool && { [ALLOCATED_FROM]: pool }) } }
  const ingress = addresses.map(address => ({ ip: formatAddress(address), ipMode: 'VIP' }))
  return { ...object, metadata, status: { loadBalancer: { ingress } } } as ApiObject
}

/** What speakers report is so now, and says nothing of what will be. */
function withoutReports(object: ApiObject): ApiObject {
  const { status } = object as { status?: object }
  return { ...object, ...(status && { status: { ...status, announcements: [], conflicts: [] } }) } as ApiObject
}

function outcomeOf(key: string, cluster: Cluster, allocation: string): ServiceOutcome {
  const service = cluster.services.get(key)!
  const addresses = service.ingress.map(({ ip = '' }) => ip)
  const { condition } = (addresses.length > 0 && cluster.judge(service)) || {}
  const reason = condition?.reason
  // Of what is to be announced and is not reported yet both are said.
  const isAnnounced =
    reason !== undefined &&
    (ANNOUNCED_REASONS[reason].status === 'True' || reason === 'TakeoverPending' || reason === 'NoSession')
  const pool = service.annotations[ALLOCATED_FROM]
  return {
    ...{ addresses, allocation, isAnnounced },
    ...(pool && { pool }),
    ...(reason && { announcing: reason }),
    bgp: cluster.bgpAnnouncing(service),
  }
}
