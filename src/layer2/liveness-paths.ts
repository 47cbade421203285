import type { Address } from '../ip/address.ts'
import { type AddressRange, rangeContains } from '../ip/range.ts'
import type { KnownSpeaker } from './neighbourhood.ts'

/** An interface of this node, and the subnets that it is in. */
export interface Segment {
  readonly name: string
  readonly subnets: readonly AddressRange[]
}

/** One way on which the life of another node is watched. */
export interface LivenessPath {
  /** unique, and the same as long as it is the same way */
  readonly id: string
  readonly node: string
  /** the interfaces for whose addresses it counts */
  readonly links: readonly string[]
  readonly addresses: readonly Address[]
}

/**
 * The ways to the other nodes. A node may be dead on one segment and live on another: its cable is pulled, a switch is broken. So it is
 * watched on each segment that it shares with this node, at its addresses there. An interface that shares no subnet with it goes by the
 * node's first way, or, when it has none at all, by whatever addresses it has: with none of these either it counts as down, so that the
 * segment is asked.
 */
export function livenessPaths(segments: readonly Segment[], speakers: Iterable<KnownSpeaker>): LivenessPath[] {
  return [...speakers].flatMap(speaker => pathsTo(speaker, segments))
}

function pathsTo({ node, addresses }: KnownSpeaker, segments: readonly Segment[]): LivenessPath[] {
  const paths: { id: string; node: string; links: string[]; addresses: Address[] }[] = []
  const others: string[] = []
  const left = new Set(addresses)
  for (const { name, subnets } of segments) {
    const here = [...left].filter(address => subnets.some(subnet => rangeContains(subnet, address)))
    // Two interfaces of one segment share the way.
    if (here.length === 0) others.push(name)
    else paths.push({ id: `${node} ${name}`, node, links: [name], addresses: here })
    for (const address of here) left.delete(address)
  }
  const [first] = paths
  if (first) first.links.push(...others)
  else paths.push({ id: `${node} *`, node, links: others, addresses: [...addresses] })
  return paths
}
