import type { Routes } from '../../../src/bgp/routes.ts'
import { poolContains } from '../../../src/config/address-pool.ts'
import type { BgpAdvertisement } from '../../../src/config/bgp-advertisement.ts'
import type { Address, Family } from '../../../src/ip/address.ts'
import { formatPrefix } from '../../../src/ip/prefix.ts'
import { type NodeObject, type NodeView, viewNode } from '../../../src/resources/node.ts'
import type { BgpWorldSources } from '../../../src/speaker/bgp/bgp-decisions.ts'
import { ServiceWorld } from '../service-world.ts'
import { pool } from '../services.ts'

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
export class BgpWorld extends ServiceWorld implements BgpWorldSources {
  /** by Service and node */
  readonly ready = new Map<string, number>()
  speakers = new Set(['node-a', 'node-b', 'node-c'])
  advertisements: BgpAdvertisement[] = [bgpAdvertisement('all')]
  peers: (node: NodeView) => string[] = () => ['router']
  families: (peer: string) => Family[] = () => [4, 6]
  readonly pools = [
    pool('pool', ['192.0.2.0/24', '2001:db8::/64']),
    pool('other', ['198.51.100.0/24', '203.0.113.0/24']),
  ]

  /** Changes a node. */
  node(name: string, object: NodeObject): void {
    const view = viewNode({ ...object, metadata: { ...object.metadata, name } })
    this.nodes = this.nodes.map(node => (node.name === name ? view : node))
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
