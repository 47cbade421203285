import type { PeerConfig } from '../bgp/peer-config.ts'
import { type Family, formatAddress } from '../ip/address.ts'
import { matchesAny, type SelectedNode } from './advertisement.ts'
import type { ResolvedBgpPeer } from './bgp-peer-references.ts'
import type { RefusedObject } from './refused-object.ts'

/** The sessions that a node is to hold; of peers that would be the same session the elder. */
export function peersOfNode(
  { peers }: { readonly peers: readonly ResolvedBgpPeer[] },
  node: SelectedNode,
): readonly PeerConfig[] {
  const found = new Map<string, ResolvedBgpPeer>()
  for (const peer of peers) {
    if (!matchesAny(peer.nodeSelectors, node.labels)) continue
    const key = sessionKey(peer)
    if (!found.has(key)) found.set(key, peer)
  }
  return [...found.values()].map(peerConfig)
}

/** Peers that some node cannot hold because an elder one is the same session there. */
export function duplicatePeers(peers: readonly ResolvedBgpPeer[], nodes: readonly SelectedNode[]): RefusedObject[] {
  const refused: RefusedObject[] = []
  for (const same of Map.groupBy(peers, sessionKey).values()) {
    for (const [index, peer] of same.entries()) {
      const elder = same.slice(0, index)
      if (elder.length > 0) refused.push(...duplicateOn(peer, elder, nodes))
    }
  }
  return refused
}

function duplicateOn(
  peer: ResolvedBgpPeer,
  elder: readonly ResolvedBgpPeer[],
  nodes: readonly SelectedNode[],
): RefusedObject[] {
  const selected = nodes.filter(({ labels }) => matchesAny(peer.nodeSelectors, labels))
  const holders = new Set<string>()
  let shared = 0
  for (const { labels } of selected) {
    const holder = elder.find(({ nodeSelectors }) => matchesAny(nodeSelectors, labels))
    if (!holder) continue
    holders.add(`"${holder.name}"`)
    shared++
  }
  if (shared === 0) return []
  const where = shared === selected.length ? 'every node' : `${shared} of the ${selected.length} nodes`
  const message = `is the same session as that of the BGPPeer ${[...holders].join(', ')} on ${where} that it selects`
  const field = peer.location.type === 'address' ? 'spec.peerAddress' : 'spec.interface'
  return [
    {
      kind: 'BGPPeer',
      name: peer.name,
      problem: { field, message },
      summary: `peer ${locationText(peer)} already exists, FRR mode doesn't support duplicate BGPPeers selecting the same node`,
      ...(shared < selected.length && { partly: true }),
    },
  ]
}

/** What tells a router's sessions with one node apart. Another source address makes another session of it. */
function sessionKey(peer: ResolvedBgpPeer): string {
  const { port, vrf = '', sourceAddress } = peer
  return [locationText(peer), port, vrf, sourceAddress ? formatAddress(sourceAddress) : ''].join(' ')
}

function locationText({ location }: ResolvedBgpPeer): string {
  return location.type === 'address' ? formatAddress(location.address) : location.interface
}

function peerConfig(peer: ResolvedBgpPeer): PeerConfig {
  const { namespace, createdAtMs, nodeSelectors, passwordSecret, bfdProfile, dualStack, ...config } = peer
  // Whoever answers on an interface is one hop away.
  const multihop = config.multihop && config.location.type === 'address'
  return { ...config, multihop, families: familiesOf(peer) }
}

/** A session on an interface carries both families: that is what it is for (RFC 8950). */
function familiesOf({ location, dualStack }: ResolvedBgpPeer): readonly Family[] {
  if (location.type === 'interface') return [6, 4]
  const own = location.address.family
  return dualStack ? [own, own === 4 ? 6 : 4] : [own]
}
