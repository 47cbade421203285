import type { Family } from '../ip/address.ts'

/** A discovery/v1 EndpointSlice, cut to where a Service is served. Up to 100 endpoints become a list or two of node names. */
export interface EndpointSliceView {
  /** `namespace/name` */
  readonly key: string
  readonly resourceVersion: string
  /** `namespace/name` of the Service; undefined for a slice that belongs to none */
  readonly serviceKey?: string
  /** true: of IPv6 endpoints; a dual-stack Service has slices of each family, with the same pods */
  readonly ipv6?: true
  /** nodes with a ready endpoint, sorted; '' stands for endpoints that are on no node */
  readonly readyNodes: readonly string[]
  /** how many are ready on each of these; undefined when it is one on each, as it mostly is */
  readonly readyCounts?: readonly number[]
  /** nodes whose only serving endpoints are terminating, sorted; they serve until they are gone */
  readonly terminatingNodes: readonly string[]
}

export interface EndpointSliceObject {
  metadata?: { namespace?: string; name?: string; resourceVersion?: string; labels?: Record<string, string> }
  addressType?: string
  endpoints?:
    | {
        nodeName?: string | null
        conditions?: { ready?: boolean | null; serving?: boolean | null; terminating?: boolean | null }
      }[]
    | null
}

const NOWHERE: readonly string[] = []

/** Cuts an EndpointSlice as the API server sends it to the nodes that serve. */
export function viewEndpointSlice({ metadata = {}, addressType, endpoints }: EndpointSliceObject): EndpointSliceView {
  const { namespace = '', name = '' } = metadata
  const service = metadata.labels?.['kubernetes.io/service-name']
  const counts = new Map<string, number>()
  const terminating = new Set<string>()
  for (const { nodeName, conditions } of endpoints ?? []) {
    // https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions: an unknown "ready" counts as true.
    if (conditions?.ready ?? true) counts.set(nodeName ?? '', (counts.get(nodeName ?? '') ?? 0) + 1)
    // Without "terminating" kube-proxy sends nothing there, whatever "serving" says.
    else if (conditions?.serving && conditions.terminating) terminating.add(nodeName ?? '')
  }
  const readyNodes = counts.size === 0 ? NOWHERE : [...counts.keys()].sort()
  const readyCounts = readyNodes.map(node => counts.get(node)!)
  return {
    key: `${namespace}/${name}`,
    resourceVersion: metadata.resourceVersion ?? '',
    ...(service && { serviceKey: `${namespace}/${service}` }),
    ...(addressType === 'IPv6' && { ipv6: true }),
    readyNodes,
    ...(readyCounts.some(count => count > 1) && { readyCounts }),
    terminatingNodes: terminating.size === 0 ? NOWHERE : [...terminating.difference(counts)].sort(),
  }
}

/** Whether two views of a slice serve in the same places; most writes to a slice are about something else. How many endpoints do it is not compared. */
export function sameEndpointSlice(a: EndpointSliceView, b: EndpointSliceView): boolean {
  return (
    a.serviceKey === b.serviceKey &&
    sameList(a.readyNodes, b.readyNodes) &&
    sameList(a.terminatingNodes, b.terminatingNodes)
  )
}

/** Where a Service is served, over all its slices. */
export interface ServiceEndpoints {
  /** some endpoint serves, wherever it is */
  readonly serving: boolean
  /** nodes with a serving endpoint, sorted */
  readonly nodes: readonly string[]
  /** those of them on which every serving endpoint is terminating */
  readonly leavingNodes?: readonly string[]
}

export const NO_ENDPOINTS: ServiceEndpoints = { serving: false, nodes: NOWHERE }

/**
 * Sums up the slices of one Service. A terminating endpoint that serves counts: kube-proxy sends traffic to it when a node has no
 * other.
 */
export function serviceEndpoints(slices: Iterable<EndpointSliceView>): ServiceEndpoints {
  const ready = new Set<string>()
  const terminating = new Set<string>()
  for (const { readyNodes, terminatingNodes } of slices) {
    for (const node of readyNodes) ready.add(node)
    for (const node of terminatingNodes) terminating.add(node)
  }
  const all = ready.union(terminating)
  if (all.size === 0) return NO_ENDPOINTS
  const leaving = terminating.difference(ready)
  for (const nodes of [all, leaving]) nodes.delete('')
  return { serving: true, nodes: [...all].sort(), ...(leaving.size > 0 && { leavingNodes: [...leaving].sort() }) }
}

/** How many endpoints of a family are ready on a node, over all slices of one Service. */
export function readyEndpointsOn(slices: Iterable<EndpointSliceView>, node: string, family: Family): number {
  let ready = 0
  for (const { ipv6 = false, readyNodes, readyCounts } of slices) {
    const index = ipv6 === (family === 6) ? readyNodes.indexOf(node) : -1
    if (index >= 0) ready += readyCounts?.[index] ?? 1
  }
  return ready
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}
