import type { Routes } from '../../../src/bgp/routes.ts'
import { poolContains } from '../../../src/config/address-pool.ts'
import type { BgpAdvertisement } from '../../../src/config/bgp-advertisement.ts'
import type { Address, Family } from '../../../src/ip/address.ts'
import { formatPrefix } from '../../../src/ip/prefix.ts'
import { NO_ENDPOINTS, type ServiceEndpoints } from '../../../src/resources/endpoint-slice.ts'
import { type NodeObject, type NodeView, viewNode } from '../../../src/resources/node.ts'
import type { ServiceView } from '../../../src/resources/service.ts'
import type { BgpWorldSources } from '../../../src/speaker/bgp/bgp-decisions.ts'
import { pool, service } from '../services.ts'

/** A BGPAdvertisement of everything to everybody, but for what is given. */
export function bgpAdvertisement(name: string, parts: Partial<BgpAdvertisement> = {}): BgpAdvertisement {
  return {
    name,
    createdAtMs: 0,
    poolNames: [],
    poolSelectors: [],
    nodeSelectors: [],
    serviceSelectors: [],
    peers: [],
    aggregationLength: { 4: 32, 6: 128 },
    weighted: false,
    communities: [],
    largeCommunities: [],
    refusedPools: new Set(),
    ...parts,
  }
}

/** A cluster of three nodes with a router, in memory, which counts what is read from it. */
export class BgpWorld implements BgpWorldSources {
  readonly services = new Map<string, ServiceView>()
  readonly endpointsByService = new Map<string, ServiceEndpoints>()
  /** by Service and node */
  readonly ready = new Map<string, number>()
  nodes: NodeView[] = ['node-a', 'node-b', 'node-c'].map(name => viewNode({ metadata: { name } }))
  speakers = new Set(['node-a', 'node-b', 'node-c'])
  advertisements: BgpAdvertisement[] = [bgpAdvertisement('all')]
  peers: (node: NodeView) => string[] = () => ['router']
  families: (peer: string) => Family[] = () => [4, 6]
  readonly pools = [
    pool('pool', ['192.0.2.0/24', '2001:db8::/64']),
    pool('other', ['198.51.100.0/24', '203.0.113.0/24']),
  ]
  reads = 0

  put(name: string, addresses: string[], parts: Parameters<typeof service>[1] = {}): string {
    const view = service(name, { ...parts, status: { loadBalancer: { ingress: addresses.map(ip => ({ ip })) } } })
    this.services.set(view.key, view)
    if (!this.endpointsByService.has(view.key)) {
      this.endpointsByService.set(view.key, { serving: true, nodes: ['node-a', 'node-b', 'node-c'] })
    }
    return view.key
  }

  /** Changes a node. */
  node(name: string, object: NodeObject): void {
    const view = viewNode({ ...object, metadata: { ...object.metadata, name } })
    this.nodes = this.nodes.map(node => (node.name === name ? view : node))
  }

  service(key: string) {
    return this.services.get(key)
  }

  serviceKeys() {
    return this.services.keys()
  }

  endpoints(key: string) {
    this.reads++
    return this.endpointsByService.get(key) ?? NO_ENDPOINTS
  }

  readyEndpoints(key: string, node: string, _family: Family) {
    return this.ready.get(`${key} ${node}`) ?? 1
  }

  cluster() {
    return {
      advertisements: this.advertisements,
      nodes: new Map(this.nodes.map(node => [node.name, node])),
      speakers: this.speakers,
      poolOf: (address: Address) => this.pools.find(pool => poolContains(pool, address)),
      peersOf: (node: NodeView) => this.peers(node).map(name => ({ name, families: this.families(name) })),
    }
  }
}

/** What a peer is told, by prefix, without what is empty. */
export function toldOf(routes: Routes | undefined): Record<string, object> {
  const told: Record<string, object> = {}
  for (const [key, { prefix, attributes }] of routes ?? []) {
    if (formatPrefix(prefix) !== key) throw new Error(`${key} is not the key of its prefix`)
    const { communities, largeCommunities, ...others } = attributes
    told[key] = {
      ...others,
      ...(communities.length > 0 && { communities }),
      ...(largeCommunities.length > 0 && { largeCommunities }),
    }
  }
  return told
}
